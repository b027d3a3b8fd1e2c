"""Recipes: what the arrays of a file without a standard are."""
