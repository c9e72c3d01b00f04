//! `test-files`: every file of the packages is there as it was packed (kind, contents, mode, owner), the package manager
//! agrees, and the dynamic linker finds what programs and libraries are loaded with.

use std::collections::BTreeSet;

use super::{
    Finding, InstallTestError, bytecode,
    container::{TestContainer, argv},
    error::{none_of, tell},
    listing::{self, Line},
    loading,
    transfer::{Fetched, blocking, blocking_reader},
};
use crate::{
    engine::Output as _,
    execute::StepOutput,
    stage::{Accounts, Entry, Kind, Limits, Place, Request, Spool, Tree, TreePath, read_tar},
    util::files::Guarded,
};

/// How many archives are asked for before whole folders are read instead of single files.
const MOST_ROOTS: usize = 40;

/// Holds the installed files against the listings, the package database and the interpreter.
///
/// # Errors
/// The first finding of them.
pub async fn check(container: &TestContainer<'_>, output: &StepOutput) -> Result<String, InstallTestError> {
    let tree = installed(container, output).await?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in container.target.lines() {
        count += 1;
        wrong.extend(difference(line, &tree)?);
    }
    tell(&wrong, output);
    none_of(&wrong, |wrong| {
        let differ = if wrong == 1 { "one of them differs".to_owned() } else { format!("{wrong} of them differ") };
        match count {
            1 => "the only file should be as it was packed, but it differs".to_owned(),
            _ => format!("all {count} files should be as they were packed, but {differ}"),
        }
    })?;
    output.line(&match count {
        1 => "1 file is as it was packed".to_owned(),
        more => format!("{more} files are as they were packed"),
    });
    agreed(container, output).await?;
    let compiled = bytecode::check(container).await?;
    let loaded = loading::check(container, &tree, output).await?;
    let mut said = files(count);
    if compiled > 0 {
        said.push_str(&format!(", {compiled} of them compiled Python"));
    }
    if loaded > 0 {
        said.push_str(&format!(", {loaded} loaded"));
    }
    Ok(said)
}

/// `1 file`, `2 files`.
fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// What is in the container of the packages' paths.
async fn installed(container: &TestContainer<'_>, output: &StepOutput) -> Result<Tree, InstallTestError> {
    let file = |fetched: Option<Fetched>| fetched.map(|fetched| fetched.bytes).unwrap_or_default();
    let accounts =
        Accounts::parse(&file(container.fetch("/etc/passwd").await?), &file(container.fetch("/etc/group").await?))?;
    let mut tree = Tree::new(Spool::new()?);
    let wanted: BTreeSet<String> = container.target.lines().map(|line| line.path.clone()).collect();
    for root in listing::roots(container.target.lines(), MOST_ROOTS) {
        let Some(stream) = container.download(&format!("/{root}")).await? else {
            output.line(&format!("/{root} is not there"));
            continue;
        };
        let (accounts, wanted, cancel) = (accounts.clone(), wanted.clone(), container.session.services.cancel.clone());
        let reader = blocking_reader(stream);
        tree = blocking(move || {
            let place = match root.rsplit_once('/') {
                Some((parent, _)) => Place::below(TreePath::new(parent)?),
                None => Place::top(),
            };
            let select = |path: &TreePath| wanted.contains(path.as_str());
            let limits = Limits::default();
            let request = Request {
                place: &place,
                select: &select,
                accounts: &accounts,
                limits: &limits,
                origin: "the container",
            };
            read_tar(Guarded::new(reader, cancel), &request, &mut tree)?;
            Ok(tree)
        })
        .await?;
    }
    Ok(tree)
}

