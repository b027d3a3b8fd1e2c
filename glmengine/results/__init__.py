"""What a fitted analysis found, as labelled arrays."""
