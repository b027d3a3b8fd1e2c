"""Everything that can be done: one table of actions, and what Qt makes of it."""
