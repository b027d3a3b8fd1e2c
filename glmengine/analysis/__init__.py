"""The question put to a recording: terms, time, units, penalty, model and validation."""
