"""One file per format; each offers a `READER`, and none knows another. Which there are: see `glmengine.io.opening`."""
