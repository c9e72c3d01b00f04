//! [`Service`]: what a service's unit file asks for, as far as a command can be run by it without systemd.

use super::{
    Command, Stop, UnitError, UnitFile, UnitName, environment::assignments, file::Assignment, specifier::expand,
    words::Words,
};

/// How a service's start is known to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its process runs until it is stopped. `simple`, `exec` and `idle`; also `notify` and `dbus`, whose word that
    /// they are ready is not heard here.
    Running,
    /// `oneshot`: its commands end by themselves, one after the other.
    Oneshot,
}

/// `WorkingDirectory=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingDirectory {
    /// The folder; `None` for the user's home (`~`).
    pub path: Option<String>,
    /// It need not be there (`-`).
    pub optional: bool,
}

/// `EnvironmentFile=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// Its path, absolute.
    pub path: String,
    /// It need not be there (`-`).
    pub optional: bool,
    /// Where the unit names it.
    pub place: String,
}

/// `RuntimeDirectory=` and its kin: folders that systemd makes for the service's user before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The variable that names them: `RUNTIME_DIRECTORY`.
    pub variable: &'static str,
    /// The folders.
    pub folders: Vec<Folder>,
}

/// One of [`Folders`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its path, absolute.
    pub path: String,
    /// Its mode in octal.
    pub mode: String,
    /// Whether it belongs to root all the same (configuration).
    pub of_root: bool,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// How its start is over.
    pub kind: Kind,
    /// `User=`.
    pub user: Option<String>,
    /// `Group=`.
    pub group: Option<String>,
    /// `WorkingDirectory=`.
    pub working: WorkingDirectory,
    /// `Environment=`, in order.
    pub environment: Vec<(String, String)>,
    /// `EnvironmentFile=`, in order; their variables win.
    pub environment_files: Vec<EnvironmentFile>,
    /// `UnsetEnvironment=`.
    pub unset: Vec<String>,
    /// `UMask=` in octal.
    pub umask: String,
    /// Folders to make.
    pub folders: Vec<Folders>,
    /// `ExecStartPre=`.
    pub before: Vec<Command>,
    /// `ExecStart=`.
    pub start: Vec<Command>,
    /// How it is stopped.
    pub stop: Stop,
    /// What its `[Service]` says beyond that: only systemd can do it.
    pub left_out: Vec<String>,
}

/// The keys that are followed, or that mean nothing to one run: whether it is started again, how long it may take, where
/// its output goes. Containers never give new privileges.
const FOLLOWED: &str = "\
    Type User Group WorkingDirectory Environment EnvironmentFile UnsetEnvironment UMask RuntimeDirectory \
    RuntimeDirectoryMode StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode LogsDirectory \
    LogsDirectoryMode ConfigurationDirectory ConfigurationDirectoryMode ExecStart ExecStartPre ExecReload KillMode \
    KillSignal TimeoutStartSec TimeoutStopSec TimeoutSec SuccessExitStatus Restart RestartSec \
    RestartPreventExitStatus SyslogIdentifier StandardOutput StandardError NoNewPrivileges";

/// What systemd makes below which folder.
const FOLDERS: [(&str, &str, &str); 5] = [
    ("RuntimeDirectory", "/run", "RUNTIME_DIRECTORY"),
    ("StateDirectory", "/var/lib", "STATE_DIRECTORY"),
    ("CacheDirectory", "/var/cache", "CACHE_DIRECTORY"),
    ("LogsDirectory", "/var/log", "LOGS_DIRECTORY"),
    ("ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY"),
];

impl Service {
    /// What the file at `path` asks for under this name.
    ///
    /// # Errors
    /// [`UnitError`]: what systemd would refuse, and what cannot be run without it.
    pub fn from_file(file: &UnitFile, unit: &UnitName, path: &str) -> Result<Self, UnitError> {
        Reader { file, unit, path }.service()
    }
}

struct Reader<'a> {
    file: &'a UnitFile,
    unit: &'a UnitName,
    path: &'a str,
}

