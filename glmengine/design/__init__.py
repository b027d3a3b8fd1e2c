"""Design matrices: the columns that the terms of an analysis stand for."""
