"""File formats, one file each with its `READER`; `glmengine.io.recognition` knows which there are."""
