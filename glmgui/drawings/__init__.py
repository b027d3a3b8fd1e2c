"""Drawings: plain data that plots show."""
