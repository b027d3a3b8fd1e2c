"""Files and containers, read and written with care."""
