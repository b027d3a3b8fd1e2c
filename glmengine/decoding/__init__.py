"""Decoding of covariates from the activity of a fitted population."""
