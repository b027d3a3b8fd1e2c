"""Operations over rows, in JAX and in NumPy."""
