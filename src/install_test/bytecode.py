# Prints every .pyc below a folder that does not belong to its source (PEP 3147, PEP 552), and how many it looked at.
import os
import struct
import sys

OLD = sys.version_info[0] == 2
if OLD:
    import imp
    MAGIC = imp.get_magic()
else:
    import importlib.util
    MAGIC = importlib.util.MAGIC_NUMBER


def source_of(path):
    folder, name = os.path.split(path)
    if os.path.basename(folder) == "__pycache__":
        return os.path.join(os.path.dirname(folder), name.split(".", 1)[0] + ".py")
    return path[:-1]


def number(data, at):
    return struct.unpack("<I", data[at:at + 4])[0]


def fault(path):
    with open(path, "rb") as compiled:
        header = compiled.read(16)
    if len(header) < 16 or header[:4] != MAGIC:
        return "another Python compiled it"
    source = source_of(path)
    if not os.path.isfile(source):
        return "its source %s is not there" % source
    flags = number(header, 4) if sys.version_info >= (3, 7) else 0
    if flags & 1:
        with open(source, "rb") as text:
            if importlib.util.source_hash(text.read()) != header[8:16]:
                return "its source has other contents"
        return None
    stat = os.stat(source)
    time = 8 if sys.version_info >= (3, 7) else 4
    if number(header, time) != int(stat.st_mtime) & 0xFFFFFFFF:
        return "its source has another time"
    if not OLD and number(header, time + 4) != stat.st_size & 0xFFFFFFFF:
        return "its source has another size"
    return None


count = 0
for folder, folders, files in os.walk(sys.argv[1]):
    folders.sort()
    for name in sorted(files):
        if not name.endswith(".pyc"):
            continue
        count += 1
        path = os.path.join(folder, name)
        # A module that was shipped without its source on purpose has its .pyc where the source would be.
        if os.path.basename(folder) != "__pycache__" and not os.path.exists(path[:-1]) and not OLD:
            continue
        found = fault(path)
        if found:
            print("%s: %s" % (path, found))
print("looked at %d" % count)
