"""For tools that know no pyproject.toml; everything is in setup.cfg."""

from setuptools import setup

setup()
