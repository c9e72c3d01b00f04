//! The house rules that the compiler does not know.

use std::{collections::BTreeSet, fs, path::Path};

use crate::sources::{self, Source};

/// No file is longer.
const LONGEST: usize = 600;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the repository, with its path in it.
fn everything() -> Vec<(String, String)> {
    let files = ["src", "tests", "crates"].map(|folder| sources::rust_files(&here().join(folder)));
    files
        .iter()
        .flatten()
        .map(|path| {
            let relative = path.strip_prefix(here()).unwrap().display().to_string();
            (relative, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in everything() {
        assert!(text.starts_with("//! "), "{path} does not begin with a line of `//!`");
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    for (path, text) in everything() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{path} has {lines} lines, {LONGEST} at most");
    }
}

/// The macros of unfinished work.
fn unfinished(source: &Source) -> Vec<String> {
    (0..source.tokens.len())
        .filter(|at| ["todo", "unimplemented", "dbg"].contains(&source.word(*at)) && source.word(at + 1) == "!")
        .map(|at| format!("{}: `{}!`", source.place(at), source.word(at)))
        .collect()
}

#[test]
fn nothing_is_left_unfinished() {
    let found: Vec<String> = sources::all().iter().flat_map(unfinished).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    assert_eq!(unfinished(&Source::new("a.rs", "fn a() {\n todo!() // dbg!\n}")), ["src/a.rs:2: `todo!`"]);
}

/// Where a kind of work is told from another: everybody else asks [`factory::work::Kind`] or [`factory::execute::Run`], so that a
/// new kind does not compile before it has answered.
fn told_apart(source: &Source) -> Vec<String> {
    let is_test = source.path.split('/').any(|part| part.trim_end_matches(".rs") == "tests");
    let makes = source.path.starts_with("work/") && source.path.ends_with("/plan.rs");
    if is_test || makes || source.path == "work/mod.rs" {
        return Vec::new();
    }
    let one = |at: &usize| source.word(*at) == "Work" && source.word(at + 1) == "::";
    let is_kind = |at: &usize| source.word(at + 2).starts_with(char::is_uppercase);
    let found = (0..source.tokens.len()).filter(one).filter(is_kind);
    found.map(|at| format!("{}: `Work::{}`", source.place(at), source.word(at + 2))).collect()
}

#[test]
fn kinds_of_work_are_told_apart_in_one_place() {
    let found: Vec<String> = sources::all().iter().flat_map(told_apart).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    assert_eq!(told_apart(&Source::new("cli/a.rs", "if let Work::Image(_) = x {}")), ["src/cli/a.rs:1: `Work::Image`"]);
}

/// Functions of `std::fs`, whose errors do not say which file: `fs_err` has them all. Types are passed on as they are,
/// and tests may do what they like.
fn nameless_errors(source: &Source) -> Vec<String> {
    let is_test = source.path.split('/').any(|part| part.trim_end_matches(".rs") == "tests");
    let depths = source.depths();
    let function = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    (0..source.tokens.len())
        .filter(|_| !is_test)
        .filter(|at| depths[*at] == 0 && source.word(*at) == "std" && source.word(at + 1) == "::")
        .filter_map(|at| {
            let mut at = at + 2;
            if source.word(at) == "{" {
                // `use std::{fs::{File, Permissions}, io}` names `fs` somewhere in the braces.
                let end = (at..source.tokens.len()).find(|end| source.word(*end) == ";")?;
                at = (at..end).find(|at| source.word(*at) == "fs")?;
            }
            if source.word(at) != "fs" {
                return None;
            }
            let whole = source.word(at + 1) != "::";
            let called = source.word(at + 2) == "File" && ["open", "create"].contains(&source.word(at + 4));
            (whole || called || function(source.word(at + 2))).then(|| format!("{}: std::fs", source.place(at)))
        })
        .collect()
}

/// Sources that put the file's name into their errors themselves, or are only there for tests.
const NAMED: [&str; 3] = ["engine/docker/host.rs", "engine/docker/live/", "engine/scripted/"];

#[test]
fn errors_of_files_name_the_file() {
    let found: Vec<String> = sources::all()
        .iter()
        .filter(|source| !NAMED.iter().any(|path| source.path.starts_with(path)))
        .flat_map(nameless_errors)
        .collect();
    assert!(found.is_empty(), "use fs_err:\n{}\n", found.join("\n"));
    let bad =
        "use std::{fs, io};\nfn a() { std::fs::read(b); std::fs::File::open(c); }\nuse std::fs::{File, Metadata};";
    assert_eq!(nameless_errors(&Source::new("a.rs", bad)).len(), 3, "the rule bites");
}

/// Sources that open files by their paths, and whose: everything in a project is opened below a folder (`util/folder.rs`).
const OPENERS: [(&str, &str); 26] = [
    ("util/folder", "the one place"),
    ("util/files.rs", "what the user names, and temporary files"),
    ("util/lock.rs", "/proc"),
    ("engine/", "the engine's own settings, /proc, and the played one"),
    ("source/git/checkout.rs", "a checkout that is being made"),
    ("source/git/manifest.rs", "a checkout that is being made, and looked at"),
    ("source/git/mirror.rs", "git's own repositories, which hold only files and folders"),
    ("source/git/mod.rs", "names of checkouts"),
    ("source/git/worktree", "git's own files, which are only opened where they are regular, and a git dir of ours"),
    ("source/wheelhouse/shape.rs", "names in a wheel cache that is ours"),
    ("work/wheels/run/inside.rs", "a wheel that was just received"),
    ("source/store/belief.rs", "an entry that is being taken out"),
    ("source/store/folder/disk", "an entry that is being made"),
    ("source/wheelhouse/receive.rs", "a wheelhouse that is being made"),
    ("format/reader/mod.rs", "packages that the user names"),
    ("format/wapt/read.rs", "packages that the user names"),
    ("publish/feed/update/", "feeds and keys that the user names"),
    ("publish/feed/wapt/", "a repository that the user names"),
    ("work/base/run/", "temporary files and the system's keyrings"),
    ("execute/room.rs", "temporary folders, and what is mounted in them"),
    ("cli/clean", "sizes and names"),
    ("cli/session.rs", "certificates that the user names"),
    ("cli/keys/file.rs", "keys that the user names"),
    ("cli/prompt.rs", "the terminal"),
    ("cli/wapt/trust.rs", "certificates that the user names"),
    ("tag/", "files that the user names"),
];

/// Files that are opened by a path, outside of tests.
fn opened(source: &Source) -> Vec<String> {
    let is_test = source.path.split('/').any(|part| part.trim_end_matches(".rs") == "tests" || part == "fixtures.rs");
    let depths = source.depths();
    let calls = |at: usize| {
        let [of, sign, name] = [0, 1, 2].map(|more| source.word(at + more));
        if of == "open_regular" && sign == "(" {
            return at == 0 || source.word(at - 1) != "fn";
        }
        sign == "::"
            && match of {
                "File" => ["open", "create", "create_new", "options"].contains(&name),
                "OpenOptions" => name == "new",
                "fs" | "fs_err" => ["read", "read_to_string", "read_dir", "write", "copy", "hard_link"].contains(&name),
                _ => false,
            }
    };
    let found = (0..source.tokens.len()).filter(|at| !is_test && depths[*at] == 0 && calls(*at));
    found.map(|at| format!("{}: {}::{}", source.place(at), source.word(at), source.word(at + 2))).collect()
}

#[test]
fn files_of_a_project_are_opened_below_a_folder() {
    let all = sources::all();
    let is_known = |source: &&Source| !OPENERS.iter().any(|(path, _)| source.path.starts_with(path));
    let found: Vec<String> = all.iter().filter(is_known).flat_map(opened).collect();
    assert!(found.is_empty(), "open it with `util::folder::Folder`, or say here whose it is:\n{}\n", found.join("\n"));
    for (path, why) in OPENERS {
        let opens = all.iter().any(|source| source.path.starts_with(path) && !opened(source).is_empty());
        assert!(opens || path == "util/folder", "{path} ({why}) opens nothing any more: strike it out");
    }
    let bad = "fn a() { fs::read(b); fs_err::File::open(c); fs::OpenOptions::new(); fs::metadata(d); }";
    assert_eq!(opened(&Source::new("a.rs", bad)).len(), 3, "the rule bites");
}

/// What a source uses of the crate `rsa`, which computes with private keys in a time that tells of them (RUSTSEC-2023-0071).
fn uses_of_rsa(source: &Source) -> Vec<String> {
    (0..source.tokens.len())
        .filter(|at| {
            source.word(*at) == "rsa" && source.word(at + 1) == "::" && source.word(at.wrapping_sub(1)) != "::"
        })
        // `ring` has a module of that name: `use ring::rsa` makes `rsa::KeyPair` one of its words.
        .filter(|at| !["KeyPair", "PublicKeyComponents"].contains(&source.word(at + 2)))
        .flat_map(|at| {
            let end = (at..source.tokens.len()).find(|end| [";", "("].contains(&source.word(*end)));
            (at + 2..end.unwrap_or(at + 3)).map(|at| source.word(at).to_owned()).collect::<Vec<_>>()
        })
        .filter(|word| word.starts_with(char::is_alphabetic))
        .collect()
}

#[test]
fn keys_are_made_with_the_crate_rsa_and_nothing_else() {
    const FOR_MAKING: [&str; 15] = [
        "pkcs1",
        "EncodeRsaPrivateKey",
        "as",
        "_",
        "pkcs8",
        "EncodePrivateKey",
        "rand_core",
        "TryCryptoRng",
        "TryRng",
        "UnwrapErr",
        "traits",
        "PublicKeyParts",
        "RsaPrivateKey",
        "new",
        "self",
    ];
    let mut seen = false;
    for source in sources::all() {
        let used = uses_of_rsa(&source);
        assert!(used.is_empty() || source.path == "sign/make.rs", "src/{}: `rsa` is for sign/make.rs", source.path);
        seen |= !used.is_empty();
        let other: Vec<_> = used.iter().filter(|word| !FOR_MAKING.contains(&word.as_str())).collect();
        assert!(other.is_empty(), "src/{}: {other:?} of `rsa`: deny.toml says that it makes keys only", source.path);
    }
    assert!(seen, "nothing was seen");
    let bad = "use rsa::{Pkcs1v15Sign, RsaPrivateKey};\nfn a() { rsa::RsaPrivateKey::decrypt(b); }";
    assert_eq!(uses_of_rsa(&Source::new("a.rs", bad)), ["Pkcs1v15Sign", "RsaPrivateKey", "RsaPrivateKey", "decrypt"]);
}

#[test]
fn every_test_file_is_run() {
    let folder = here().join("tests/it");
    let main = Source::new("main.rs", &fs::read_to_string(folder.join("main.rs")).unwrap());
    let declared: BTreeSet<String> =
        (1..main.tokens.len()).filter(|at| main.word(at - 1) == "mod").map(|at| main.word(at).to_owned()).collect();
    for path in sources::rust_files(&folder) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "main" || declared.contains(name), "tests/it/{name}.rs is not declared in main.rs");
    }
}

#[test]
fn every_snapshot_is_compared() {
    let folder = here().join("tests/it");
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".pending-snap"), "tests/it/{name} waits for a decision: `cargo insta review`");
    }
    for entry in fs::read_dir(folder.join("snapshots")).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".snap"), "tests/it/snapshots/{name} waits for a decision: `cargo insta review`");
        let mut parts = name.trim_end_matches(".snap").split("__").skip(1);
        let (module, test) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // Further snapshots of one test have a number or a name behind its own.
        let test = test.split(['-', '@']).next().unwrap_or_default();
        let file = fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap_or_default();
        assert!(file.contains(&format!("fn {test}()")), "tests/it/snapshots/{name} belongs to no test");
    }
}
