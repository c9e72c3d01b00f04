"""Canopsis: engines on a message bus, and a web server."""
