"""The version, as installed; setup.cfg is the one place it is written in."""

try:
    from importlib.metadata import PackageNotFoundError, version
except ImportError:  # Python 2.7
    from importlib_metadata import PackageNotFoundError, version

try:
    __version__ = version("canopsis")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"
