"""What is in an NWB file, part by part; `glmengine.readers.nwb` puts it together."""
