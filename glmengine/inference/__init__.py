"""Covariance of coefficients and tests of terms."""
