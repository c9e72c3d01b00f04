//! What systemd refuses of a unit's text or passes over, and what the unit has to find where it is installed. Nothing is run, so what
//! only an instance or a machine can answer is not asked.

mod needs;
mod programs;

use super::{
    UnitError, UnitFile, UnitName, environment,
    file::Assignment,
    keys, known,
    name::of_path,
    special::{REQUIRING, WANTING},
    specifier::{asks_the_machine, expand, with_facts},
    values::{self, is_yes},
    words::Words,
};

pub use needs::{Named, Needs, Run};

/// What a unit has to set, one key of these at least.
const NEEDED: [(&str, &[&str]); 5] = [
    (
        "Socket",
        &[
            "ListenStream",
            "ListenDatagram",
            "ListenSequentialPacket",
            "ListenFIFO",
            "ListenSpecial",
            "ListenNetlink",
            "ListenMessageQueue",
            "ListenUSBFunction",
        ],
    ),
    (
        "Timer",
        &[
            "OnActiveSec",
            "OnBootSec",
            "OnStartupSec",
            "OnUnitActiveSec",
            "OnUnitInactiveSec",
            "OnCalendar",
            "OnClockChange",
            "OnTimezoneChange",
        ],
    ),
    ("Path", &["PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"]),
    ("Mount", &["What"]),
    ("Swap", &["What"]),
];
/// Folders that systemd makes for a service.
const FOLDERS: [(&str, &str); 5] = [
    ("RuntimeDirectory", "/run"),
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("ConfigurationDirectory", "/etc"),
];
/// Paths that have to be there before a program starts (systemd.exec(5)), and the names that they had.
const PATHS: [&str; 10] = [
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "ExecPaths",
    "NoExecPaths",
    "BindPaths",
    "BindReadOnlyPaths",
    "ReadWriteDirectories",
    "ReadOnlyDirectories",
    "InaccessibleDirectories",
];
/// What is below these is made while the machine runs.
const PASSING: [&str; 6] = ["/run", "/proc", "/sys", "/dev", "/tmp", "/var/tmp"];

/// What is wrong with a unit by its text, and what it needs.
#[must_use]
pub fn judge(file: &UnitFile, unit: &UnitName, path: &str) -> (Vec<UnitError>, Needs) {
    let instance = |word: &str| if unit.is_template() { unit.with_instance(word).ok() } else { None };
    let names = [instance("one").unwrap_or_else(|| unit.clone()), instance("two").unwrap_or_else(|| unit.clone())];
    let mut judge = Judge::new(file, unit, names, path);
    judge.lines();
    judge.settings();
    let needs = judge.needs();
    (judge.sorted(), needs)
}

/// What is wrong with drop-ins of a unit that somebody else ships, and what they need by themselves. `units` are two that they are for, or
/// twice the one: where those differ, only the unit can say.
#[must_use]
pub fn judge_part(file: &UnitFile, units: [UnitName; 2], path: &str) -> (Vec<UnitError>, Needs) {
    let unit = units[0].clone();
    let mut judge = Judge { is_part: true, ..Judge::new(file, &unit, units, path) };
    judge.lines();
    let all = judge.needs();
    // Whose folders these are, and who it runs as, the unit may say.
    let needs = Needs {
        programs: all.programs,
        search: all.search,
        scripts: all.scripts,
        files: all.files,
        others: all.others,
        ..Needs::default()
    };
    (judge.sorted(), needs)
}

/// The file of a place and its line; 0 for the whole file.
fn line_of(place: &str) -> (String, usize) {
    let split = place.rsplit_once(':').and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?)));
    split.unwrap_or((place.to_owned(), 0))
}

/// `Service` for `service`.
fn section_of(kind: &str) -> String {
    let mut chars = kind.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

struct Judge<'u> {
    file: &'u UnitFile,
    unit: &'u UnitName,
    /// The unit, or two instances of a template: where they differ, only an instance can say.
    names: [UnitName; 2],
    path: &'u str,
    section: String,
    /// Whether it is a drop-in of a unit that is not known.
    is_part: bool,
    wrong: Vec<UnitError>,
}

