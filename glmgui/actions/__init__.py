"""Actions: the table of all that can be done, and what Qt makes of it."""
