"""Where things are. Everything lives under one prefix, /opt/canopsis once installed."""

import os
import sys
import sysconfig

from canopsis.compat import Path


def prefix():
    """The installation (Path): $CPS_PREFIX, or the virtual environment the program runs in."""
    return Path(os.environ.get("CPS_PREFIX") or sys.prefix)


def etc_dir():
    """The configuration as installed (Path). Nothing here is written at run time."""
    return prefix() / "etc"


def config_dir():
    """The overlay env2cfg writes (Path): its keys win over those of the same file in etc/."""
    chosen = os.environ.get("CPS_CONFIG_DIR")
    return Path(chosen) if chosen else cache_dir() / "etc"


def cache_dir():
    """Scratch space of the canopsis user (Path)."""
    return prefix() / "var" / "cache" / "canopsis"


def load_dir():
    """The documents canopsisinit puts into the database (Path)."""
    return prefix() / "opt" / "mongodb" / "load.d"


def bin_dir():
    """The folder the console scripts are installed in (Path)."""
    return Path(sysconfig.get_path("scripts"))
