"""Small widgets that pages are built from."""
