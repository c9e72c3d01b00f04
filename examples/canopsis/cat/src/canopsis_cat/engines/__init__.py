"""The engines of CAT, one module each."""
