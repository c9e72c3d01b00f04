//! systemd units that cannot do what they are for: text that systemd does not take, and programs, files, users and targets that are
//! not there. Pure: what is outside of the tree is asked by the caller. A unit that starts is another thing; `factory test` runs them.

use std::{collections::BTreeSet, io::Read as _};

use super::{
    Finding, Paths, dropins,
    place::{self, PATH, Place, Program, find, has, names_of, similar},
};
use crate::{
    format::Meta,
    names::Concern,
    stage::{Entry, Kind, Tree, TreePath},
    unit::{
        UnitError, UnitFile, UnitName, advice,
        judge::{Named, Needs, judge, judge_part},
    },
    util::toml::nearest,
};

/// The largest unit file that is read, in bytes: 1 MiB.
const LARGEST: u64 = 1 << 20;
/// Where units are, below the root; what is in the last one wins.
pub(super) const FOLDERS: [&str; 4] =
    ["lib/systemd/system", "usr/lib/systemd/system", "usr/local/lib/systemd/system", "etc/systemd/system"];
/// The targets that systemd brings for the system's manager (systemd.special(7)).
const TARGETS: &str = "\
    basic bluetooth boot-complete cryptsetup cryptsetup-pre ctrl-alt-del default emergency exit final first-boot-complete \
    factory-reset getty getty-pre graphical halt hibernate hybrid-sleep initrd initrd-fs initrd-root-device initrd-root-fs \
    initrd-switch-root initrd-usr-fs integritysetup integritysetup-pre kbrequest kexec local-fs local-fs-pre machines multi-user network \
    network-online network-pre nss-lookup nss-user-lookup paths poweroff printer reboot remote-cryptsetup remote-fs \
    remote-fs-pre remote-veritysetup rescue rpcbind runlevel0 runlevel1 runlevel2 runlevel3 runlevel4 runlevel5 runlevel6 \
    shutdown sigpwr sleep slices smartcard sockets soft-reboot sound ssh-access storage-target-mode suspend suspend-then-hibernate swap \
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
}

/// Something that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What has to be there.
    pub wanted: Wanted,
    /// What is wrong where it is not.
    pub lack: Finding,
}

/// The units of a tree.
#[derive(Debug, Default)]
pub struct Units {
    /// What is wrong by the tree alone.
    pub lacks: Vec<Finding>,
    /// What the image is to be asked.
    pub questions: Vec<Question>,
    /// Paths of units that were to be enabled unless the recipe says otherwise, that have no `[Install]` and that no unit here starts:
    /// they will never run by themselves.
    pub idle: Vec<String>,
    /// What the tree makes where it is installed.
    made: Made,
}

/// What a path has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    File,
    Folder,
    Any,
}

/// Names of units that something is known of beside their files.
#[derive(Debug, Default)]
pub struct Known {
    /// Those that the recipe itself wants enabled.
    pub enabled: BTreeSet<String>,
    /// Those that are enabled because the recipe says nothing of it.
    pub guessed: BTreeSet<String>,
    /// Those of packages that this one depends on.
    pub near: BTreeSet<String>,
}