impl<'u> Judge<'u> {
    fn new(file: &'u UnitFile, unit: &'u UnitName, names: [UnitName; 2], path: &'u str) -> Self {
        Self { file, unit, names, path, section: section_of(unit.kind()), is_part: false, wrong: Vec::new() }
    }

    /// What is wrong, in the order of the files' lines; what is wrong with the whole comes first.
    fn sorted(self) -> Vec<UnitError> {
        let mut wrong = self.wrong;
        wrong.sort_by_key(|one| line_of(&one.place));
        wrong.dedup();
        wrong
    }

    /// What is wrong with single lines.
    fn lines(&mut self) {
        self.sections();
        self.keys();
        self.values();
        self.environment();
    }

    fn refuse(&mut self, place: &str, reason: impl Into<String>) {
        self.wrong.push(UnitError { place: place.to_owned(), reason: reason.into() });
    }

    fn sections(&mut self) {
        for (name, place) in self.file.sections() {
            if !["Unit", "Install", &self.section].contains(&name) && !name.starts_with("X-") {
                self.wrong.push(UnitError {
                    place: place.to_owned(),
                    reason: format!(
                        "[{}] is no section of a {}, which has [Unit], [{}] and [Install]",
                        name.escape_debug(),
                        self.unit.kind(),
                        self.section
                    ),
                });
            }
        }
    }

    /// Keys that systemd passes over.
    fn keys(&mut self) {
        let sections = ["Unit", &self.section, "Install"];
        let unknown = self
            .file
            .assignments()
            .filter(|line| sections.contains(&line.section.as_str()) && !keys::knows(&line.section, &line.key));
        self.wrong.extend(unknown.map(|line| UnitError {
            place: line.place.clone(),
            reason: keys::unknown(&line.section, &line.key, &sections),
        }));
    }

    /// Values that systemd passes over.
    fn values(&mut self) {
        let sections = ["Unit", &self.section];
        let own = self.file.assignments().filter(|line| sections.contains(&line.section.as_str()));
        let wrong = own.filter_map(|line| {
            let reason = values::wrong(&line.section, &line.key, &line.value)?;
            Some(UnitError { place: line.place.clone(), reason })
        });
        self.wrong.extend(wrong);
    }

    fn environment(&mut self) {
        let lines: Vec<Assignment> = self.file.all(&self.section, "Environment").into_iter().cloned().collect();
        for line in lines {
            if let Err(reason) = environment::assignments(&with_facts(&line.value, "x"), &self.names[0], self.path) {
                self.refuse(&line.place, format!("Environment= {reason}"));
            }
        }
    }

    fn last(&self, key: &str) -> Option<&Assignment> {
        self.file.last(&self.section, key)
    }

    /// What systemd refuses to load.
    fn settings(&mut self) {
        let origin = self.path.to_owned();
        if let Some((_, keys)) = NEEDED.iter().find(|(section, _)| *section == self.section)
            && keys.iter().all(|key| self.file.all(&self.section, key).is_empty())
        {
            self.refuse(&origin, format!("a {} needs {}=", self.unit.kind(), keys[..keys.len().min(3)].join("=, ")));
        }
        if ["Mount", "Automount"].contains(&self.section.as_str()) {
            self.mount();
        }
        if self.section == "Service" {
            self.service(&origin);
        }
    }

    /// The name of a mount is that of its place.
    fn mount(&mut self) {
        let Some(line) = self.last("Where") else { return };
        let (value, place) = (line.value.clone(), line.place.clone());
        let Ok(folder) = expand(&value, self.unit, self.path) else { return };
        let name = of_path(&folder);
        if name != self.unit.stem() && !self.unit.is_template() {
            self.refuse(&place, format!("Where={folder} belongs into a unit {name}.{}", self.unit.kind()));
        }
    }

