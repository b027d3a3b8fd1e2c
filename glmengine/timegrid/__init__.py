"""Time: bins, intervals, angles, sampling and convolution."""
