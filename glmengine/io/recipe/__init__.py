"""Recipes: descriptions of the arrays of files without a standard."""
