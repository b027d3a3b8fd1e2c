"""Solvers: minimise the penalised mean loss of many columns (units, strengths, folds) of one design at once."""
