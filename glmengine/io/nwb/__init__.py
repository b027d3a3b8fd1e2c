"""The parts of an NWB file, which `glmengine.io.formats.nwb` puts together."""
