"""Fills a virtualenv from folders of wheels, run while an image is built.

    python virtualenv.py --pip FOLDER [WHEELS...] PREFIX
    python virtualenv.py --seed FOLDER [WHEELS...] PREFIX
    python virtualenv.py --compile PREFIX

Makes the virtualenv where there is none, installs every wheel of the folders (no index, no dependencies: the folders are
complete), checks that everything fits together, and compiles what has no byte code yet. The virtualenv's own interpreter
runs a pip that is not in it: the folder of a distribution's pip module, or the wheel of pip among those of a seed. Where
Python has no `venv`, the seed's wheel of virtualenv makes the virtualenv.

    python virtualenv.py --seed FOLDER FOLDER PREFIX

Wheels may come in two parts, each in a layer of its own: `--part first`, then `--part last`. `--compile` installs nothing, and
compiles what came into a virtualenv by other ways, or was written over.

What does not compile is counted and left alone, as pip leaves it: wheels ship templates and tests for other Pythons. A module of the
project's own ends it with exit code 1: those of wheels that come with `--own`, and those that a file `own` beside this script names, a
path a line, for `--compile`.

What is new in it and made for the machine is loaded as the dynamic linker would (as ldd(1) asks it): a library that is not
there, a libc that is too old or another machine ends it with exit code 1. A file `allowed` beside this script says what is meant
all the same: lines of a kind (`library`, `libc`, `machine`, `interpreter`, `syntax`) and a path or glob. A file `brought` has the names of
libraries that come into the image later on, a line each.

So made, a virtualenv holds pip itself, with setuptools and wheel: what builds wheels.

The same wheels give the same bytes. Byte code carries the hash of its source, not its time (PEP 552), so that it stays
true when a package manager sets times; Python older than 3.7 knows only the time, so there every source gets a fixed
one, which is older than any that is set later on. Names and hashes are in a fixed order.

Runs on Python 2.7 and 3.4 or newer.
"""

from __future__ import print_function

import argparse
import io
import json
import os
import py_compile
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HASHED = hasattr(py_compile, "PycInvalidationMode")
FIXED_TIME = 315532800  # 1980-01-01, the first day of zip


def run(*command):
    """Runs a command (str...); leaves with its exit code when it fails."""
    environment = dict(
        os.environ,
        PIP_CONFIG_FILE=os.devnull,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONHASHSEED="0",
    )
    if sys.version_info < (3, 6):
        environment["PIP_NO_PYTHON_VERSION_WARNING"] = "1"
    status = subprocess.call(command, env=environment)
    if status != 0:
        sys.exit(status)


def say(line):
    """Tells how far it is; names may hold what the locale has no letters for."""
    if not isinstance(line, bytes):
        line = line.encode("utf-8", "backslashreplace")
    stream = getattr(sys.stdout, "buffer", sys.stdout)
    stream.write(line + b"\n")
    stream.flush()


def of_system(name):
    """A name (str) as `os.walk` gives it, whatever the locale is: a text of a list or a wheel, or its bytes."""
    if not isinstance(name, bytes):
        name = name.encode("utf-8", "surrogateescape") if sys.version_info >= (3,) else name.encode("utf-8")
    return name if sys.version_info < (3,) else os.fsdecode(name)


def count(number, one, more=None):
    """`1 wheel`, `2 wheels` (str)."""
    return "%d %s" % (number, one if number == 1 else more or one + "s")


def wheels_of(folder, start=""):
    """The wheels (list of str) of a folder whose names begin so, in a fixed order."""
    names = sorted(name for name in os.listdir(folder) if name.startswith(start) and name.endswith(".whl"))
    return [os.path.join(folder, name) for name in names]


def of_seed(seed, distribution):
    """The one wheel (str) of a distribution in a seed; leaves when there is none."""
    found = wheels_of(seed, distribution + "-")
    if len(found) != 1:
        sys.exit("virtualenv.py: %d wheels of %s in %s, expected one" % (len(found), distribution, seed))
    return found[0]


def make(prefix, seed):
    """Makes the virtualenv, without pip in it; `seed` may be None."""
    if os.path.exists(os.path.join(prefix, "bin", "python")):
        return
    if sys.version_info >= (3,):
        run(sys.executable, "-m", "venv", "--without-pip", prefix)
        return
    if not seed:
        sys.exit("virtualenv.py: Python 2 needs a seed with a wheel of virtualenv")
    folder = tempfile.mkdtemp()
    with zipfile.ZipFile(of_seed(seed, "virtualenv")) as wheel:
        program = wheel.extract("virtualenv.py", folder)
    run(sys.executable, program, "-qq", "--no-download", "--no-pip", "--no-setuptools", "--no-wheel", prefix)
    shutil.rmtree(folder)


