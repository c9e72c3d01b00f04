"""The version, as installed; setup.cfg is the one place it is written in."""

from canopsis.compat import PackageNotFoundError, version

try:
    __version__ = version("canopsis")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"
