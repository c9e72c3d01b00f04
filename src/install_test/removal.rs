//! `test-remove` and `test-purge`: a removal takes the program and keeps what is the administrator's (configuration,
//! state, accounts); a purge takes that, too, and leaves nothing but the accounts.

use std::collections::BTreeSet;

use super::{
    Finding, InstallTestError, TestTarget,
    container::{TestContainer, argv},
    error::{none_of, tell},
    install::Before,
    listing::Line,
    manager::Config,
    transfer::{Fetched, Rights},
};
use crate::{engine::Output as _, execute::StepOutput, unit::UnitName};

/// The file that stands for what a program keeps in its state folder.
const MARKER: &str = "factory-test-marker";
/// What stands for the administrator's own settings.
const CHANGE: &[u8] = b"\n# changed by the install test\n";

/// What was put into the container to be found again after the removal.
#[derive(Debug, Default)]
struct Bait {
    /// Files in state folders.
    markers: Vec<String>,
    /// A changed configuration file.
    changed: Option<Fetched>,
}

/// Removes the packages and looks at what is left.
///
/// # Errors
/// The finding.
pub async fn remove(
    container: &TestContainer<'_>,
    before: &Before,
    output: &StepOutput,
) -> Result<String, InstallTestError> {
    let target = container.target;
    let bait = lay_out(container, output).await?;
    let command = argv(target.manager.remove, target.names());
    container.succeed(command, "the packages should be removable", output).await?;
    let now = Paths(container.paths().await?);
    let before = Paths(before.paths.clone());
    let config = target.manager.config;
    let mut wrong: Vec<String> = target.lines().filter_map(|line| after_removal(line, config, &before, &now)).collect();
    wrong
        .extend(bait.markers.iter().filter(|path| !now.has(path)).map(|path| format!("{path} is gone: state is lost")));
    if let Some(changed) = &bait.changed {
        let path = match config {
            Config::Stays => changed.path.clone(),
            Config::Saved(suffix) => format!("{}{suffix}", changed.path),
        };
        if container.fetch(&path).await?.is_none_or(|found| found.bytes != changed.bytes) {
            wrong.push(format!("{path} is not as the administrator left it"));
        }
    }
    if !target.manager.links_survive {
        wrong.extend(links(target, &now));
    }
    wrong.extend(missing_users(container).await?);
    tell(&wrong, output);
    none_of(&wrong, |count| {
        let expected = "a removal should keep configuration, state and accounts, and nothing else";
        format!("{expected}; {}", things(count))
    })?;
    let count = |kept: fn(&Line) -> bool| target.lines().filter(|line| kept(line)).count();
    let state = counted(count(Line::is_state), "state folder");
    Ok(match config {
        Config::Stays => format!("kept {}, {state}", counted(count(Line::is_config), "configuration file")),
        Config::Saved(suffix) => format!("kept changed configuration as {suffix}, {state}"),
    })
}

/// Purges the packages and looks at what is left.
///
/// # Errors
/// The finding.
pub async fn purge(
    container: &TestContainer<'_>,
    before: &Before,
    output: &StepOutput,
) -> Result<String, InstallTestError> {
    let target = container.target;
    let Some(words) = target.manager.purge else { return Ok(format!("{} knows none", target.manager.name)) };
    container.succeed(argv(words, target.names()), "the packages should be purgeable", output).await?;
    let now = Paths(container.paths().await?);
    let before = Paths(before.paths.clone());
    let ours: BTreeSet<String> = target.lines().map(|line| format!("/{}", line.path)).collect();
    let mut wrong: Vec<String> = target.lines().filter_map(|line| after_purge(line, &ours, &before, &now)).collect();
    wrong.extend(links(target, &now));
    wrong.extend(missing_users(container).await?);
    tell(&wrong, output);
    none_of(&wrong, |count| format!("a purge should leave nothing but the accounts; {}", things(count)))?;
    Ok("nothing left".to_owned())
}