def install(prefix, pip, folders):
    """Installs all wheels of the folders with the pip at that path."""
    program = [os.path.join(prefix, "bin", "python"), pip, "--no-cache-dir"]
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile"]
    for folder in folders:
        wheels = wheels_of(folder)
        if wheels:
            run(*(program + ["install"] + options + wheels))
        say("installed %s from %s" % (count(len(wheels), "wheel"), os.path.basename(folder)))
    forget_origins(prefix, folders)
    run(*(program + ["check"]))


def forget_origins(prefix, folders):
    """Removes what pip notes of where a wheel of the folders was (PEP 610, `direct_url.json`): they are gone when the image is
    there, and tools like `pip freeze` would name them instead of a version. Origins of other kinds stay."""
    ours = tuple("file://%s/" % os.path.abspath(folder) for folder in folders)
    for folder, subfolders, names in os.walk(os.path.join(prefix, "lib")):
        subfolders.sort()
        note = os.path.join(folder, "direct_url.json")
        if not folder.endswith(".dist-info") or "direct_url.json" not in names or os.path.islink(note):
            continue
        with io.open(note, encoding="utf-8") as stream:
            url = json.load(stream).get("url", "")
        if url.startswith(ours):
            os.remove(note)
            forget_record(folder, "direct_url.json")


def forget_record(folder, name):
    """Takes the line of a removed file out of the list of an installed distribution (RECORD, PEP 376)."""
    path = os.path.join(folder, "RECORD")
    start = ("%s/%s," % (os.path.basename(folder), name)).encode("utf-8")
    with io.open(path, "rb") as stream:
        lines = stream.read().splitlines(True)
    with io.open(path, "wb") as stream:
        stream.writelines(line for line in lines if not line.startswith(start))


def compiled_name(source):
    """The path (str) of a source's byte code."""
    if sys.version_info < (3,):
        return source + "c"
    import importlib.util

    return importlib.util.cache_from_source(source)


def is_compiled(source):
    """Was it compiled by us? Where times count, a wheel's own byte code does not: its source is newer by now."""
    return os.path.exists(compiled_name(source)) and (HASHED or int(os.stat(source).st_mtime) == FIXED_TIME)


def is_of(source):
    """Is its byte code that of this source, not of one that was there before? (PEP 552: 8 bytes of hash behind 8 others.)"""
    if not is_compiled(source):
        return False
    if not HASHED:
        return True
    from importlib.util import source_hash

    with io.open(source, "rb") as text, io.open(compiled_name(source), "rb") as code:
        return code.read(16)[8:] == source_hash(text.read())


def compile_one(source):
    """Compiles a file; what is wrong with it (str), or None."""
    if HASHED:
        options = {"invalidation_mode": py_compile.PycInvalidationMode.CHECKED_HASH}
    else:
        os.utime(source, (FIXED_TIME, FIXED_TIME))
        options = {}
    try:
        py_compile.compile(source, doraise=True, **options)
    except py_compile.PyCompileError as error:
        return error.msg.strip()
    except (UnicodeError, ValueError, TypeError) as error:
        return '  File "%s"\n%s' % (source, error)
    return None


def only_look(source):
    """What is wrong (str) with a module outside of the virtualenv, or None; writes nothing."""
    folder = tempfile.mkdtemp()
    try:
        with io.open(source, "rb") as stream:
            text = stream.read()
        # Scripts of another Python say so.
        other = b"python3" if sys.version_info < (3,) else b"python2"
        if text.startswith(b"#!") and other in text.split(b"\n", 1)[0]:
            return None
        py_compile.compile(source, cfile=os.path.join(folder, "x"), dfile=source, doraise=True)
    except py_compile.PyCompileError as error:
        return error.msg.strip()
    except (UnicodeError, ValueError, TypeError) as error:
        return '  File "%s"\n%s' % (source, error)
    finally:
        shutil.rmtree(folder)
    return None


