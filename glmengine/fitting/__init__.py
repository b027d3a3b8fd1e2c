"""Fits, paths of strengths and cross-validation."""