fn things(count: usize) -> String {
    if count == 1 { "one thing is wrong".to_owned() } else { format!("{count} things are wrong") }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Puts something into every state folder, and changes one configuration file.
async fn lay_out(container: &TestContainer<'_>, output: &StepOutput) -> Result<Bait, InstallTestError> {
    let mut bait = Bait::default();
    // A folder that is not there was said already.
    let now = Paths(container.paths().await?);
    for line in container.target.lines().filter(|line| line.is_state() && now.has(&format!("/{}", line.path))) {
        let marker = format!("/{}/{MARKER}", line.path);
        container.write(&marker, b"kept\n", Rights::PUBLIC).await?;
        output.line(&format!("wrote {marker}"));
        bait.markers.push(marker);
    }
    if let Some(line) = container.target.lines().find(|line| line.is_config())
        && let Some(mut file) = container.fetch(&format!("/{}", line.path)).await?
    {
        file.bytes.extend(CHANGE);
        container.write(&file.path, &file.bytes, file.rights).await?;
        output.line(&format!("changed {}", file.path));
        bait.changed = Some(file);
    }
    Ok(bait)
}

/// Every path of the container.
struct Paths(BTreeSet<String>);

impl Paths {
    /// Whether there is such a path, which may lead through a merged `/usr`.
    fn has(&self, path: &str) -> bool {
        self.0.contains(path) || self.0.contains(&self.real(path))
    }

    /// The first path below a folder.
    fn below(&self, folder: &str) -> Option<&String> {
        let below = format!("{}/", self.real(folder));
        self.0.range(below.clone()..).next().filter(|path| path.starts_with(&below))
    }

    /// `/lib/x` as `/usr/lib/x` where `/lib` is a link: then nothing is below it.
    fn real(&self, path: &str) -> String {
        let top = path.match_indices('/').nth(1).map_or(path, |(end, _)| &path[..end]);
        let inside = format!("{top}/");
        let empty = self.0.range(inside.clone()..).next().is_none_or(|path| !path.starts_with(&inside));
        let merged = format!("/usr{top}");
        if empty && self.0.contains(top) && self.0.contains(&merged) { format!("/usr{path}") } else { path.to_owned() }
    }
}

/// What is wrong with a path after the removal.
fn after_removal(line: &Line, config: Config, before: &Paths, now: &Paths) -> Option<String> {
    let path = format!("/{}", line.path);
    let there = now.has(&path);
    let kept = line.is_config() && config == Config::Stays;
    if kept && !there {
        return Some(format!("{path} is gone: the administrator's configuration is lost"));
    }
    if line.is_state() && !there {
        return Some(format!("{path} is gone: state is lost"));
    }
    if kept || line.is_state() || !there {
        return None;
    }
    // A folder stays as long as something is in it.
    let stays = line.is_dir() && (before.has(&path) || now.below(&path).is_some());
    (!stays).then(|| format!("{path} is still there"))
}

/// What is wrong with a path after the purge. Of folders within each other only the innermost is named.
fn after_purge(line: &Line, ours: &BTreeSet<String>, before: &Paths, now: &Paths) -> Option<String> {
    let path = format!("/{}", line.path);
    if !now.has(&path) || (line.is_dir() && before.has(&path)) {
        return None;
    }
    let below = format!("{path}/");
    let inner = ours.range(below.clone()..).take_while(|path| path.starts_with(&below));
    match now.below(&path).filter(|_| line.is_dir()) {
        Some(_) if inner.into_iter().any(|path| now.has(path)) => None,
        Some(cause) => Some(format!("{path} is still there, because of {cause}")),
        None => Some(format!("{path} is still there")),
    }
}

/// Links and notes of systemd about units that are gone.
fn links(target: &TestTarget, now: &Paths) -> Vec<String> {
    let units = target.unit_files();
    let of_ours = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".dsh-also").unwrap_or(name);
        units.keys().any(|unit| {
            let instance = UnitName::new(name).ok().and_then(|name| name.template());
            name == unit.as_str() || instance.as_ref() == Some(unit)
        })
    };
    let noted = now.0.iter().filter(|path| path.starts_with("/etc/systemd/") || path.starts_with("/var/lib/systemd/"));
    noted.filter(of_ours).map(|path| format!("{path} speaks of a unit that is gone")).collect()
}

