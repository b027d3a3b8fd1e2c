"""Kinds of columns, one kind of block a file."""
