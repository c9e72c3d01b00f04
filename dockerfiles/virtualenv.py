"""Fills a virtualenv from folders of wheels, run while an image is built.

    python3 virtualenv.py WHEELS... PREFIX

Makes the virtualenv where there is none, installs every wheel of the folders with the pip found in /run/lib (no index,
no dependencies: the folders are complete), checks that everything fits together, and compiles what has no byte code
yet. Byte code carries the hash of its source, not its time (PEP 552), so that it stays true when a package manager sets
times; names and hashes are in a fixed order, so that the same sources give the same bytes.
"""

import os
import py_compile
import subprocess
import sys


def run(*command):
    environment = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    status = subprocess.call(command, env=environment)
    if status != 0:
        sys.exit(status)


def make(prefix):
    if not os.path.exists(os.path.join(prefix, "pyvenv.cfg")):
        run(sys.executable, "-m", "venv", "--without-pip", prefix)


def install(prefix, folders):
    pip = [sys.executable, "/run/lib/pip", "--python", prefix + "/bin/python", "--disable-pip-version-check"]
    for folder in folders:
        wheels = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".whl"))
        run(*pip, "--no-cache-dir", "install", "--quiet", "--no-index", "--no-deps", "--no-compile", *wheels)
        print("installed %d wheels from %s" % (len(wheels), os.path.basename(folder)), flush=True)
    run(*pip, "check")


def compile_new(prefix):
    compiled = failed = 0
    for folder, subfolders, names in os.walk(os.path.join(prefix, "lib")):
        subfolders.sort()
        for name in sorted(names):
            source = os.path.join(folder, name)
            if not name.endswith(".py") or os.path.islink(source):
                continue
            if os.path.exists(py_compile.importlib.util.cache_from_source(source)):
                continue
            try:
                py_compile.compile(source, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
                compiled += 1
            except (py_compile.PyCompileError, UnicodeError, ValueError):
                # Templates and test data that only look like Python: pip leaves them alone, too.
                failed += 1
    print("compiled %d files, left %d that are not Python" % (compiled, failed), flush=True)


def main():
    *folders, prefix = sys.argv[1:]
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, "-B", *sys.argv], dict(os.environ, PYTHONHASHSEED="0"))
    make(prefix)
    install(prefix, folders)
    compile_new(prefix)


main()