impl Reader<'_> {
    fn service(&self) -> Result<Service, UnitError> {
        self.can_be_run()?;
        let kind = self.kind()?;
        let start = self.commands("ExecStart")?;
        if start.is_empty() || (kind == Kind::Running && start.len() > 1) {
            let reason = match start.len() {
                0 => "there is no ExecStart=",
                _ => "it has several ExecStart=, which only Type=oneshot may",
            };
            return Err(error(self.unit.as_str(), reason));
        }
        let (user, group) = (self.text("User")?, self.text("Group")?);
        let mut environment = Vec::new();
        for line in self.lines("Environment") {
            environment.extend(at(line, assignments(&line.value, self.unit, self.path))?);
        }
        let mut unset = Vec::new();
        for line in self.lines("UnsetEnvironment") {
            unset.extend(at(line, Words::all(&line.value))?);
        }
        Ok(Service {
            kind,
            user,
            group,
            working: self.working()?,
            environment,
            environment_files: self
                .lines("EnvironmentFile")
                .iter()
                .map(|line| self.environment_file(line))
                .collect::<Result<_, _>>()?,
            unset,
            umask: self.mode("UMask", "0022")?,
            folders: self.folders()?,
            before: self.commands("ExecStartPre")?,
            start,
            stop: Stop::from_file(self.file).map_err(|(place, reason)| error(&place, reason))?,
            left_out: self.left_out(),
        })
    }

    fn lines(&self, key: &str) -> Vec<&Assignment> {
        self.file.all("Service", key)
    }

    fn can_be_run(&self) -> Result<(), UnitError> {
        if self.unit.kind() != "service" || self.unit.is_template() {
            return Err(error(self.unit.as_str(), "only a service, or an instance of a template, can be run"));
        }
        let set = |key| self.file.last("Service", key);
        if let Some(line) =
            set("DynamicUser").filter(|line| matches!(line.value.as_str(), "1" | "yes" | "true" | "on" | "y" | "t"))
        {
            return Err(error(&line.place, "DynamicUser= needs systemd itself"));
        }
        match ["RootDirectory", "RootImage"].into_iter().find_map(set) {
            Some(line) => Err(error(&line.place, format!("{}= needs systemd itself", line.key))),
            None => Ok(()),
        }
    }

    fn kind(&self) -> Result<Kind, UnitError> {
        let Some(line) = self.file.last("Service", "Type") else { return Ok(Kind::Running) };
        match line.value.as_str() {
            "simple" | "exec" | "idle" | "notify" | "notify-reload" | "dbus" => Ok(Kind::Running),
            "oneshot" => Ok(Kind::Oneshot),
            "forking" => {
                Err(error(&line.place, "Type=forking cannot be run by this test; use Type=exec without forking"))
            }
            other => Err(error(&line.place, format!("Type= `{}` is none", other.escape_debug()))),
        }
    }

    /// A text with its specifiers replaced.
    fn text(&self, key: &str) -> Result<Option<String>, UnitError> {
        let Some(line) = self.file.last("Service", key) else { return Ok(None) };
        at(line, expand(&line.value, self.unit, self.path)).map(Some)
    }

    fn commands(&self, key: &str) -> Result<Vec<Command>, UnitError> {
        let mut commands = Vec::new();
        for line in self.lines(key) {
            commands.extend(at(line, Command::parse(line, self.unit, self.path))?);
        }
        Ok(commands)
    }

    /// An absolute path behind an optional `-`.
    fn optional_path(&self, line: &Assignment) -> Result<(String, bool), UnitError> {
        let (value, optional) = line.value.strip_prefix('-').map_or((line.value.as_str(), false), |rest| (rest, true));
        let path = at(line, expand(value, self.unit, self.path))?;
        if path.starts_with('/') || path == "~" {
            return Ok((path, optional));
        }
        Err(error(&line.place, format!("{}= `{}` is not absolute", line.key, path.escape_debug())))
    }

    fn working(&self) -> Result<WorkingDirectory, UnitError> {
        let Some(line) = self.file.last("Service", "WorkingDirectory") else {
            return Ok(WorkingDirectory { path: Some("/".to_owned()), optional: false });
        };
        let (path, optional) = self.optional_path(line)?;
        Ok(WorkingDirectory { path: (path != "~").then_some(path), optional })
    }

    fn environment_file(&self, line: &Assignment) -> Result<EnvironmentFile, UnitError> {
        let (path, optional) = self.optional_path(line)?;
        if path.contains(['*', '?', '[']) || path == "~" {
            return Err(error(&line.place, "EnvironmentFile= with a pattern cannot be read by this test"));
        }
        Ok(EnvironmentFile { path, optional, place: line.place.clone() })
    }

    fn mode(&self, key: &str, default: &str) -> Result<String, UnitError> {
        let Some(line) = self.file.last("Service", key) else { return Ok(default.to_owned()) };
        let octal =
            u32::from_str_radix(&line.value, 8).is_ok_and(|mode| mode <= 0o7777) && !line.value.starts_with('+');
        if octal { Ok(line.value.clone()) } else { Err(error(&line.place, format!("{key}= is no octal mode"))) }
    }

    fn folders(&self) -> Result<Vec<Folders>, UnitError> {
        let mut all = Vec::new();
        for (key, root, variable) in FOLDERS {
            let mode = self.mode(&format!("{key}Mode"), "0755")?;
            let mut folders = Vec::new();
            for line in self.lines(key) {
                for word in at(line, Words::all(&line.value))? {
                    let name = at(line, expand(&word, self.unit, self.path))?;
                    // What follows a colon is one more name, a link (systemd 251 on).
                    let name = name.split(':').next().unwrap_or_default();
                    if name.is_empty() || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
                        return Err(error(&line.place, format!("{key}= names no folder below {root}")));
                    }
                    let of_root = key == "ConfigurationDirectory";
                    folders.push(Folder { path: format!("{root}/{name}"), mode: mode.clone(), of_root });
                }
            }
            if !folders.is_empty() {
                all.push(Folders { variable, folders });
            }
        }
        Ok(all)
    }

    fn left_out(&self) -> Vec<String> {
        let keys = self.file.keys("Service");
        let followed = |key: &str| FOLLOWED.split(' ').any(|known| known == key);
        keys.into_iter().filter(|key| !followed(key)).map(str::to_owned).collect()
    }
}

fn at<T>(line: &Assignment, result: Result<T, String>) -> Result<T, UnitError> {
    result.map_err(|reason| error(&line.place, format!("{}= {reason}", line.key)))
}

fn error(place: &str, reason: impl Into<String>) -> UnitError {
    UnitError { place: place.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
