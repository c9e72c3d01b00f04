//! systemd units that cannot do what they are for: text that systemd does not take, and programs, files, users and targets that are
//! not there. Pure: what is outside of the tree is asked by the caller. A unit that starts is another thing; `factory test` runs them.

use std::{collections::BTreeSet, io::Read as _};

use super::{Finding, natives::Lack};
use crate::{
    format::Meta,
    names::{Allowance, Concern},
    stage::{Entry, Kind, Tree, TreePath},
    unit::{
        UnitFile, UnitName,
        judge::{Named, Needs, judge},
    },
    util::toml::nearest,
};

/// The largest unit file that is read, in bytes: 1 MiB.
const LARGEST: u64 = 1 << 20;
/// The most links that are followed, as the kernel has it (path_resolution(7)).
const MOST_LINKS: u32 = 40;
/// Where units are, below the root.
const FOLDERS: [&str; 4] =
    ["lib/systemd/system", "usr/lib/systemd/system", "usr/local/lib/systemd/system", "etc/systemd/system"];
/// Where systemd looks for programs that have no folder, on any of its platforms.
pub const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// The targets that systemd brings for the system's manager (systemd.special(7)).
const TARGETS: &str = "\
    basic bluetooth boot-complete cryptsetup cryptsetup-pre ctrl-alt-del default emergency exit final first-boot-complete \
    factory-reset getty getty-pre graphical halt hibernate hybrid-sleep initrd initrd-fs initrd-root-device initrd-root-fs \
    initrd-switch-root initrd-usr-fs integritysetup integritysetup-pre kexec local-fs local-fs-pre machines multi-user network \
    network-online network-pre nss-lookup nss-user-lookup paths poweroff printer reboot remote-cryptsetup remote-fs \
    remote-fs-pre remote-veritysetup rescue rpcbind runlevel0 runlevel1 runlevel2 runlevel3 runlevel4 runlevel5 runlevel6 \
    shutdown sigpwr sleep slices smartcard sockets sound ssh-access storage-target-mode suspend suspend-then-hibernate swap \
    sysinit system-update system-update-pre time-set time-sync timers tpm2 umount usb-gadget veritysetup veritysetup-pre";

/// What has to be there beside the tree, one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A program under one of these paths.
    Program(Vec<String>),
    /// A file under one of these paths.
    File(Vec<String>),
    /// A folder under one of these paths.
    Folder(Vec<String>),
    /// Anything under one of these paths.
    Path(Vec<String>),
    /// A user of the image that a package of somebody else made there.
    User(String),
    /// A group.
    Group(String),
    /// A unit in one of the folders of units.
    Unit(String),
}

/// Something that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What has to be there.
    pub wanted: Wanted,
    /// What is wrong where it is not.
    pub lack: Lack,
}

/// The units of a tree.
#[derive(Debug, Default)]
pub struct Units {
    /// What is wrong by the tree alone.
    pub lacks: Vec<Lack>,
    /// What the image is to be asked.
    pub questions: Vec<Question>,
}

/// What a path has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    File,
    Folder,
    Any,
}

/// What there is of a path in the tree.
enum Place<'t> {
    There(&'t Entry),
    /// Not in the tree, but maybe beside it.
    Beside(String),
}

