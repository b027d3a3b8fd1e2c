"""Forms made from described parameter sets."""
