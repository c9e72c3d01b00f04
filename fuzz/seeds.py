#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets anew: `python3 fuzz/seeds.py`. Small ones of each kind, from this repository and from here.

Certificates and lists are made by openssl, so they are others each time; all else is the same."""

import base64, gzip, hashlib, io, json, lzma, pathlib, shutil, struct, subprocess, tarfile, tempfile, zipfile, zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"


def seed(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def tar(entries, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content.decode()
                archive.addfile(info)
    # Python pads to 10 KiB.
    return out.getvalue().rstrip(b"\0") + b"\0" * 2048


def deb(control, data, pack=lambda bytes: bytes, end=""):
    out = b"!<arch>\n"
    for name, content in [("debian-binary", b"2.0\n"), ("control.tar" + end, pack(control)), ("data.tar" + end, pack(data))]:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
    return out


def zipped(files, packing=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 9, 0, 0)), content, packing)
    return out.getvalue()


def deflated(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def cabinet(folders):
    """Each folder with one file of all that is in it; blocks without checksums."""
    names = [b"\\dir\\%d.txt\0" % number for number in range(len(folders))]
    at = 36 + 8 * len(folders) + sum(16 + len(name) for name in names)
    heads, files, data = b"", b"", b""
    for number, (packing, blocks) in enumerate(folders):
        heads += struct.pack("<IHH", at + len(data), len(blocks), packing)
        files += struct.pack("<IIHHHH", sum(size for _, size in blocks), 0, number, 0x5c21, 0, 0x20) + names[number]
        data += b"".join(struct.pack("<IHH", 0, len(packed), size) + packed for packed, size in blocks)
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, at + len(data), 0, 36 + len(heads), 0, 3, 1, len(folders), len(folders), 0, 0, 0)
    return head + heads + files + data


def recorded(files):
    """The list of a wheel's files."""
    digest = lambda content: base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return "".join(f"{name},sha256={digest(content)},{len(content)}\n" for name, content in files.items()) + "x-1.dist-info/RECORD,,\n"


def padded(bytes):
    return bytes + b"\0" * (-len(bytes) % 512)


FILES = [
    ("opt/", tarfile.DIRTYPE, b""), ("opt/app/", tarfile.DIRTYPE, b""), ("opt/app/a", tarfile.REGTYPE, b"content"),
    ("opt/app/b", tarfile.LNKTYPE, b"opt/app/a"), ("opt/app/c", tarfile.SYMTYPE, b"a"),
    ("opt/app/" + "long" * 40, tarfile.REGTYPE, b""),
]
DEB_CONTROL = b"Package: tools\nVersion: 1:2.5~rc1-1\nArchitecture: all\nDepends: a (>= 1), b | c\nDescription: tools\n of ours\n .\n two\n"
WAPT_CONTROL = (
    "package           : tis-hello\nversion           : 1.0-0\narchitecture      : all\nsection           : base\n"
    "priority          : optional\nmaintainer        : A B <a@example.org>\ndescription       : one\n two\n"
    "depends           : tis-x(>=1.0-0),tis-y\nmaturity          : PROD\nlocale            : fr,en\n"
    "target_os         : windows(>=10)\nsigned_attributes : package,version,depends\nsignature         : AAAA\n"
    "signature_date    : 2026-11-20T09:27:22.000000\nsigner_fingerprint: " + "0" * 64
)
SETUP = "from setuphelpers import *\n\nuninstallkey = ['x']\n\ndef install():\n    print('''a\nb'''); run(r'x', [1, {2: (3,)}])\n\ndef audit(a=1, *b):\n\treturn \"OK\" # no\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x30\0\0\0\x30\x08\x06"
REQUIREMENTS = (
    "-r other.txt\n-c c.txt\n--extra-index-url https://me:secret@example.org/simple\n"
    "six==1.16.0 \\\n  --hash=sha256:aa \\\n  --hash sha256:bb # why\nZope.Interface[test, docs] >= 6, < 7 ; python_version < '3'\n"
    "-e ./libs/own\nx @ git+ssh://git@example.org/x.git@v1\nlxml --global-option=\"--a b\"\n"
)