/// Accounts are never removed: files of theirs may be anywhere, and their numbers must not become somebody else's.
async fn missing_users(container: &TestContainer<'_>) -> Result<Vec<String>, InstallTestError> {
    let Some(passwd) = container.fetch("/etc/passwd").await? else {
        return Err(Finding::new("the container has no /etc/passwd").into());
    };
    let passwd = String::from_utf8_lossy(&passwd.bytes).into_owned();
    let known: BTreeSet<&str> = passwd.lines().filter_map(|line| line.split(':').next()).collect();
    let missing = container.target.users.iter().filter(|user| !known.contains(user.as_str()));
    Ok(missing.map(|user| format!("the user `{user}` is gone")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, what: &str, role: &str) -> Line {
        let text = |text: &str| text.to_owned();
        let (mode, owner) = (text("755"), text("root:root"));
        Line { path: text(path), what: text(what), mode, owner, role: text(role), needs: Vec::new() }
    }

    fn paths(paths: &[&str]) -> Paths {
        Paths(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn a_removal_keeps_what_is_not_ours() {
        let before = paths(&["/", "/opt", "/lib", "/usr", "/usr/lib", "/usr/lib/systemd"]);
        let now = paths(&[
            "/",
            "/opt",
            "/opt/x",
            "/opt/x/etc",
            "/opt/x/etc/a",
            "/opt/x/bin",
            "/opt/x/old",
            "/lib",
            "/usr",
            "/usr/lib",
            "/usr/lib/systemd",
            "/usr/lib/systemd/system",
            "/usr/lib/systemd/system/x.service",
        ]);
        let said = |line: Line| after_removal(&line, Config::Stays, &before, &now);
        assert_eq!(said(line("opt/x", "dir", "")), None);
        assert_eq!(said(line("opt/x/etc/a", "file 00", "config")), None);
        assert_eq!(said(line("opt/x/gone", "file 00", "")), None);
        assert_eq!(said(line("lib/systemd", "dir", "")), None);
        assert_eq!(said(line("opt/x/bin", "dir", "")).unwrap(), "/opt/x/bin is still there");
        assert_eq!(said(line("opt/x/old", "file 00", "")).unwrap(), "/opt/x/old is still there");
        assert_eq!(
            said(line("lib/systemd/system/x.service", "file 00", "")).unwrap(),
            "/lib/systemd/system/x.service is still there"
        );
        assert_eq!(
            said(line("opt/x/etc/b", "file 00", "config")).unwrap(),
            "/opt/x/etc/b is gone: the administrator's configuration is lost"
        );
        assert_eq!(said(line("opt/x/var", "dir", "state")).unwrap(), "/opt/x/var is gone: state is lost");
    }

    #[test]
    fn a_purge_leaves_only_what_was_there() {
        let before = paths(&["/", "/opt"]);
        let now = paths(&["/", "/opt", "/opt/x", "/opt/x/lib", "/opt/x/lib/a.pyc", "/opt/x-y"]);
        let ours = paths(&["/opt", "/opt/x", "/opt/x/lib", "/opt/x/lib/a.py", "/opt/x-y", "/opt/z"]).0;
        let said = |line: Line| after_purge(&line, &ours, &before, &now);
        assert_eq!(said(line("opt", "dir", "")), None);
        assert_eq!(said(line("opt/z", "dir", "state")), None);
        assert_eq!(said(line("opt/x", "dir", "")), None);
        assert_eq!(
            said(line("opt/x/lib", "dir", "")).unwrap(),
            "/opt/x/lib is still there, because of /opt/x/lib/a.pyc"
        );
        assert_eq!(said(line("opt/x-y", "dir", "state")).unwrap(), "/opt/x-y is still there");
    }
}
