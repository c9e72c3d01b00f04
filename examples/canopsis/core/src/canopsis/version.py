"""The version, as installed; pyproject.toml is the one place it is written in."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("canopsis")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"
