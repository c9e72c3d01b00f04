//! Links that stay inside and links that do not, pipes and sockets, and what is written.

use std::os::unix::fs::symlink;

use super::*;

/// A folder with files in it, and one beside it with a secret.
fn world() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let top = tempfile::tempdir().unwrap();
    let root = top.path().canonicalize().unwrap();
    let (inside, outside) = (root.join("inside"), root.join("outside"));
    for path in [inside.join("a/b.txt"), inside.join("c.txt"), outside.join("secret")] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, path.file_name().unwrap().to_str().unwrap()).unwrap();
    }
    (top, inside, outside)
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
}

fn text(folder: &Folder, path: &str) -> Result<String, String> {
    folder.text(Path::new(path), 100).map_err(|error| error.to_string())
}

#[test]
fn links_are_followed_as_long_as_they_stay_inside() {
    let (_top, inside, outside) = world();
    symlink("a", inside.join("folder")).unwrap();
    symlink("../c.txt", inside.join("a/up")).unwrap();
    symlink("folder/up", inside.join("far")).unwrap();
    symlink(inside.join("a/b.txt"), inside.join("absolute")).unwrap();
    symlink("../inside/c.txt", inside.join("round")).unwrap();
    symlink(&outside, inside.join("out")).unwrap();
    symlink("../../outside/secret", inside.join("a/out")).unwrap();
    symlink("turn", inside.join("turn")).unwrap();
    let folder = Folder::open(&inside, Links::Inside).unwrap();
    for (path, expected) in [
        ("folder/b.txt", "b.txt"),
        ("a/up", "c.txt"),
        ("far", "c.txt"),
        ("absolute", "b.txt"),
        ("./a/./b.txt", "b.txt"),
    ] {
        assert_eq!(text(&folder, path), Ok(expected.to_owned()), "{path}");
    }
    for path in ["out/secret", "a/out", "folder/out", "round", "../outside/secret"] {
        let error = folder.read(Path::new(path), 100).unwrap_err();
        assert!(matches!(Refusal::from_error(&error), Some(Refusal::LeadsOut { .. })), "{path}: {error}");
        assert!(folder.meta(Path::new(path)).is_err() && folder.file(Path::new(path)).is_err(), "{path}");
    }
    assert!(folder.read(Path::new(outside.join("secret").to_str().unwrap()), 100).is_err());
    let error = text(&folder, "out/secret").unwrap_err();
    assert!(error.contains(&format!("is a symbolic link to `{}`, which leads out of", outside.display())), "{error}");
    assert!(folder.read(Path::new("turn"), 100).is_err());
    assert_eq!(folder.real(Path::new("far")).unwrap(), inside.join("c.txt"));
    assert_eq!(folder.target(Path::new("out")).unwrap(), outside);
}

#[test]
fn where_none_is_followed_none_is() {
    let (_top, inside, _) = world();
    symlink("a", inside.join("folder")).unwrap();
    symlink("c.txt", inside.join("d.txt")).unwrap();
    let folder = Folder::open(&inside, Links::Refused).unwrap();
    for path in ["folder/b.txt", "d.txt", "folder"] {
        let error = folder.read(Path::new(path), 100).unwrap_err();
        assert!(matches!(Refusal::from_error(&error), Some(Refusal::Link { .. })), "{path}: {error}");
    }
    assert_eq!(text(&folder, "a/b.txt"), Ok("b.txt".to_owned()));
    assert!(folder.below(Path::new("folder")).is_err() && folder.make(Path::new("folder/x")).is_err());
}

#[test]
fn nothing_is_written_through_a_link() {
    let (_top, inside, outside) = world();
    let secret = outside.join("secret");
    symlink(&secret, inside.join("file")).unwrap();
    symlink(&outside, inside.join("folder")).unwrap();
    symlink(outside.join("new"), inside.join("dangling")).unwrap();
    for links in [Links::Refused, Links::Inside] {
        let folder = Folder::open(&inside, links).unwrap();
        for path in ["file", "folder/secret", "folder/new", "dangling", "folder/sub/new", "../outside/secret"] {
            let path = Path::new(path);
            assert!(folder.write(path, b"x").is_err(), "{path:?}");
            assert!(folder.create(path).is_err() && folder.append(path).is_err(), "{path:?}");
            assert!(folder.open_or_create(path).is_err(), "{path:?}");
        }
        assert!(folder.remove(Path::new("folder/secret")).is_err());
    }
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    let folder = Folder::open(&inside, Links::Refused).unwrap();
    folder.remove(Path::new("folder")).unwrap();
    assert!(secret.exists() && folder.meta_itself(Path::new("folder")).unwrap().is_none());
}

#[test]
fn nobody_waits_for_a_pipe() {
    let (_top, inside, _) = world();
    fifo(&inside.join("pipe"));
    let socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).unwrap();
    let folder = Folder::open(&inside, Links::Refused).unwrap();
    for (name, what) in [("pipe", "a named pipe"), ("socket", "a socket"), ("a", "a folder")] {
        let path = Path::new(name);
        let expected = format!("`{}` is {what}, not a file", inside.join(name).display());
        assert_eq!(text(&folder, name), Err(expected.clone()));
        assert_eq!(folder.create(path).unwrap_err().to_string(), expected);
        assert_eq!(folder.open_or_create(path).unwrap_err().to_string(), expected);
        assert_eq!(folder.write(path, b"").unwrap_err().to_string(), expected);
        assert_eq!(open_file(&inside.join(name)).unwrap_err().to_string(), expected);
    }
    drop(socket);
}

#[test]
fn files_are_written_whole() {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};
    let (_top, inside, _) = world();
    let folder = Folder::open(&inside, Links::Refused).unwrap();
    let path = Path::new("x/y/z.txt");
    folder.write(path, b"one").unwrap();
    folder.write(path, b"two").unwrap();
    assert_eq!(text(&folder, "x/y/z.txt"), Ok("two".to_owned()));
    assert_eq!(std::fs::metadata(inside.join(path)).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(folder.entries(Path::new("x/y")).unwrap().len(), 1, "no temporary file is left");
    folder.append(path).unwrap().write_all(b"3").unwrap();
    assert_eq!(text(&folder, "x/y/z.txt"), Ok("two3".to_owned()));
    folder.create(path).unwrap().write_all(b"4").unwrap();
    assert_eq!(text(&folder, "x/y/z.txt"), Ok("4".to_owned()));
    folder.remove(Path::new("x")).unwrap();
    assert_eq!(folder.read(path, 10).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(folder.read(Path::new("x"), 10).unwrap(), None);
    assert!(
        text(&folder, "c.txt").is_ok()
            && folder.text(Path::new("c.txt"), 3).unwrap_err().to_string().contains("larger")
    );
}

#[test]
fn a_folder_lists_what_it_has() {
    let (_top, inside, _) = world();
    symlink("nowhere", inside.join("link")).unwrap();
    fifo(&inside.join("pipe"));
    let folder = Folder::open(&inside, Links::Inside).unwrap();
    let found: Vec<_> = folder
        .entries(Path::new(""))
        .unwrap()
        .into_iter()
        .map(|(name, is)| (name.into_string().unwrap(), kind(is)))
        .collect();
    let expected = [("a", "a folder"), ("c.txt", "a file"), ("link", "a symbolic link"), ("pipe", "a named pipe")];
    assert_eq!(found, expected.map(|(name, is)| (name.to_owned(), is)));
    assert!(folder.entries(Path::new("nothing")).unwrap().is_empty() && folder.entries(Path::new("c.txt")).is_err());
}