impl Units {
    /// Looks at the units of a tree. `enabled` are those that the recipe itself wants enabled, `near` those of packages that this one
    /// depends on.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn of(tree: &Tree, meta: &Meta, enabled: &BTreeSet<String>, near: &BTreeSet<String>) -> std::io::Result<Self> {
        let mut found = Self::default();
        // Units that are there under any of their names, and what starts which.
        let mut names: BTreeSet<String> = near.clone();
        let mut starters = Vec::new();
        let made = sysusers(tree)?;
        let users: BTreeSet<&str> =
            meta.users.iter().map(|user| user.name.as_str()).chain(made.iter().map(String::as_str)).collect();
        for (path, entry) in tree.iter() {
            let Some(unit) = unit_at(path) else { continue };
            names.insert(unit.as_str().to_owned());
            if matches!(entry.kind, Kind::Symlink { .. } | Kind::Dir) {
                continue;
            }
            let origin = format!("/{path}");
            let mut lack = |concern: Concern, what: String| {
                found.lacks.push(Lack { concern, path: path.as_str().to_owned(), what });
            };
            let mut file = match text(tree, entry)?.map(|text| UnitFile::parse(&text, &origin)) {
                Some(Ok(file)) => file,
                Some(Err(error)) => {
                    lack(Concern::Unit, said(&error.place, &error.reason));
                    continue;
                }
                None => {
                    lack(Concern::Unit, "is not UTF-8 text of at most 1 MiB".to_owned());
                    continue;
                }
            };
            for drop_in in drop_ins(tree, path) {
                let Some((at, entry)) = drop_in else { continue };
                match text(tree, entry)?.map(|text| UnitFile::parse(&text, &format!("/{at}"))) {
                    Some(Ok(more)) => file.extend(more),
                    Some(Err(error)) => lack(Concern::Unit, format!("with {error}")),
                    None => lack(Concern::Unit, format!("with /{at}, which is not UTF-8 text of at most 1 MiB")),
                }
            }
            names.extend(aliases(&file));
            let (wrong, needs) = judge(&file, &unit, &origin);
            starters.extend(needs.starts.clone().map(|started| (path, started)));
            for error in wrong {
                lack(Concern::Unit, said(&error.place, &error.reason));
            }
            if enabled.contains(unit.as_str()) && !needs.installs {
                lack(
                    Concern::UnitInstall,
                    "is to be enabled, but its [Install] names nothing to enable it for".to_owned(),
                );
            }
            found.needs(tree, &users, path, needs);
        }
        for (path, started) in starters {
            found.started(tree, &names, path.as_str(), &started);
        }
        Ok(found)
    }

    /// The unit that another starts is one of these, or maybe of the image: a file in the folders of units, or a script of init.
    fn started(&mut self, tree: &Tree, names: &BTreeSet<String>, at: &str, started: &Named) {
        let Ok(unit) = UnitName::new(&started.value) else { return };
        let template = unit.template();
        let all: Vec<&str> = std::iter::once(unit.as_str()).chain(template.as_ref().map(UnitName::as_str)).collect();
        let is_systemds = match unit.kind() {
            "target" => targets().any(|known| known == unit.stem()),
            _ => unit.as_str().starts_with("systemd-"),
        };
        let script = format!("etc/init.d/{}", unit.stem());
        if is_systemds || all.iter().any(|name| names.contains(*name)) || has(tree, &script) {
            return;
        }
        let mut paths: Vec<String> = all.iter().flat_map(|name| unit_paths(name)).collect();
        if unit.kind() == "service" {
            paths.push(format!("/{script}"));
        }
        // What an instance is called nobody wrote.
        let shown = template.as_ref().map_or(unit.as_str(), UnitName::as_str);
        let kind = format!(".{}", unit.kind());
        let same = names.iter().map(String::as_str).filter(|name| name.ends_with(&kind));
        let meant = nearest(shown, same).map(|near| format!(", did you mean {near}?")).unwrap_or_default();
        let subject = if started.key.is_empty() {
            format!("it starts {shown}, the unit of its own name, which")
        } else {
            format!("{}={shown}", started.key)
        };
        let reason =
            format!("{subject} is neither in the package, nor in one that it depends on, nor in the image{meant}");
        self.ask(Wanted::File(paths), Concern::UnitFile, at, said(&started.place, &reason));
    }

    fn needs(&mut self, tree: &Tree, users: &BTreeSet<&str>, path: &TreePath, needs: Needs) {
        let at = path.as_str();
        for program in &needs.programs {
            self.program(tree, at, program);
        }
        for file in needs.files {
            self.thing(tree, at, &file, Sort::File);
        }
        for folder in needs.folders {
            self.thing(tree, at, &folder, Sort::Folder);
        }
        for path in needs.paths {
            self.thing(tree, at, &path, Sort::Any);
        }
        for (named, wanted) in [(needs.users, Wanted::User as fn(String) -> Wanted), (needs.groups, Wanted::Group)] {
            for one in named.iter().filter(|one| one.value != "root" && one.value != "0") {
                if users.contains(one.value.as_str()) {
                    continue;
                }
                let what = said(&one.place, &format!("{}={} is nobody whom the package makes", one.key, one.value));
                self.ask(wanted(one.value.clone()), Concern::UnitUser, at, what);
            }
        }
        for target in needs.targets {
            let stem = target.value.strip_suffix(".target").unwrap_or(&target.value);
            let ships = FOLDERS.iter().any(|folder| has(tree, &format!("{folder}/{}", target.value)));
            if targets().any(|known| known == stem) || ships {
                continue;
            }
            let meant =
                nearest(stem, targets()).map(|near| format!(", did you mean {near}.target?")).unwrap_or_default();
            let reason = format!("{}={} is no target of systemd and of nobody here{meant}", target.key, target.value);
            self.ask(Wanted::Unit(target.value), Concern::UnitInstall, at, said(&target.place, &reason));
        }
    }

    fn ask(&mut self, wanted: Wanted, concern: Concern, path: &str, what: String) {
        self.questions.push(Question { wanted, lack: Lack { concern, path: path.to_owned(), what } });
    }

    fn lack(&mut self, path: &str, what: String) {
        self.lacks.push(Lack { concern: Concern::UnitFile, path: path.to_owned(), what });
    }

    fn program(&mut self, tree: &Tree, at: &str, program: &Named) {
        let paths: Vec<String> = if program.value.starts_with('/') {
            vec![program.value.clone()]
        } else {
            PATH.iter().map(|folder| format!("{folder}/{}", program.value)).collect()
        };
        let mut beside = Vec::new();
        for path in &paths {
            for path in names_of(path) {
                match find(tree, &path) {
                    Place::There(entry) => {
                        let is_file = matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
                        if is_file && entry.mode & 0o111 != 0 {
                            return;
                        }
                        let how = if is_file {
                            format!("is not executable, mode {:04o}", entry.mode)
                        } else {
                            "is no file".to_owned()
                        };
                        return self
                            .lack(at, said(&program.place, &format!("{}={} {how}", program.key, program.value)));
                    }
                    Place::Beside(path) => beside.push(path),
                }
            }
        }
        let meant = similar(tree, &program.value);
        let reason =
            format!("{}={} is neither in the package nor a program of the image{meant}", program.key, program.value);
        self.ask(Wanted::Program(beside), Concern::UnitFile, at, said(&program.place, &reason));
    }

    fn thing(&mut self, tree: &Tree, at: &str, named: &Named, sort: Sort) {
        let mut beside = Vec::new();
        for path in names_of(&named.value) {
            match find(tree, &path) {
                Place::There(entry) if sort == Sort::Any || (entry.kind == Kind::Dir) == (sort == Sort::Folder) => {
                    return;
                }
                Place::There(_) => {
                    let how = if sort == Sort::Folder { "is no folder" } else { "is no file" };
                    return self.lack(at, said(&named.place, &format!("{}={} {how}", named.key, named.value)));
                }
                Place::Beside(path) => beside.push(path),
            }
        }
        let meant = similar(tree, &named.value);
        let reason = format!("{}={} is neither in the package nor in the image{meant}", named.key, named.value);
        let wanted = match sort {
            Sort::File => Wanted::File(beside),
            Sort::Folder => Wanted::Folder(beside),
            Sort::Any => Wanted::Path(beside),
        };
        self.ask(wanted, Concern::UnitFile, at, said(&named.place, &reason));
    }
}

