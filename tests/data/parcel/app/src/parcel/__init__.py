"""Carries things."""

from markupsafe import escape


def carry(what):
    return escape(what)
