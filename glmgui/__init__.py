"""The window: opens a recording, edits an analysis, runs the engine in a worker thread and draws what it found."""
