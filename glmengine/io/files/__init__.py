"""Files and containers: whole writing, HDF5, npy, NetCDF, trial readings."""