def certificates():
    """A root, a leaf of it, and its revocation list."""
    with tempfile.TemporaryDirectory() as folder:
        run = lambda text: subprocess.run(["openssl", *text.split()], cwd=folder, check=True, capture_output=True)
        read = lambda name: (pathlib.Path(folder) / name).read_bytes()
        run("req -x509 -nodes -newkey rsa:2048 -keyout r.pem -out r.crt -subj /CN=root -days 3650")
        run("req -new -nodes -newkey rsa:2048 -keyout l.pem -out l.csr -subj /CN=leaf")
        run("x509 -req -in l.csr -CA r.crt -CAkey r.pem -CAcreateserial -out l.crt -days 3650")
        run("x509 -in l.crt -outform DER -out l.der")
        (pathlib.Path(folder) / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=3650\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n"
        )
        (pathlib.Path(folder) / "index.txt").write_text("R\t350101000000Z\t260101000000Z\t1234\tunknown\t/CN=bad\n")
        run("ca -gencrl -config ca.cnf -keyfile r.pem -cert r.crt -out r.crl")
        run("crl -in r.crl -outform DER -out r.crl.der")
        return read("r.crt"), read("l.crt"), read("l.der"), read("r.crl.der")


def elf():
    """A library of 64 bits that needs `libfoo.so.1` and takes `foo@FOO_1` and `bar` from it."""
    file = bytearray(0x1000)
    names = b"\0libfoo.so.1\0foo\0bar\0FOO_1\0libown.so.2\0$ORIGIN/lib\0"
    dynamic = [(1, 1), (14, 27), (29, 39), (5, 0x400), (10, len(names)), (6, 0x800), (4, 0xA00), (0x6FFFFFF0, 0xB00), (0x6FFFFFFE, 0xC00), (0, 0)]
    symbols = b"".join(struct.pack("<IBBHQQ", name, 18 * (name > 0), 0, section, 0, 0) for name, section in [(0, 0), (13, 0), (17, 0), (13, 7)])
    for at, content in [
        (0, b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)),
        (64, struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, 0x1000, 0x1000, 8)),
        (120, struct.pack("<IIQQQQQQ", 2, 4, 0x200, 0x200, 0, len(dynamic) * 16, len(dynamic) * 16, 8)),
        (0x200, b"".join(struct.pack("<qQ", *entry) for entry in dynamic)),
        (0x400, names),
        (0x800, symbols),
        (0xA00, struct.pack("<7I", 1, 4, 0, 0, 0, 0, 0)),
        (0xB00, struct.pack("<4H", 0, 2, 1, 1)),
        (0xC00, struct.pack("<HHIIIIHHII", 1, 1, 1, 16, 0, 0, 0, 2, 21, 0)),
    ]:
        file[at : at + len(content)] = content
    return bytes(file)


