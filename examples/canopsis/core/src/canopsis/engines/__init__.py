"""The engines of the core, one module each."""