    fn service(&mut self, origin: &str) {
        let starts = self.file.all("Service", "ExecStart").len();
        // What systemd takes for granted (systemd.service(5), `Type=`).
        let usual = match (self.last("BusName"), starts) {
            (Some(_), _) => "dbus",
            (None, 0) => "oneshot",
            _ => "simple",
        };
        let kind = self.last("Type").map_or(usual, |line| line.value.as_str()).to_owned();
        let stops = self.file.all("Service", "ExecStop").len();
        let is_on = |key| self.last(key).is_some_and(|line| is_yes(&line.value));
        let acts = self.file.last("Unit", "SuccessAction").is_some_and(|line| line.value != "none");
        if starts == 0 && (kind != "oneshot" || (!acts && (stops == 0 || !is_on("RemainAfterExit")))) {
            self.refuse(origin, "there is no ExecStart=");
        }
        if starts > 1 && kind != "oneshot" {
            self.refuse(origin, "it has several ExecStart=, which only Type=oneshot may");
        }
        if kind == "dbus" && self.last("BusName").is_none() {
            self.refuse(origin, "Type=dbus needs BusName=");
        }
        if kind == "oneshot"
            && self.last("Restart").is_some_and(|line| ["always", "on-success"].contains(&line.value.as_str()))
        {
            self.refuse(origin, "Type=oneshot may not have Restart=always or on-success");
        }
    }

    fn needs(&mut self) -> Needs {
        let mut needs = Needs {
            installs: self.installs(),
            targets: self.targets(),
            also: self.also(),
            starts: self.starts(),
            others: self.others(),
            made: self.made(),
            ..Needs::default()
        };
        let has_own_root = ["RootDirectory", "RootImage"].into_iter().any(|key| self.last(key).is_some());
        let ((mut programs, scripts), search) = (self.programs(), self.search());
        if search.is_none() {
            programs.retain(|program| program.value.starts_with('/'));
        }
        if !has_own_root {
            (needs.programs, needs.search, needs.scripts) = (programs, search.unwrap_or_default(), scripts);
            needs.files = self.files();
            needs.folders = self.folders();
            needs.paths = self.paths();
        }
        let is_dynamic = self.last("DynamicUser").is_some_and(|line| is_yes(&line.value));
        if !is_dynamic && !has_own_root && self.section != "Automount" {
            let (user, group) =
                if self.section == "Socket" { ("SocketUser", "SocketGroup") } else { ("User", "Group") };
            needs.users.extend(self.one(user));
            needs.groups.extend(self.one(group));
        }
        if !has_own_root {
            let section = self.section.clone();
            needs.groups.extend(self.words(&section, "SupplementaryGroups"));
        }
        needs
    }

    /// The value of a key that has one value, where it is the same for every instance.
    fn one(&mut self, key: &str) -> Option<Named> {
        let line = self.last(key)?.clone();
        let value = self.expanded(&line, &line.value)?;
        Some(Named { key: key.to_owned(), value, place: line.place })
    }

    /// A value with its specifiers, where every instance has the same on every machine.
    fn expanded(&mut self, line: &Assignment, value: &str) -> Option<String> {
        if asks_the_machine(value) {
            return None;
        }
        let [one, two] = self.names.each_ref().map(|name| expand(value, name, self.path));
        match (one, two) {
            (Ok(one), Ok(two)) => Some(one).filter(|one| *one == two),
            (Err(reason), _) | (_, Err(reason)) => {
                self.refuse(&line.place, format!("{}= {reason}", line.key));
                None
            }
        }
    }

    /// Folders of `ExecSearchPath=`; `None` where only an instance or the machine can say.
    fn search(&mut self) -> Option<Vec<String>> {
        let lines: Vec<Assignment> = self.file.all(&self.section, "ExecSearchPath").into_iter().cloned().collect();
        let folders: Option<Vec<String>> = lines.iter().map(|line| self.expanded(line, &line.value)).collect();
        Some(folders?.iter().flat_map(|all| all.split(':')).map(simple).collect())
    }

