"""CAT: the add-on of Canopsis."""