def main():
    shutil.rmtree(CORPUS, ignore_errors=True)
    root, leaf, leaf_der, crl = certificates()
    for form, name in [(tarfile.GNU_FORMAT, "gnu"), (tarfile.PAX_FORMAT, "pax")]:
        seed("tarstream", name, tar([(name.removeprefix("opt/"), kind, content.replace(b"opt/", b"")) for name, kind, content in FILES[1:]], form))
    control = tar([("./control", tarfile.REGTYPE, DEB_CONTROL), ("./conffiles", tarfile.REGTYPE, b"/opt/app/a\n"),
                   ("./md5sums", tarfile.REGTYPE, b"9a0364b9e99bb480dd25e1f0284c8555  opt/app/a\n")])
    seed("deb", "plain", deb(control, tar(FILES)))
    seed("deb", "gz", deb(control, tar(FILES), lambda bytes: gzip.compress(bytes, mtime=0), ".gz"))
    seed("deb", "xz", deb(control, tar(FILES), lzma.compress, ".xz"))
    # The target makes headers itself: a kind, a length and a name, a length and a content.
    seed("deb", "entries", b"0\x09./controlA" + DEB_CONTROL[:64])
    for path in (ROOT / "src/format/foreign/tests/data").glob("*.rpm"):
        seed("rpm", path.name, path.read_bytes())
    seed("archive", "plain", tar(FILES))
    seed("archive", "gz", gzip.compress(tar(FILES), mtime=0))
    seed("archive", "xz", lzma.compress(tar(FILES, tarfile.PAX_FORMAT)))
    seed("archive", "twice", gzip.compress(tar(FILES)[:1024], mtime=0) + gzip.compress(tar(FILES)[1024:], mtime=0))
    for path in (ROOT / "src/format/cab/tests/data").glob("*.cab"):
        seed("cab", path.name, path.read_bytes())
    seed("cab", "plain", cabinet([(0, [(b"abcdef", 6)])]))
    seed("cab", "mszip", cabinet([(1, [(b"CK" + deflated(b"abcdef" * 9), 54)]), (1, [(b"CK" + deflated(b"x" * 32768), 32768), (b"CK" + deflated(b"yz"), 2)])]))
    seed("cab", "files", b"\x05\x01a/b.x" + b"text " * 60 + b"\x03\x01c.y" + bytes(range(256)))
    seed("rpm", "changes", bytes([0, 100, 7, 4, 0, 255, 9, 9, 9]))
    for example in ["canopsis", "collect", "wapt-hello"]:
        seed("recipe", example, (ROOT / "examples" / example / "factory.toml").read_bytes())
    seed("recipe", "broken", "a = b\n[[image]]\nname = \"x\"\nfro = 1\n[image.overrides.debain-12]\n= \n")
    for platform in ["debian-12", "rocky-9", "alpine-3.22"]:
        path = ROOT / "platforms" / f"{platform}.toml"
        if path.exists():
            seed("platform", platform, path.read_bytes())
    seed("requirements", "set", REQUIREMENTS)
    seed("requirements", "wheel", "six-1.16.0-py2.py3-none-any.whl\n./own ; os_name == 'posix'\n")
    seed("wheels", "wheels", tar([("wheels/", tarfile.DIRTYPE, b""), ("wheels/six-1.16.0-py2.py3-none-any.whl", tarfile.REGTYPE, b"PK"),
                                  ("wheels/x-1.tar.gz", tarfile.REGTYPE, b"x")]))
    seed("wheels", "lock", "version = 1\n\n[[source]]\nname = \"x\"\ncommit = \"" + "1" * 40 + "\"\n\n[[wheelhouse]]\nplatform = \"debian-12\"\nimage = \"core\"\nrequirements = \"r.txt\"\nwheels = [\n  { name = \"six\", version = \"1.16.0\", file = \"six-1.16.0-py2.py3-none-any.whl\", sha256 = \"" + "0" * 64 + "\" },\n]\n")
    files = {"x.py": b"x = 1\n", "x-1.data/scripts/x": b"#!python\n", "x-1.dist-info/WHEEL": b"Wheel-Version: 1.0\n", "x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n"}
    for name, more in [("plain", {}), ("programs", {"x-1.dist-info/entry_points.txt": b"[console_scripts]\nx = x:main [a]\n[gui_scripts]\ny=x.y:Z.run\n"})]:
        seed("wheel", name, zipped({**files, **more, "x-1.dist-info/RECORD": recorded({**files, **more})}))
    seed("wheel", "parts", b"\xff".join([recorded(files).encode(), b"[console_scripts]\nx = x:main\n", b"x.py", files["x.py"], b"x-1.data/scripts/x", b"#!python\n"]))
    package = {"WAPT/control": WAPT_CONTROL, "WAPT/certificate.crt": leaf, "WAPT/icon.png": PNG, "setup.py": SETUP, "a/b.txt": "x" * 300}
    seed("wapt_zip", "deflated", zipped(package))
    seed("wapt_zip", "stored", zipped(package, zipfile.ZIP_STORED))
    seed("wapt_zip", "names", b"\x05\x04a/b.xtext\x03\x02A/Bhi")
    seed("wapt_control", "control", WAPT_CONTROL)
    seed("wapt_control", "lines", "Package : a\r\nversion:1\x1f\r\ndescription: y\r\n \x1f x \x85Package: b\n\n late: 1")
    listed = WAPT_CONTROL + "\nfilename          : tis-hello_1.0-0.wapt\nsize              : 5\nmd5sum            : 00\n\n"
    seed("wapt_index", "parts", b"\xff".join([listed.encode() * 2, root, leaf, crl]))
    seed("wapt_index", "archive", zipped({"Packages": listed, "ssl/a.crt": root, "crl/b.crl": crl}))
    seed("wapt_setup", "setup.py", SETUP)
    seed("wapt_setup", "icon", PNG)
    seed("wapt_manifest", "manifest", json.dumps([["setup.py", "0" * 64], ["é", ""]]))
    seed("wapt_manifest", "certificate", leaf_der)
    seed("chain", "pem", leaf + root)
    seed("chain", "der", leaf_der)
    seed("chain", "crl", crl)
    for number, text in enumerate([
        "https://git.example.org:8443/group/x.git", "ssh://git@example.org/x", "git@example.org:x/y.git", "python3 (>= 3.11) | python3:any",
        "(a or b) if c", "tis-x(>=1.0-0)", "1:2.5.0~rc1-1", "v2.5.11-rc.1", "six-1.16.0-py2.py3-none-any.whl", "x-1.0.tar.gz", "canopsis/core",
        "root:x:0:0::/:/bin/sh\nwww:x:33:33::/:/bin/sh\n", "\x1b[1;31mred\x1b[0m\t\x1b]0;title\x07\u202e x\r50%",
        json.dumps({"schemaVersion": 2, "config": {"mediaType": "x", "digest": "sha256:0", "size": 1}, "layers": []}),
    ]):
        seed("names", f"{number:02}", text)
    key = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00" * 32}}
    role = {"keyids": ["a"], "threshold": 1}
    said = {"version": 1, "length": 9, "hashes": {"sha256": "00" * 32}}
    for kind, own in {
        "root": {"consistent_snapshot": True, "keys": {"a": key}, "roles": dict.fromkeys(["root", "targets", "snapshot", "timestamp"], role)},
        "timestamp": {"meta": {"snapshot.json": said}},
        "snapshot": {"meta": {"targets.json": said}},
        "targets": {"targets": {"app/1.0.0/app.exe": {"length": 9, "hashes": {"sha256": "00" * 32}, "custom": {"channel": "stable"}}}},
    }.items():
        signed = {"_type": kind, "spec_version": "1.0.34", "version": 1, "expires": "2030-01-01T00:00:00Z", **own}
        seed("tuf", kind, json.dumps({"signatures": [{"keyid": "a", "sig": "00" * 64}], "signed": signed}))
    seed("elf", "library", elf())
    seed("elf", "tables", elf()[0x200:])
    seed(
        "symbols",
        "symbols",
        "libfoo.so.1 libfoo1 #MINVER#\n| libfoo1-abi (= 4)\n* Build-Depends-Package: libfoo-dev\n a@FOO_1 1.0\n b@Base 1.10 1\n"
        ' (arch=amd64)c@Base 1.9\n#MISSING: 2.0# d@FOO_1 0.9\n (c++)"Foo::bar(int)@FOO_1" 0.1\n',
    )
    asked = "Requires-Dist: a[b] (>=1.0,<2,!=1.5.*) ; python_version < '3.10' and (os_name == 'nt' or extra == 'c')"
    seed("distributions", "metadata", "Metadata-Version: 2.1\nName: x\nVersion: 1!2.0rc1.post2.dev3\n" + asked + "\n\n")
    seed("distributions", "requires", "a>=1\n\n[test]\nb\n\n[:python_version < \"3\"]\nc~=1.2\n")
    seed("symbols", "shlibs", "libfoo 1 libfoo1 (>= 1.2), libbar2\nudeb: libfoo 1 libfoo1-udeb\n")
    seed("symbols", "list", "/.\n/usr/lib/libfoo.so.1\n/lib/x86_64-linux-gnu/libc.so.6\n")
    total = sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file())
    print(f"{total} bytes in {CORPUS}")


main()
