//! Honest and hostile streams.

use proptest::prelude::*;
use tar::{EntryType, Header};

use super::*;
use crate::stage::Spool;

/// A stream made entry by entry, without the good manners of a tar library.
#[derive(Default)]
struct Stream(Vec<u8>);

impl Stream {
    fn raw(mut self, kind: u8, name: &[u8], link: &[u8], size: u64, content: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(EntryType::new(kind));
        header.set_mode(0o100_644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        header.set_size(size);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.raw(b'0', name.as_bytes(), b"", content.len() as u64, content.as_bytes())
    }

    fn dir(self, name: &str) -> Self {
        self.raw(b'5', name.as_bytes(), b"", 0, b"")
    }

    fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.raw(kind, name.as_bytes(), target.as_bytes(), 0, b"")
    }

    fn pax(self, kind: u8, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (1..9).find(|digits| (rest + digits).to_string().len() == *digits).unwrap() + rest;
            content.extend(format!("{length} {key}=").into_bytes());
            content.extend(*value);
            content.push(b'\n');
        }
        self.raw(kind, b"PaxHeaders/x", b"", content.len() as u64, &content)
    }

    fn long(self, kind: u8, name: &[u8]) -> Self {
        self.raw(kind, b"././@LongLink", b"", name.len() as u64, name)
    }

    /// Changes the header that was written last; its content must be empty.
    fn patch(mut self, change: impl FnOnce(&mut Header)) -> Self {
        let mut header = Header::new_old();
        let at = self.0.len() - 512;
        header.as_mut_bytes().copy_from_slice(&self.0[at..]);
        change(&mut header);
        header.set_cksum();
        self.0[at..].copy_from_slice(header.as_bytes());
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn accounts() -> Accounts {
    Accounts::parse(b"canopsis:x:999:998::/opt/canopsis:/bin/sh\n", b"canopsis:x:998:\n").unwrap()
}

fn read(stream: &[u8], place: &Place, select: &dyn Fn(&TreePath) -> bool) -> Result<(Tree, Staged), StageError> {
    let mut tree = Tree::new(Spool::new().unwrap());
    let limits = Limits { entries: 50, total_bytes: 1 << 20, file_bytes: 1 << 16, ..Limits::default() };
    let request = Request { place, select, accounts: &accounts(), limits: &limits, origin: "the container" };
    let staged = read_tar(stream, &request, &mut tree);
    if staged.is_err() {
        assert!(tree.is_empty(), "a refused stream leaves nothing");
    }
    staged.map(|staged| (tree, staged))
}

fn all(stream: Stream) -> Result<(Tree, Staged), StageError> {
    read(&stream.end(), &Place::below(TreePath::new("opt").unwrap()), &|_| true)
}

fn refused(stream: Stream) -> String {
    all(stream).unwrap_err().to_string()
}

fn listing(tree: &Tree) -> Vec<String> {
    let line = |(path, entry): (&TreePath, &Entry)| {
        let kind = match &entry.kind {
            Kind::Dir => "/".to_owned(),
            Kind::File { .. } => {
                let mut text = String::new();
                tree.open(entry).read_to_string(&mut text).unwrap();
                format!(" = {text}")
            }
            Kind::Symlink { target } => format!(" -> {target}"),
            Kind::Hardlink { target } => format!(" == {target}"),
        };
        format!("{path}{kind}")
    };
    tree.iter().map(line).collect()
}

#[test]
fn an_honest_stream_becomes_entries() {
    let stream = Stream::default()
        .dir("app/")
        .file("app/run", "#!/bin/sh")
        .link(b'2', "app/current", "/opt/app/run")
        .link(b'1', "app/again", "app/run")
        .dir("app/var/")
        .patch(|header| {
            header.set_uid(999);
            header.set_gid(998);
            header.set_mode(0o42_775);
        });
    let (tree, staged) = all(stream).unwrap();
    assert_eq!(
        listing(&tree),
        [
            "opt/app/",
            "opt/app/again = #!/bin/sh",
            "opt/app/current -> /opt/app/run",
            "opt/app/run == opt/app/again",
            "opt/app/var/",
        ]
    );
    let var = tree.get(&TreePath::new("opt/app/var").unwrap()).unwrap();
    assert_eq!((var.owner.user.as_str(), var.owner.group.as_str(), var.mode), ("canopsis", "canopsis", 0o2775));
    assert_eq!(staged, Staged { entries: 5, bytes: 9, ..Staged::default() });
    tree.check().unwrap();
}

#[test]
fn setuid_and_time_are_kept() {
    let stream = Stream::default().file("x", "").patch(|header| {
        header.set_mode(0o106_755);
        header.set_mtime((-5_i64).cast_unsigned());
    });
    let (tree, _) = all(stream).unwrap();
    let (_, entry) = tree.iter().next().unwrap();
    assert_eq!((entry.mode, entry.mtime), (0o6755, -5));
}

#[test]
fn pax_headers_are_understood() {
    let long = format!("app/{}", "n".repeat(300));
    let stream = Stream::default()
        .pax(b'g', &[("comment", b"git archive")])
        .pax(
            b'x',
            &[
                ("path", long.as_bytes()),
                ("uid", b"999"),
                ("gid", b"998"),
                ("mtime", b"-7.5"),
                ("SCHILY.xattr.security.capability", b"\x01\n\x00=\n"),
            ],
        )
        .file("short", "x");
    let (tree, staged) = all(stream).unwrap();
    let (path, entry) = tree.iter().next().unwrap();
    assert_eq!(path.as_str(), format!("opt/{long}"));
    assert_eq!((entry.owner.user.as_str(), entry.mtime), ("canopsis", -8));
    assert_eq!(staged.capabilities, std::slice::from_ref(path));
}

#[test]
fn a_pax_size_decides() {
    let stream = Stream::default().pax(b'x', &[("size", b"3")]).raw(b'0', b"a", b"", 0, b"abc").file("b", "B");
    assert_eq!(listing(&all(stream).unwrap().0), ["opt/a = abc", "opt/b = B"]);
}

#[test]
fn gnu_long_names_are_understood() {
    let long = "l".repeat(200);
    let stream = Stream::default()
        .file("a", "A")
        .long(b'L', format!("{long}\0").as_bytes())
        .long(b'K', format!("{long}/to\0").as_bytes())
        .link(b'2', "cut", "cut");
    assert_eq!(listing(&all(stream).unwrap().0)[1], format!("opt/{long} -> {long}/to"));
}

#[test]
fn what_is_not_selected_is_not_looked_at() {
    let stream = Stream::default()
        .file("app/a", "A")
        .link(b'6', "app/pipe", "")
        .file("app/b", "B")
        .patch(|_| {})
        .dir("app/foreign/")
        .patch(|header| header.set_uid(4711));
    let keep = |path: &TreePath| path.as_str() == "opt/app/a";
    let (tree, staged) = read(&stream.end(), &Place::below(TreePath::new("opt").unwrap()), &keep).unwrap();
    assert_eq!(listing(&tree), ["opt/app/a = A"]);
    assert_eq!((staged.entries, staged.skipped, staged.bytes), (1, 3, 1));
}

#[test]
fn names_find_their_place() {
    let stream = || Stream::default().dir("app/").file("app/x", "X").link(b'1', "app/y", "app/x").end();
    let path = |text| TreePath::new(text).unwrap();
    let at = |place: &Place| read(&stream(), place, &|_| true).map(|(tree, _)| listing(&tree));
    assert_eq!(at(&Place::top()).unwrap(), ["app/", "app/x = X", "app/y == app/x"]);
    assert_eq!(at(&Place::moved(path("app"), path("srv/b"))).unwrap(), ["srv/b/", "srv/b/x = X", "srv/b/y == srv/b/x"]);
    let outside = at(&Place::moved(path("ap"), path("srv"))).unwrap_err();
    assert_eq!(outside.to_string(), "`app/` in the archive stream is refused: it is outside of what was asked for");

    let root = Stream::default().dir("/").dir("/a/").file("/a/x", "X").link(b'1', "/b", "/a/x").end();
    assert_eq!(listing(&read(&root, &Place::root(), &|_| true).unwrap().0), ["a/", "a/x = X", "b == a/x"]);
    let dot = Stream::default().dir("./").file("./x", "X").end();
    assert_eq!(listing(&read(&dot, &Place::top(), &|_| true).unwrap().0), ["x = X"]);
}

#[test]
fn hostile_names_are_refused() {
    for name in ["/etc/passwd", "../x", "a/../../x", "a/..", "a\nb", "", "a//b", "a/./b"] {
        assert!(all(Stream::default().file(name, "")).is_err(), "{name:?}");
    }
    assert_eq!(
        refused(Stream::default().file("a/", "")),
        "`a/` in the archive stream is refused: it ends in a slash, but is no folder"
    );
    let latin = Stream::default().raw(b'0', b"caf\xe9", b"", 0, b"");
    assert_eq!(
        refused(latin),
        "`caf\\xe9` in the archive stream is refused: it is not valid UTF-8; rename or delete it in the image"
    );
    let nul = Stream::default().long(b'L', b"a\0b\0").file("x", "");
    assert!(refused(nul).contains("control character"));
    let long = Stream::default().long(b'L', &[b'a'; 5000]).file("x", "");
    assert!(refused(long).contains("more than 4096 bytes in one name"));
}

#[test]
fn a_name_that_no_package_has_may_be_left_out() {
    let stream = || {
        let stream = Stream::default().dir("h").file("h/fine", "1").dir("h/nl").file("h/nl/a\nb", "2");
        stream.raw(b'0', b"h/nl/caf\xe9", b"", 0, b"").link(b'2', "h/nl/x\ty", "z")
    };
    let asked = std::cell::RefCell::new(Vec::new());
    let select = |path: &TreePath| {
        asked.borrow_mut().push(path.as_str().escape_debug().to_string());
        !path.as_str().starts_with("opt/h/nl/")
    };
    let place = Place::below(TreePath::new("opt").unwrap());
    let (tree, staged) = read(&stream().end(), &place, &select).unwrap();
    assert_eq!(listing(&tree).len(), 3);
    assert_eq!(staged.skipped, 3);
    assert_eq!(asked.borrow()[3..], ["opt/h/nl/a\\nb", "opt/h/nl/caf\u{fffd}", "opt/h/nl/x\\ty"]);
    assert_eq!(refused(stream()), "`h/nl/a\\nb` cannot be a path in a package: it has a control character");
}

#[test]
fn a_path_comes_once_and_below_folders_only() {
    let twice = Stream::default().file("a", "1").file("a", "2");
    assert_eq!(refused(twice), "`opt/a` in the archive stream is refused: the stream has it twice");
    let through = Stream::default().link(b'2', "a", "/etc").file("a/passwd", "root::0");
    assert_eq!(refused(through), "`opt/a/passwd` in the archive stream is refused: a path above it is not a folder");
    let late = Stream::default().file("a/b/c", "").link(b'2', "a", "/etc");
    assert!(refused(late).contains("the stream has entries below it"));
    // Also where the link itself is not selected.
    let through = Stream::default().link(b'2', "a", "/etc").file("a/passwd", "root::0").end();
    assert!(read(&through, &Place::top(), &|path| path.as_str() != "a").is_err());
}

#[test]
fn special_files_are_refused() {
    for (kind, word) in [(b'3', "a character device"), (b'4', "a block device"), (b'6', "a named pipe")] {
        let message = refused(Stream::default().raw(kind, b"x", b"", 0, b""));
        assert_eq!(message, format!("`/opt/x` is {word}; a package cannot hold it, so exclude it"));
    }
    for kind in *b"SMVDN9" {
        assert!(all(Stream::default().raw(kind, b"x", b"", 0, b"")).is_err(), "{}", kind.escape_ascii());
    }
    assert!(refused(Stream::default().pax(b'x', &[("GNU.sparse.major", b"1")]).file("x", "")).contains("sparse"));
    assert!(refused(Stream::default().pax(b'g', &[("path", b"y")]).file("x", "")).contains("global"));
}

#[test]
fn hard_links_name_an_earlier_file_of_the_stream() {
    let reason = |stream| refused(stream).rsplit(": ").next().unwrap().to_owned();
    let none = "the stream has no such file before it";
    assert_eq!(reason(Stream::default().link(b'1', "a", "etc/shadow")), none);
    assert_eq!(reason(Stream::default().link(b'1', "a", "b").file("b", "")), none);
    assert_eq!(reason(Stream::default().link(b'1', "a", "a")), none);
    assert!(all(Stream::default().link(b'1', "a", "../etc/shadow")).is_err());
    assert!(all(Stream::default().link(b'1', "a", "/etc/shadow")).is_err());
    let folder = Stream::default().dir("d/").link(b'1', "a", "d");
    assert_eq!(reason(folder), "only a regular file may have a second name");
    let half = Stream::default().file("a", "").link(b'1', "b", "a").end();
    let error = read(&half, &Place::top(), &|path| path.as_str() == "b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the hard link `/b` to `a` is refused: the first name is not selected: take both or neither"
    );
}

#[test]
fn a_link_to_a_link_is_a_name_of_the_file() {
    let stream = Stream::default().file("m", "M").link(b'1', "z", "m").link(b'1', "b", "z").link(b'1', "a", "m");
    assert_eq!(listing(&all(stream).unwrap().0), ["opt/a = M", "opt/b == opt/a", "opt/m == opt/a", "opt/z == opt/a"]);
}

#[test]
fn sizes_are_not_believed() {
    let claims = |size| Stream::default().raw(b'0', b"bomb", b"", size, b"");
    assert_eq!(refused(claims(1 << 17)), "the archive stream has more than 65536 bytes in one file, seen at opt/bomb");
    assert_eq!(
        refused(claims(1 << 40)),
        "the archive stream has more than 1048576 bytes of contents, seen at opt/bomb"
    );
    assert!(all(claims(u64::MAX)).is_err());
    assert_eq!(refused(claims(4096)), "the archive stream ends early");
    let huge_name = Stream::default().raw(b'L', b"././@LongLink", b"", 1 << 40, b"").file("x", "");
    assert!(refused(huge_name).ends_with("an extension header is too large"));
    let huge_pax = Stream::default().raw(b'x', b"pax", b"", 1 << 40, b"").file("x", "");
    assert!(refused(huge_pax).ends_with("an extension header is too large"));
    let overflow = Stream::default().pax(b'x', &[("size", b"99999999999999999999")]).file("x", "");
    assert!(refused(overflow).ends_with("its PAX header cannot be understood"));
    assert!(refused(Stream::default().raw(b'5', b"d", b"", 512, &[0; 512])).ends_with("but it is no file"));
    let many = (0..60).fold(Stream::default(), |stream, n| stream.dir(&format!("d{n}/")));
    assert_eq!(refused(many), "the archive stream has more than 50 entries");
}

#[test]
fn a_cut_stream_is_not_a_short_one() {
    let whole = Stream::default().file("a", "A").file("b", &"B".repeat(600)).end();
    // The end mark's first block is the last that is read.
    for length in (0..whole.len() - 512).step_by(64) {
        let result = read(&whole[..length], &Place::top(), &|_| true);
        assert!(matches!(result, Err(StageError::Truncated)), "{length}: {result:?}");
    }
    assert_eq!(read(&whole, &Place::top(), &|_| true).unwrap().0.len(), 2);
}

#[test]
fn extensions_describe_one_entry_once() {
    let twice = Stream::default().long(b'L', b"a").long(b'L', b"b").file("x", "");
    assert!(refused(twice).contains("say the same thing"));
    let both = Stream::default().long(b'L', b"a").pax(b'x', &[("path", b"b")]).file("x", "");
    assert!(refused(both).contains("two extension headers name one entry"));
    assert!(refused(Stream::default().long(b'L', b"a")).contains("describes nothing"));
    let bad = Stream::default().raw(b'x', b"pax", b"", 9, b"99 path=x").file("x", "");
    assert!(refused(bad).contains("PAX header cannot be understood"));
    let mut checksum = Stream::default().file("x", "").end();
    checksum[0] = b'y';
    assert!(read(&checksum, &Place::top(), &|_| true).unwrap_err().to_string().contains("checksum"));
}

#[test]
fn owners_need_names() {
    let stream = Stream::default().file("x", "").patch(|header| header.set_gid(4242));
    assert!(refused(stream).starts_with("`/opt/x`: group number 4242 has no name"));
}

proptest! {
    #[test]
    fn damage_never_panics(position in 0usize..3000, byte in any::<u8>(), cut in 0usize..4000) {
        let mut stream = Stream::default()
            .dir("app/")
            .pax(b'x', &[("path", b"app/y"), ("size", b"1")])
            .file("app/x", "X")
            .link(b'1', "app/z", "app/y")
            .end();
        if let Some(at) = stream.get_mut(position) {
            *at = byte;
        }
        stream.truncate(cut);
        if let Ok((tree, _)) = read(&stream, &Place::top(), &|_| true) {
            tree.check().unwrap();
        }
    }
}
