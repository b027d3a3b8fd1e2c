"""The kinds of figures, one a file: each draws one labelled array of a result."""
