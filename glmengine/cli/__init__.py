"""The command line `glmengine`."""
