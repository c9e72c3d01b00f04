"""Where things are. Everything lives under one prefix, /opt/canopsis once installed."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def prefix() -> Path:
    """The installation: $CPS_PREFIX, or the virtual environment the program runs in."""
    return Path(os.environ.get("CPS_PREFIX") or sys.prefix)


def etc_dir() -> Path:
    """The configuration as installed. Nothing here is written at run time."""
    return prefix() / "etc"


def config_dir() -> Path:
    """The overlay env2cfg writes: its keys win over those of the same file in etc/."""
    chosen = os.environ.get("CPS_CONFIG_DIR")
    return Path(chosen) if chosen else cache_dir() / "etc"


def cache_dir() -> Path:
    """Scratch space of the canopsis user."""
    return prefix() / "var" / "cache" / "canopsis"


def load_dir() -> Path:
    """The documents canopsisinit puts into the database."""
    return prefix() / "opt" / "mongodb" / "load.d"


def bin_dir() -> Path:
    """The folder the console scripts are installed in."""
    return Path(sysconfig.get_path("scripts"))