impl Units {
    /// Looks at the units of a tree.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn of(tree: &Tree, meta: &Meta, known: &Known) -> std::io::Result<Self> {
        let mut found = Self { made: Made::of(tree, meta)?, ..Self::default() };
        // Units that are there under any of their names, and what they name of others.
        let mut names: BTreeSet<String> = known.near.clone();
        let mut others = Vec::new();
        let (mut started, mut idle) = (BTreeSet::new(), Vec::new());
        let drop_ins = dropins::of(tree);
        for (path, entry) in tree.iter() {
            let Some(unit) = unit_at(path) else {
                found.misnamed(path, entry);
                continue;
            };
            names.insert(unit.as_str().to_owned());
            let Some(entry) = shown(tree, path, entry) else { continue };
            let mut file = match read(tree, entry, &format!("/{path}"))? {
                Ok(file) => file,
                Err(error) => {
                    found.wrong(&error);
                    continue;
                }
            };
            for drop_in in drop_ins.of_unit(&unit) {
                match drop_in.read(tree)? {
                    Ok(more) => file.extend(more),
                    Err(error) => found.wrong(&error),
                }
            }
            names.extend(aliases(&file));
            let (wrong, needs) = judge(&file, &unit, &format!("/{path}"));
            for error in &wrong {
                found.wrong(error);
            }
            started.extend(pulled(&file));
            started.extend(needs.starts.iter().chain(&needs.also).map(|named| named.value.clone()));
            if known.guessed.contains(unit.as_str()) && !needs.installs {
                idle.push((unit.clone(), path.as_str().to_owned()));
            }
            if known.enabled.contains(unit.as_str()) && !needs.installs {
                let what = "is to be enabled, but its [Install] names nothing to enable it for".to_owned();
                found.lacks.push(Finding::new(Concern::UnitInstall, path.as_str(), what));
            }
            others.push((needs.starts.clone(), needs.targets.clone(), needs.also.clone()));
            found.needs(tree, needs);
        }
        found.parts(tree, &drop_ins)?;
        for (starts, targets, also) in others {
            if let Some(one) = &starts {
                found.unit(tree, &names, one, Concern::UnitFile);
            }
            for one in &also {
                found.unit(tree, &names, one, Concern::UnitInstall);
            }
            for one in &targets {
                found.target(&names, one);
            }
        }
        let is_idle = |unit: &UnitName| !with_template(unit).iter().any(|name| started.contains(name));
        found.idle = idle.into_iter().filter(|(unit, _)| is_idle(unit)).map(|(_, path)| path).collect();
        Ok(found)
    }

    /// Drop-ins of units that somebody else ships.
    fn parts(&mut self, tree: &Tree, drop_ins: &dropins::DropIns<'_>) -> std::io::Result<()> {
        for (units, all) in drop_ins.of_others() {
            for drop_in in all {
                match drop_in.read(tree)? {
                    Ok(file) => {
                        let (wrong, needs) = judge_part(&file, units.clone(), &format!("/{}", drop_in.path));
                        for error in &wrong {
                            self.wrong(error);
                        }
                        self.needs(tree, needs);
                    }
                    Err(error) => self.wrong(&error),
                }
            }
        }
        Ok(())
    }

    /// A file among units that is none: systemd never looks at it.
    fn misnamed(&mut self, path: &TreePath, entry: &Entry) {
        let is_among_units = path.as_str().rsplit_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder));
        if is_among_units && matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. }) {
            let what = "has no name of a unit, as `name.service`: systemd passes over it".to_owned();
            self.lacks.push(Finding::new(Concern::Unit, path.as_str(), what));
        }
    }

    /// Something that is wrong with the text of a unit, in the file where it stands.
    fn wrong(&mut self, error: &UnitError) {
        let (path, what) = told(&error.place, &error.reason);
        self.lacks.push(Finding::new(Concern::Unit, &path, what));
    }

    /// A target that is to want a unit is one of systemd's or of these, or maybe of the image; of an instance, its template will do.
    fn target(&mut self, names: &BTreeSet<String>, target: &Named) {
        let Ok(unit) = UnitName::new(&target.value) else { return };
        let all = with_template(&unit);
        if targets().any(|known| known == unit.stem()) || all.iter().any(|name| names.contains(name)) {
            return;
        }
        let meant =
            nearest(unit.stem(), targets()).map(|near| format!(", did you mean {near}.target?")).unwrap_or_default();
        let reason = format!(
            "{}={} is neither a target of systemd nor of this package or the image{meant}",
            target.key, target.value
        );
        let paths = all.iter().flat_map(|name| unit_paths(name)).collect();
        self.ask(Wanted::Path(paths), Concern::UnitInstall, &target.place, &reason);
    }

    /// A unit that another starts, or that is enabled with it, is one of these, or maybe of the image: a file in the folders of units, or
    /// a script of init.
    fn unit(&mut self, tree: &Tree, names: &BTreeSet<String>, started: &Named, concern: Concern) {
        let Ok(unit) = UnitName::new(&started.value) else { return };
        let all = with_template(&unit);
        let is_systemds = match unit.kind() {
            "target" => targets().any(|known| known == unit.stem()),
            _ => unit.as_str().starts_with("systemd-"),
        };
        let script = format!("etc/init.d/{}", unit.stem());
        if is_systemds || all.iter().any(|name| names.contains(name)) || has(tree, &script) {
            return;
        }
        let mut paths: Vec<String> = all.iter().flat_map(|name| unit_paths(name)).collect();
        if unit.kind() == "service" {
            paths.push(format!("/{script}"));
        }
        // What an instance is called nobody wrote.
        let shown = all.last().map_or(unit.as_str(), String::as_str);
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
        self.ask(Wanted::File(paths), concern, &started.place, &reason);
    }

    fn needs(&mut self, tree: &Tree, needs: Needs) {
        let usual = PATH.map(str::to_owned);
        let folders = if needs.search.is_empty() { usual.as_slice() } else { needs.search.as_slice() };
        for program in &needs.programs {
            self.program(tree, program, folders);
        }
        for file in needs.files {
            self.thing(tree, &file, Sort::File);
        }
        for folder in needs.folders {
            self.thing(tree, &folder, Sort::Folder);
        }
        for path in needs.paths {
            self.thing(tree, &path, Sort::Any);
        }
        for (named, wanted) in [(needs.users, Wanted::User as fn(String) -> Wanted), (needs.groups, Wanted::Group)] {
            for one in named.iter().filter(|one| one.value != "root" && one.value != "0") {
                if self.made.accounts.contains(&one.value) {
                    continue;
                }
                let reason =
                    format!("{}={} names an account that neither the package nor the image has", one.key, one.value);
                self.ask(wanted(one.value.clone()), Concern::UnitUser, &one.place, &reason);
            }
        }
    }

    fn ask(&mut self, wanted: Wanted, concern: Concern, place: &str, reason: &str) {
        let (path, what) = told(place, reason);
        self.questions.push(Question { wanted, lack: Finding::new(concern, &path, what) });
    }

    fn lack(&mut self, place: &str, reason: &str) {
        let (path, what) = told(place, reason);
        self.lacks.push(Finding::new(Concern::UnitFile, &path, what));
    }

    fn program(&mut self, tree: &Tree, program: &Named, folders: &[String]) {
        match place::program(tree, &program.value, folders) {
            Program::Runs => {}
            Program::Wrong(how) => {
                self.lack(&program.place, &format!("{}={} {how}", program.key, program.value));
            }
            Program::Beside(paths) => {
                let meant = similar(tree, &program.value);
                let (key, value) = (&program.key, &program.value);
                let reason = format!("{key}={value} is neither in the package nor a program of the image{meant}");
                self.ask(Wanted::Program(paths), Concern::UnitFile, &program.place, &reason);
            }
        }
    }

    fn thing(&mut self, tree: &Tree, named: &Named, sort: Sort) {
        if self.made.has(&named.value) {
            return;
        }
        let mut beside = Vec::new();
        for path in names_of(&named.value) {
            match find(tree, &path) {
                Place::There(_, entry) if sort == Sort::Any || (entry.kind == Kind::Dir) == (sort == Sort::Folder) => {
                    return;
                }
                Place::There(..) => {
                    let how = if sort == Sort::Folder { "is no folder" } else { "is no file" };
                    return self.lack(&named.place, &format!("{}={} {how}", named.key, named.value));
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
        self.ask(wanted, Concern::UnitFile, &named.place, &reason);
    }
}

/// A unit's name and, of an instance, that of its template.
fn with_template(unit: &UnitName) -> Vec<String> {
    let template = unit.template().map(|template| template.as_str().to_owned());
    std::iter::once(unit.as_str().to_owned()).chain(template).collect()
}

/// The targets that systemd brings.
fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.split(' ').filter(|word| !word.is_empty())
}

/// The units that come with a unit when that is started (systemd.unit(5)).
fn pulled(file: &UnitFile) -> Vec<String> {
    let keys = ["Wants", "Requires", "Requisite", "BindsTo", "Upholds", "OnFailure", "OnSuccess"];
    let lines = keys.iter().flat_map(|key| file.all("Unit", key));
    lines.flat_map(|line| line.value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The names that a unit gets beside its own once it is enabled.
fn aliases(file: &UnitFile) -> Vec<String> {
    let lines = file.all("Install", "Alias");
    lines.iter().flat_map(|line| line.value.split_whitespace()).map(str::to_owned).collect()
}

/// The file where something stands, and `line 5: …`.
fn told(place: &str, reason: &str) -> (String, String) {
    let reason = reason.escape_debug();
    let (file, what) = match place.rsplit_once(':').filter(|(_, line)| line.bytes().all(|b| b.is_ascii_digit())) {
        Some((file, line)) => (file, format!("line {line}: {reason}")),
        None => (place, reason.to_string()),
    };
    (file.trim_start_matches('/').to_owned(), what)
}

/// The unit that a path is the file of.
fn unit_at(path: &TreePath) -> Option<UnitName> {
    let (folder, name) = path.as_str().rsplit_once('/')?;
    FOLDERS.contains(&folder).then(|| UnitName::new(name).ok())?
}

/// The file that a unit is in: of a link, the one that it leads to. `None` where that is another unit, or not in the tree.
fn shown<'t>(tree: &'t Tree, path: &TreePath, entry: &'t Entry) -> Option<&'t Entry> {
    match &entry.kind {
        Kind::Dir => None,
        Kind::Symlink { .. } => match find(tree, &format!("/{path}")) {
            Place::There(at, entry) if entry.kind != Kind::Dir => {
                let is_unit = TreePath::new(&at).is_ok_and(|at| unit_at(&at).is_some());
                (!is_unit).then_some(entry)
            }
            _ => None,
        },
        _ => Some(entry),
    }
}

/// The lines of a file; `origin` is its path.
pub(super) fn read(tree: &Tree, entry: &Entry, origin: &str) -> std::io::Result<Result<UnitFile, UnitError>> {
    Ok(if let Some(text) = text(tree, entry)? {
        UnitFile::parse(&text, origin)
    } else {
        let reason = "is not UTF-8 text of at most 1 MiB".to_owned();
        Err(UnitError { place: origin.to_owned(), reason })
    })
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

/// What is made where a package is installed, beside its files.
#[derive(Debug, Default)]
struct Made {
    /// Users and groups: the recipe's, and those of sysusers.d(5).
    accounts: BTreeSet<String>,
    /// Paths of tmpfiles.d(5), and the folders above them.
    paths: BTreeSet<String>,
}

impl Made {
    fn of(tree: &Tree, meta: &Meta) -> std::io::Result<Self> {
        let mut made = Self::default();
        made.accounts.extend(meta.users.iter().map(|user| user.name.to_string()));
        for (path, entry) in tree.iter() {
            let path = path.as_str();
            let folder =
                path.rsplit_once('/').and_then(|(folder, _)| folder.rsplit_once('/')).map_or("", |(_, name)| name);
            let is_one = ["sysusers.d", "tmpfiles.d"].contains(&folder)
                && ["etc/", "lib/", "usr/lib/", "usr/local/lib/"].iter().any(|root| path.starts_with(root))
                && path.rsplit('.').next() == Some("conf")
                && matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
            let Some(text) = (if is_one { text(tree, entry)? } else { None }) else { continue };
            for line in text.lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                match (folder, words.as_slice()) {
                    ("sysusers.d", ["u" | "u!" | "g", name, ..]) => made.account(name),
                    // Both are made where they are not there.
                    ("sysusers.d", ["m", user, group, ..]) => {
                        for name in [user, group] {
                            made.account(name);
                        }
                    }
                    ("tmpfiles.d", [kind, path, ..]) if kind.starts_with(MADE) => made.path(path),
                    _ => {}
                }
            }
        }
        Ok(made)
    }

    fn account(&mut self, name: &str) {
        self.accounts.insert(name.to_owned());
    }

    fn path(&mut self, path: &str) {
        let path = path.trim_matches('"').trim_end_matches('/');
        if path.contains('%') {
            return;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        self.paths.extend(ends.map(|end| path[..end].to_owned()));
    }

    fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }
}

/// Types of lines of tmpfiles.d(5) that make what they name.
const MADE: [char; 9] = ['d', 'D', 'v', 'q', 'Q', 'f', 'F', 'L', 'C'];

/// What to do about the first of them.
#[must_use]
pub fn help(first: &Finding) -> String {
    let Some(concern) = first.concern else { return String::new() };
    let advice = match (concern, first.what.contains(", did you mean ")) {
        (_, true) => &advice(&first.what),
        (Concern::UnitUser, _) => {
            "declare the user in `[[user]]` and in the package's `users`, or depend on the package that makes it"
        }
        (Concern::UnitFile, _) if first.what.contains("is neither in the package, nor in one that it depends on") => {
            "ship that unit, too, or name the one that is meant: `Unit=`, of an automatic mount or a socket its own key"
        }
        (Concern::UnitFile, _) if first.what.contains(" is not executable, mode ") => {
            "`chmod +x` the file of the project, or say `file_info = { mode = 0o755 }` in its entry of `contents`"
        }
        (Concern::UnitFile, _) => "take it into `contents`, mend the unit, or write `-` before what need not be there",
        (Concern::UnitInstall, _) if first.what.contains(" is no target ") => {
            "name a target that systemd has, as `multi-user.target`, or ship that one"
        }
        (Concern::UnitInstall, _) => "add `[Install]` with `WantedBy=`, or leave `enable` out",
        _ => &advice(&first.what),
    };
    format!("{advice}; where it is meant: {}", Paths::Absolute.allow(concern, &first.path))
}

/// The names of units in the folders where systemd looks for them, as paths of an image.
pub fn unit_paths(name: &str) -> impl Iterator<Item = String> + '_ {
    FOLDERS.iter().map(move |folder| format!("/{folder}/{name}"))
}
