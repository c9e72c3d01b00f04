# Compiles modules in memory and says what is wrong with them; runs nothing of them. Runs with Python 2.7 and with 3.3 on.
import io
import sys
import traceback

folder = sys.argv[1]
count = 0
with io.open(folder + "/list", encoding="utf-8") as names:
    for number, name in enumerate(names):
        name = str(name.rstrip("\n"))
        with io.open("%s/%d" % (folder, number), "rb") as stream:
            text = stream.read()
        other = b"python3" if sys.version_info < (3,) else b"python2"
        if not (text.startswith(b"#!") and other in text.split(b"\n", 1)[0]):
            try:
                compile(text, name, "exec", 0, True)
            except (SyntaxError, ValueError, TypeError, UnicodeError):
                said = "".join(traceback.format_exception_only(*sys.exc_info()[:2]))
                print("%d %s" % (number, " ".join(said.split())))
        count += 1
print("looked at %d" % count)
