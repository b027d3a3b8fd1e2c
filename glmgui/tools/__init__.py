"""The program's ways to run without a person: self-test, screenshots, diagnostics."""