/// The targets that systemd brings.
fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.split(' ').filter(|word| !word.is_empty())
}

/// The names that a unit gets beside its own once it is enabled.
fn aliases(file: &UnitFile) -> Vec<String> {
    let lines = file.all("Install", "Alias");
    lines.iter().flat_map(|line| line.value.split_whitespace()).map(str::to_owned).collect()
}

/// `line 5: …`, as the path stands before it.
fn said(place: &str, reason: &str) -> String {
    let line = place.rsplit_once(':').map(|(_, line)| line).filter(|line| line.bytes().all(|b| b.is_ascii_digit()));
    let reason = reason.escape_debug();
    line.map_or_else(|| reason.to_string(), |line| format!("line {line}: {reason}"))
}

/// The unit that a path is the file of.
fn unit_at(path: &TreePath) -> Option<UnitName> {
    let (folder, name) = path.as_str().rsplit_once('/')?;
    FOLDERS.contains(&folder).then(|| UnitName::new(name).ok())?
}

/// A file's text; `None` where it is none, or too long.
fn text(tree: &Tree, entry: &Entry) -> std::io::Result<Option<String>> {
    let entry = match &entry.kind {
        Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
        _ => entry,
    };
    let mut bytes = Vec::new();
    tree.open(entry).take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LARGEST))
}

/// The drop-ins that the tree has for a unit, in order.
fn drop_ins<'t>(tree: &'t Tree, path: &TreePath) -> impl Iterator<Item = Option<(String, &'t Entry)>> + use<'t> {
    let below = format!("{path}.d/");
    tree.iter().filter_map(move |(path, entry)| {
        let name = path.as_str().strip_prefix(&below)?;
        let is_one =
            name.rsplit('.').next() == Some("conf") && !name.contains('/') && matches!(entry.kind, Kind::File { .. });
        is_one.then(|| Some((path.to_string(), entry)))
    })
}

/// Users and groups of sysusers.d(5) files of the tree.
fn sysusers(tree: &Tree) -> std::io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (path, entry) in tree.iter() {
        if path.as_str().starts_with("usr/lib/sysusers.d/")
            && path.as_str().rsplit('.').next() == Some("conf")
            && let Some(text) = text(tree, entry)?
        {
            let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            names.extend(lines.filter_map(|words| match words.as_slice() {
                ["u" | "u!" | "g", name, ..] => Some((*name).to_owned()),
                _ => None,
            }));
        }
    }
    Ok(names)
}

