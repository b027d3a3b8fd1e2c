"""Simulated sessions, one file each: `make(seed)` gives the recording with its truth, `analysis()` one that suits it."""