    /// `EnvironmentFile=` that has to be there. Of a pattern, which files there are only shows later.
    fn files(&mut self) -> Vec<Named> {
        let lines: Vec<Assignment> = self.file.all(&self.section, "EnvironmentFile").into_iter().cloned().collect();
        let mut found = Vec::new();
        for line in lines.iter().filter(|line| !line.value.starts_with('-')) {
            let Some(value) = self.expanded(line, &line.value) else { continue };
            if !value.starts_with('/') {
                self.refuse(&line.place, format!("EnvironmentFile= `{}` is not absolute", value.escape_debug()));
            } else if !value.contains(['*', '?', '[']) && !is_passing(&value) {
                found.push(Named { key: line.key.clone(), value, place: line.place.clone() });
            }
        }
        found
    }

    fn folders(&mut self) -> Vec<Named> {
        let Some(line) = self.last("WorkingDirectory").filter(|line| !line.value.starts_with('-')).cloned() else {
            return Vec::new();
        };
        let Some(value) = self.expanded(&line, &line.value) else { return Vec::new() };
        if value != "~" && !value.starts_with('/') {
            self.refuse(&line.place, format!("WorkingDirectory= `{}` is not absolute", value.escape_debug()));
            return Vec::new();
        }
        let value = if value.starts_with('/') { simple(&value) } else { value };
        if value == "~" || is_passing(&value) || self.makes(&value) {
            return Vec::new();
        }
        vec![Named { key: line.key.clone(), value, place: line.place }]
    }

    /// Paths of [`PATHS`] without a `-` before them.
    fn paths(&mut self) -> Vec<Named> {
        if !["Service", "Socket", "Mount", "Swap"].contains(&self.section.as_str()) {
            return Vec::new();
        }
        let lines: Vec<Assignment> = PATHS.iter().flat_map(|key| self.file.all(&self.section, key)).cloned().collect();
        let mut found = Vec::new();
        for line in &lines {
            let words = match Words::all(&line.value) {
                Ok(words) => words,
                Err(reason) => {
                    self.refuse(&line.place, format!("{}= {reason}", line.key));
                    continue;
                }
            };
            // A `+` only says whose root it is below, and there is one.
            for word in words.iter().filter(|word| !word.starts_with('-')) {
                let word = word.strip_prefix('+').unwrap_or(word);
                let Some(value) = self.expanded(line, word) else { continue };
                let value = if line.key.starts_with("Bind") { source_of(&value) } else { value };
                if !value.starts_with('/') {
                    self.refuse(&line.place, format!("{}= `{}` is not absolute", line.key, value.escape_debug()));
                    continue;
                }
                let value = simple(&value);
                if value != "/" && !is_passing(&value) && !self.makes(&value) {
                    found.push(Named { key: line.key.clone(), value, place: line.place.clone() });
                }
            }
        }
        found
    }

    /// The unit that a timer, path, socket or automount starts: the one that it names, else that of its own name.
    fn starts(&mut self) -> Option<Named> {
        let (key, kind) = match self.section.as_str() {
            "Timer" | "Path" => ("Unit", "service"),
            "Socket" => ("Service", "service"),
            "Automount" => ("", "mount"),
            _ => return None,
        };
        let own = self.names[0].stem().to_owned();
        let Some(line) = self.last(key).cloned() else {
            let each = self.section == "Socket"
                && self.last("Accept").is_some_and(|line| is_yes(&line.value))
                && self.unit.instance().is_none();
            let at = if each { "@" } else { "" };
            return Some(Named { key: String::new(), value: format!("{own}{at}.{kind}"), place: self.path.to_owned() });
        };
        if asks_the_machine(&line.value) {
            return None;
        }
        let value = match expand(&line.value, &self.names[0], self.path) {
            Ok(value) => value,
            Err(reason) => {
                self.refuse(&line.place, format!("{key}= {reason}"));
                return None;
            }
        };
        if UnitName::new(&value).is_err() {
            self.refuse(&line.place, format!("{key}= `{}` is no unit", value.escape_debug()));
            return None;
        }
        Some(Named { key: key.to_owned(), value, place: line.place })
    }