/// A path, and what it is called where `/bin` and the like lead into `/usr`.
fn names_of(path: &str) -> Vec<String> {
    let mut names = vec![path.to_owned()];
    for folder in ["/bin/", "/sbin/", "/lib/", "/lib64/"] {
        if path.starts_with(folder) {
            names.push(format!("/usr{path}"));
        } else if let Some(rest) = path.strip_prefix("/usr").filter(|rest| rest.starts_with(folder)) {
            names.push(rest.to_owned());
        }
    }
    names
}

fn has(tree: &Tree, path: &str) -> bool {
    TreePath::new(path).is_ok_and(|path| tree.get(&path).is_some())
}

/// Follows a path through the links of the tree.
fn find<'t>(tree: &'t Tree, path: &str) -> Place<'t> {
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut at: Vec<String> = Vec::new();
    let mut links = 0;
    let mut last = None;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop();
                continue;
            }
            _ => at.push(part),
        }
        let Some(entry) = TreePath::new(&at.join("/")).ok().and_then(|path| tree.get(&path)) else {
            last = None;
            continue;
        };
        if let Kind::Symlink { target } = &entry.kind {
            links += 1;
            if links > MOST_LINKS {
                break;
            }
            if target.starts_with('/') {
                at.clear();
            } else {
                at.pop();
            }
            rest.extend(target.split('/').rev().map(str::to_owned));
            last = None;
            continue;
        }
        last = Some(entry);
    }
    last.map_or_else(|| Place::Beside(format!("/{}", at.join("/"))), Place::There)
}

/// What the tree has in the same folder under a name that is near.
fn similar(tree: &Tree, path: &str) -> String {
    let Some((folder, name)) = path.trim_start_matches('/').rsplit_once('/') else { return String::new() };
    let below = format!("{folder}/");
    let names =
        tree.iter().filter_map(|(path, _)| path.as_str().strip_prefix(&below)).filter(|rest| !rest.contains('/'));
    nearest(name, names).map(|near| format!(", did you mean /{folder}/{near}?")).unwrap_or_default()
}

/// Holds what is wrong with units of `whose` against what the recipe allows.
///
/// # Errors
/// Everything that it does not allow, and everything that it allows for nothing.
pub fn judge_units(whose: &str, lacks: &[Lack], allowed: &[Allowance]) -> Result<(), Finding> {
    let allowed: Vec<&Allowance> = allowed.iter().filter(|one| one.check.is_unit()).collect();
    super::natives::hold(whose, "has units that cannot do what they are for", lacks, &allowed, help)
}

fn help(left: &[&Lack]) -> String {
    let Some(first) = left.first() else {
        return "take the entry out, or mend its `check` or `path`".to_owned();
    };
    let meant = first.what.rsplit_once(", did you mean ").and_then(|(_, meant)| meant.strip_suffix('?'));
    let advice = match (first.concern, meant) {
        (_, Some(meant)) => &format!("write `{meant}` in the unit, or whatever else is meant"),
        (Concern::UnitUser, _) => {
            "declare the user in `[[user]]` and in the package's `users`, or depend on the package that makes it"
        }
        (Concern::UnitFile, _) => "take it into `contents`, mend the unit, or write `-` before what need not be there",
        (Concern::UnitInstall, _) if first.what.contains(" is no target ") => {
            "name a target that systemd has, as `multi-user.target`, or ship that one"
        }
        (Concern::UnitInstall, _) => "add `[Install]` with `WantedBy=`, or leave `enable` out",
        _ => "mend the unit: systemd refuses it, or passes over that line",
    };
    format!(
        "{advice}; where it is meant: `allow = [{{ check = \"{}\", path = \"/{}\", reason = \"…\" }}]`",
        first.concern.as_str(),
        first.path.escape_debug()
    )
}

/// The names of units in the folders where systemd looks for them, as paths of an image.
pub fn unit_paths(name: &str) -> impl Iterator<Item = String> + '_ {
    FOLDERS.iter().map(move |folder| format!("/{folder}/{name}"))
}
