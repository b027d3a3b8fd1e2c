"""Ways to run the program without a person: self-test, screenshots, diagnostics."""
