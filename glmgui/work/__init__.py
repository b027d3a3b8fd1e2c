"""Use cases of the window, without widgets."""
