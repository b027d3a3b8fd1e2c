"""What was recorded: units, covariates, epochs, trials and events."""