/// How a path differs from its line; `None` when it does not.
fn difference(line: &Line, tree: &Tree) -> Result<Option<String>, InstallTestError> {
    let path = TreePath::new(&line.path)?;
    let Some(entry) = tree.get(&path) else { return Ok(Some(format!("/{path} is not there"))) };
    let mut wrong = Vec::new();
    let what = what(entry, tree);
    if what != line.what && !(line.what.starts_with("hardlink ") && what.starts_with("file ")) {
        wrong.push(match (what.split_once(' '), line.what.split_once(' ')) {
            (Some(("file", _)), Some(("file", _))) => "it has other contents".to_owned(),
            _ => format!("it is a {what}, not a {}", line.what),
        });
    }
    let mode = format!("{:o}", entry.mode);
    // The mode of a link means nothing, and the kernel makes it up.
    if mode != line.mode && !line.what.starts_with("link ") {
        wrong.push(format!("its mode is {mode}, not {}", line.mode));
    }
    let owner = format!("{}:{}", entry.owner.user, entry.owner.group);
    if owner != line.owner {
        wrong.push(format!("it belongs to {owner}, not {}", line.owner));
    }
    Ok((!wrong.is_empty()).then(|| format!("/{path}: {}", wrong.join(", "))))
}

/// An entry in the words of a listing.
fn what(entry: &Entry, tree: &Tree) -> String {
    match &entry.kind {
        Kind::Dir => "dir".to_owned(),
        Kind::File { sha256, .. } => format!("file {}", hex::encode(sha256)),
        Kind::Symlink { target } => format!("link {target}"),
        Kind::Hardlink { target } => match tree.get(target).map(|first| &first.kind) {
            Some(Kind::File { sha256, .. }) => format!("file {}", hex::encode(sha256)),
            _ => format!("hardlink {target}"),
        },
    }
}

/// What the package manager has to say of its database.
async fn agreed(container: &TestContainer<'_>, output: &StepOutput) -> Result<(), InstallTestError> {
    let manager = container.target.manager;
    for (command, expected) in [
        (argv(manager.verify, container.target.names()), "files should match the package database"),
        (argv(manager.audit, [] as [&str; 0]), "no package should be half installed"),
    ] {
        let shown = command.join(" ");
        output.line(&format!("$ {shown}"));
        let answer = container.ask(command).await?;
        tell(&answer.lines, output);
        if answer.code != 0 || !answer.lines.is_empty() {
            let finding = Finding::new(format!("{expected}, but `{shown}` complains (exit code {})", answer.code));
            return Err(finding.with(&answer.lines).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Owner, Role};

    fn entry(kind: Kind) -> Entry {
        Entry { kind, mode: 0o755, owner: Owner::root(), mtime: 0, role: Role::Plain, origin: "a test".into() }
    }

    fn line(path: &str, what: &str, mode: &str, owner: &str) -> Line {
        let text = |text: &str| text.to_owned();
        let (role, needs) = (String::new(), Vec::new());
        Line { path: text(path), what: text(what), mode: text(mode), owner: text(owner), role, needs }
    }

    #[test]
    fn differences_are_said_in_words() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let path = |text| TreePath::new(text).unwrap();
        tree.add(path("d"), entry(Kind::Dir)).unwrap();
        tree.add(path("l"), entry(Kind::Symlink { target: "d".to_owned() })).unwrap();
        tree.add_bytes(path("f"), b"x", 0o644, 0, Role::Plain, "a test").unwrap();
        tree.add(path("h"), entry(Kind::Hardlink { target: path("f") })).unwrap();
        let sum = "file 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        let said = |line: Line| difference(&line, &tree).unwrap();
        assert_eq!(said(line("d", "dir", "755", "root:root")), None);
        assert_eq!(said(line("l", "link d", "777", "root:root")), None);
        assert_eq!(said(line("f", sum, "644", "root:root")), None);
        assert_eq!(said(line("h", sum, "755", "root:root")), None);
        assert_eq!(said(line("x", "dir", "755", "root:root")).unwrap(), "/x is not there");
        assert_eq!(
            said(line("d", "dir", "750", "u:g")).unwrap(),
            "/d: its mode is 755, not 750, it belongs to root:root, not u:g"
        );
        assert_eq!(said(line("d", "link e", "777", "root:root")).unwrap(), "/d: it is a dir, not a link e");
        assert_eq!(said(line("f", "file 00", "644", "root:root")).unwrap(), "/f: it has other contents");
    }
}
