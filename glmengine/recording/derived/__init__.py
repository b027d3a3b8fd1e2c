"""Covariates and epochs computed from others."""