def modules_of(prefix, folders):
    """The modules (set of str) that wheels of the folders have put into a virtualenv."""
    places = [
        os.path.join(place)
        for place, subfolders, names in os.walk(os.path.join(prefix, "lib"))
        if os.path.basename(place) == "site-packages"
    ]
    found = set()
    for folder in folders:
        for path in wheels_of(folder):
            with zipfile.ZipFile(path) as wheel:
                names = [re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", of_system(name)) for name in wheel.namelist()]
            found.update(os.path.join(place, name) for place in places for name in names if name.endswith(".py"))
    return found


def refuse(faults):
    """Leaves where modules of the project do not compile, but for those that the recipe allows; faults is a dict of str."""
    allowed = [line.split(" ", 1)[1] for line in lines_of("allowed") if line.startswith("syntax ")]
    left = [path for path in sorted(faults) if not any(pattern(glob).match(path) for glob in allowed)]
    if left:
        say("\n".join(faults[path] for path in left[:20]))
        say(
            "%s of the project %s not compile: mend %s, or say with `allow` why it is meant "
            "(check = \"syntax\", path = \"%s\")"
            % ((count(len(left), "module"),) + (("does", "it") if len(left) == 1 else ("do", "them")) + (left[0],))
        )
        sys.exit(1)


def compile_new(prefix, is_done=is_compiled, own=(), quiet=False):
    """Compiles what has no byte code yet; own are the modules of the project, which have to be Python. `quiet` leaves out how many
    others are not: that was said."""
    compiled = failed = 0
    faults = {}
    for folder, subfolders, names in os.walk(os.path.join(prefix, "lib")):
        subfolders.sort()
        for name in sorted(names):
            source = os.path.join(folder, name)
            if not name.endswith(".py") or os.path.islink(source) or is_done(source):
                continue
            fault = compile_one(source)
            if fault is None:
                compiled += 1
            elif source in own:
                faults[source] = fault
            else:
                failed += 1
    for source in own:
        if not source.startswith(os.path.join(prefix, "lib") + os.sep) and os.path.isfile(source):
            fault = only_look(source)
            if fault:
                faults[source] = fault
    if failed and not quiet:
        say("compiled %s, left %d of others that %s not for this Python"
            % (count(compiled, "file"), failed, "is" if failed == 1 else "are"))
    else:
        say("compiled %s" % count(compiled, "file"))
    refuse(faults)


def linker():
    """The path (str) of the dynamic linker of this Python, or None where it has none (PT_INTERP of an ELF file)."""
    with io.open(os.path.realpath(sys.executable), "rb") as stream:
        head = stream.read(64)
        if len(head) < 64 or head[:4] != b"\x7fELF":
            return None
        order = "<" if head[5:6] == b"\x01" else ">"
        if head[4:5] == b"\x02":
            place, size, count = struct.unpack_from(order + "Q14xHH", head, 32)
            fields, offset, length = "I4xQ16xQ", 1, 2
        else:
            place, size, count = struct.unpack_from(order + "I10xHH", head, 28)
            fields, offset, length = "II8xI", 1, 2
        for number in range(count):
            stream.seek(place + number * size)
            values = struct.unpack_from(order + fields, stream.read(size))
            if values[0] == 3:
                stream.seek(values[offset])
                return stream.read(values[length]).rstrip(b"\0").decode("utf-8")
    return None


def natives(prefix, known=()):
    """The ELF programs and libraries (sorted list of str) below a virtualenv that are not among those known."""
    found = []
    for folder, subfolders, names in os.walk(prefix):
        subfolders.sort()
        for name in names:
            path = os.path.join(folder, name)
            if path in known or os.path.islink(path) or not os.path.isfile(path):
                continue
            with io.open(path, "rb") as stream:
                head = stream.read(18)
            # ET_EXEC and ET_DYN: object files are loaded by nobody.
            if head[:4] == b"\x7fELF" and sum(bytearray(head[16:18])) in (2, 3):
                found.append(path)
    return sorted(found)


def complaints(program, path, own):
    """What the dynamic linker misses (list of tuples: kind and words, all str) for a file; own (set of str) are names of files that
    may be loaded before it."""
    # With `--list` glibc stops at the first library that it misses; musl knows nothing else.
    words = [program, "--list", path] if "musl" in program else [program, path]
    environment = dict(os.environ, LD_TRACE_LOADED_OBJECTS="1")
    command = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    said = of_system(command.communicate()[0])
    found = []
    for line in said.splitlines():
        line = line.strip()
        missing = re.match(r"(\S+) => not found$|Error loading shared library ([^:]+):", line)
        if missing:
            name = missing.group(1) or missing.group(2)
            if os.path.basename(name) not in own:
                found.append(("library", "needs %s, which is not there" % name))
        elif "not found (required by" in line:
            found.append(("libc", line.split(": ", 1)[-1]))
        elif re.search("wrong ELF class|invalid ELF header|ELF load command|Exec format error|cannot open shared object file", line):
            found.append(("machine", line.split(": ", 1)[-1]))
    return sorted(set(found))


def pattern(glob):
    """A glob (str) of the recipe as a regular expression: `*` and `?` stop at `/`, `**` between slashes does not, `{a,b}` means either,
    `[ab]` one of these; a backslash takes the meaning from each of these."""
    token = re.compile(r"\\[][*?{},\\]|/\*\*(?:/\*\*)*(?=$|[/,}])/?|\*+|\[[!^]?\]?[^]]*\]|.", re.S)
    found, depth = [], 0
    for part in token.findall("/" + glob.lstrip("/")):
        if part.startswith("/**"):
            part = "/(?:.*/)?" if part.endswith("/") else "/.*"
        elif part.startswith("*"):
            part = "[^/]*"
        elif part == "?":
            part = "[^/]"
        elif part.startswith("[") and len(part) > 2:
            start = 2 if part[1] in "!^" else 1
            part = "[" + "^" * (start - 1) + re.sub(r"([][\\^&~|])", r"\\\1", part[start:-1]) + "]"
        elif part == "{":
            part, depth = "(?:", depth + 1
        elif part == "}" and depth:
            part, depth = ")", depth - 1
        elif part == "," and depth:
            part = "|"
        else:
            part = re.escape(part[-1])
        found.append(part)
    return re.compile("(?:" + "".join(found) + r")\Z", re.S)


def lines_of(name):
    """The lines (list of str) of a file beside this script; none where it is not there."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    if not os.path.exists(path):
        return []
    with io.open(path, "rb") as stream:
        return [of_system(line.rstrip(b"\n")) for line in stream]


def load(prefix, known, part):
    """Loads what is new as the dynamic linker would; leaves when something is missing. What the first part was allowed is looked
    at again in the last one, which says what nobody needed."""
    program = linker()
    prefix = os.path.abspath(prefix)
    files = natives(prefix, known)
    allowed = [line.split(" ", 1) for line in lines_of("allowed") if not line.startswith("syntax ")]
    again = natives(prefix) if allowed and part == "last" else files
    own = set(os.path.basename(path) for path in natives(prefix)) if again else set()
    own.update(lines_of("brought"))
    used, wrong, idle = set(), [], []
    for path in again if program else []:
        for kind, words in complaints(program, path, own):
            fits = [number for number, one in enumerate(allowed) if one[0] == kind and pattern(one[1]).match(path)]
            used.update(fits)
            if not fits and path not in known:
                wrong.append("%s %s" % (path, words))
    for number, (kind, glob) in enumerate(allowed):
        # Others may be about programs that come into the image elsewhere.
        if part != "first" and number not in used and ("/" + glob.lstrip("/")).startswith(prefix + "/"):
            idle.append("`allow` has an entry that nothing needs: %s at %s" % (kind, glob))
    if files:
        say("loaded %s" % count(len(files), "program or library", "programs and libraries"))
    if wrong or idle:
        say("\n".join((wrong + idle)[:50]))
        if wrong:
            say("cannot be loaded: add the OS packages that have it to `packages` of the image, or say with `allow` why it is meant")
        sys.exit(1)


def main():
    """The command."""
    parser = argparse.ArgumentParser(prog="virtualenv.py", description="Fills a virtualenv from folders of wheels.")
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--pip", metavar="FOLDER", help="the folder of the pip module")
    origin.add_argument("--compile", action="store_true", help="install nothing")
    origin.add_argument("--seed", metavar="FOLDER", help="wheels of pip and, for Python 2, of virtualenv")
    parser.add_argument("--own", action="store_true", help="the wheels are the project's own")
    parser.add_argument("--part", choices=["first", "last"], help="of two calls")
    parser.add_argument("wheels", metavar="WHEELS", nargs="*", help="a folder of wheels")
    parser.add_argument("prefix", metavar="PREFIX", help="the virtualenv")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, "-B"] + sys.argv, dict(os.environ, PYTHONHASHSEED="0"))
    if options.compile:
        return compile_new(options.prefix, is_of, set(lines_of("own")), True)
    make(options.prefix, options.seed)
    known = set(natives(os.path.abspath(options.prefix)))
    pip = options.pip or os.path.join(of_seed(options.seed, "pip"), "pip")
    install(options.prefix, pip, options.wheels)
    own = modules_of(options.prefix, options.wheels) if options.own else ()
    compile_new(options.prefix, own=own, quiet=options.part == "last")
    load(options.prefix, known, options.part)


main()
