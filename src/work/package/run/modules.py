# Compiles modules in memory and says what is wrong with them; runs nothing of them. Runs with Python 2.7 and with 3.3 on.
import io
import sys
import traceback

folder = sys.argv[1]
mark = b"factory: "


def say(line):
    """Says a line of our own: what Python itself says has no mark, and no locale is asked."""
    if not isinstance(line, bytes):
        line = line.encode("utf-8", "backslashreplace")
    stream = getattr(sys.stdout, "buffer", sys.stdout)
    stream.write(mark + line + b"\n")
    stream.flush()


count = 0
with io.open(folder + "/list", encoding="utf-8") as names:
    for number, name in enumerate(names):
        name = name.rstrip("\n")
        if sys.version_info < (3,):
            name = name.encode("utf-8")
        with io.open("%s/%d" % (folder, number), "rb") as stream:
            text = stream.read()
        other = b"python3" if sys.version_info < (3,) else b"python2"
        if not (text.startswith(b"#!") and other in text.split(b"\n", 1)[0]):
            try:
                compile(text, name, "exec", 0, True)
            # Wrong text and text that is too deep or too long for the compiler: each Python has its own errors for these.
            except Exception:
                said = "".join(traceback.format_exception_only(*sys.exc_info()[:2]))
                say("%d %s" % (number, " ".join(said.split())))
        count += 1
say("looked at %d" % count)
