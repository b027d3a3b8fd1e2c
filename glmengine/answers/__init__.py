"""The answer sheet: for each unit of a recording what drives it, how sure that is, and whether the model is right."""
