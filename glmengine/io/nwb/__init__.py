"""What is in an NWB file, part by part; `glmengine.io.formats.nwb` puts it together."""
