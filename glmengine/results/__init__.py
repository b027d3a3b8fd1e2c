"""Results of an analysis as labelled arrays."""
