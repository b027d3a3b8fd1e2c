"""What a recording says before any model: tuning, correlations of covariates, intervals between spikes, spikes around events."""
