"""How the fit of a unit ended, in one word."""

OK, SILENT_UNIT, NO_DATA, SEPARATED, STOPPED = "ok", "silent", "no data", "separated", "stopped"
"""At the optimum; without spikes; without a valid row; without a finite optimum; ended before the optimum."""