    /// Whether systemd makes a folder for this unit, or one below it.
    fn makes(&self, folder: &str) -> bool {
        self.made().iter().any(|own| own == folder || own.starts_with(&format!("{folder}/")))
    }

    /// The folders that systemd makes for this unit.
    fn made(&self) -> Vec<String> {
        let of = |(key, root): &(&str, &str)| {
            let lines = self.file.all(&self.section, key);
            let words = lines.iter().flat_map(|line| Words::all(&line.value).unwrap_or_default());
            let names = words.filter_map(|word| expand(&word, &self.names[0], self.path).ok());
            names
                .map(|name| simple(&format!("{root}/{}", name.split(':').next().unwrap_or_default())))
                .collect::<Vec<_>>()
        };
        FOLDERS.iter().flat_map(of).collect()
    }

    fn installs(&self) -> bool {
        ["WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also"]
            .iter()
            .any(|key| !self.file.all("Install", key).is_empty())
    }

    fn targets(&mut self) -> Vec<Named> {
        // Units of other kinds another package may bring.
        let keys = ["WantedBy", "RequiredBy", "UpheldBy"];
        let all: Vec<Named> = keys.iter().flat_map(|key| self.installed(key)).collect();
        all.into_iter().filter(|one| one.value.ends_with(".target")).collect()
    }

    fn also(&mut self) -> Vec<Named> {
        self.installed("Also")
    }

    /// The units that a key of `[Install]` names.
    fn installed(&mut self, key: &str) -> Vec<Named> {
        let (found, wrong): (Vec<Named>, Vec<Named>) =
            self.words("Install", key).into_iter().partition(|one| UnitName::new(&one.value).is_ok());
        for one in wrong {
            self.refuse(&one.place, format!("{key}= `{}` is no unit", one.value.escape_debug()));
        }
        found
    }

    /// The units that `[Unit]` names; what is no unit's name systemd passes over.
    fn others(&mut self) -> Vec<Named> {
        let all: Vec<Named> = REQUIRING.iter().chain(&WANTING).flat_map(|key| self.words("Unit", key)).collect();
        let (found, others): (Vec<Named>, Vec<Named>) =
            all.into_iter().partition(|one| UnitName::new(&one.value).is_ok());
        let is_made = |name: &str| [".device", ".scope", ".snapshot"].iter().any(|end| name.ends_with(end));
        for one in others.iter().filter(|one| !is_made(&one.value)) {
            let whole = ["target", "service", "socket", "timer"].map(|kind| format!("{}.{kind}", one.value));
            let meant = whole.iter().find(|name| UnitName::new(name).is_ok_and(|unit| known::brought(&unit).is_some()));
            let meant = meant.map(|name| format!(", did you mean {name}?")).unwrap_or_default();
            self.refuse(&one.place, format!("{}= `{}` is no unit{meant}", one.key, one.value.escape_debug()));
        }
        found
    }

    /// The words of a key that adds up, those that are the same for every instance and on every machine.
    fn words(&mut self, section: &str, key: &str) -> Vec<Named> {
        let lines: Vec<Assignment> = self.file.all(section, key).into_iter().cloned().collect();
        let mut found = Vec::new();
        for line in &lines {
            for word in line.value.split_whitespace() {
                if let Some(value) = self.expanded(line, word) {
                    found.push(Named { key: key.to_owned(), value, place: line.place.clone() });
                }
            }
        }
        found
    }
}

/// A path without what says nothing: double slashes, `.`, a slash at its end.
fn simple(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

/// What is bound, of `source:destination:options`; a colon of the path has a backslash before it.
fn source_of(value: &str) -> String {
    let mut source = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            ':' => break,
            '\\' => source.extend(chars.next()),
            char => source.push(char),
        }
    }
    source
}

fn is_passing(path: &str) -> bool {
    PASSING.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests;
