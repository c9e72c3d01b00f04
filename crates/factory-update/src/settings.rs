//! What a machine is set to: defaults, the agent's own file, the environment, the command line; the later wins.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use factory_tuf::Window;
use semver::Version;
use serde::Deserialize;

use crate::{
    agent::{Health, Manager},
    disk::{Disk as _, Real},
    download::Bounds,
    feed::Patience,
};

/// The agent's file, by the names that it has had.
const FILES: [&str; 2] = ["agent_config.json", "config.json"];

/// The largest one.
const LIMIT: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program.
    pub program: PathBuf,
    /// Where the feed is.
    pub feed: String,
    /// The root that was installed.
    pub root: PathBuf,
    /// The program's name in the feed.
    pub product: String,
    /// `linux-x86_64`.
    pub platform: String,
    /// What it follows.
    pub channel: String,
    /// Who says that nothing is to be updated; `None` where nothing does.
    pub disabled: Option<String>,
    /// Between two checks.
    pub interval: Duration,
    /// Which machine this is.
    pub machine: Option<String>,
    /// Which version the agent's file says that it is.
    pub version: Option<Version>,
    /// Whether it goes to another major version by itself.
    pub major: bool,
    /// When it may be updated.
    pub window: Option<Window>,
    /// How many backups are kept.
    pub backups: usize,
    /// What a download may take.
    pub bounds: Bounds,
    /// How long servers may take.
    pub patience: Patience,
    /// Who runs the program; a process of its own where nothing does.
    pub manager: Option<Manager>,
    /// Arguments that it is started with.
    pub args: Vec<String>,
    /// Its pid file.
    pub pid_file: PathBuf,
    /// How long it may take to stop.
    pub stop: Duration,
    /// What a new version has to show.
    pub health: Health,
}

/// What is set cannot be used. Nothing is updated then: a guess could take a machine to another channel or server.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file.
    #[error("the settings in `{path}` cannot be used: {why}")]
    File {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// A variable.
    #[error("{name}={value:?} cannot be used: {wanted}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        wanted: &'static str,
    },
    /// The environment.
    #[error("{0}")]
    NotText(String),
    /// Something that has no default.
    #[error("{0}")]
    Missing(&'static str),
}

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--program`.
    pub program: Option<PathBuf>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--feed`.
    pub feed: Option<String>,
    /// `--channel`.
    pub channel: Option<String>,
    /// `--interval`, in seconds.
    pub interval: Option<u64>,
    /// `--allow-major`.
    pub major: bool,
}

/// The agent's file. What else is in it is the agent's own.
#[derive(Debug, Default, Deserialize)]
struct File {
    update_channel: Option<String>,
    disable_auto_update: Option<bool>,
    update_check_interval: Option<u64>,
    api_url: Option<String>,
    machine_id: Option<String>,
    version: Option<Version>,
    #[serde(default)]
    update: Own,
}

/// The updater's own part of it: `update`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Own {
    url: Option<String>,
    root: Option<PathBuf>,
    product: Option<String>,
    platform: Option<String>,
    allow_major: bool,
    window: Option<Window>,
    backups: Option<usize>,
    largest: Option<u64>,
    speed_limit: Option<u64>,
    minimum_speed: Option<u64>,
    answer_seconds: Option<u64>,
    manager: Option<Manager>,
    args: Vec<String>,
    pid_file: Option<PathBuf>,
    stop_seconds: Option<u64>,
    health_seconds: Option<u64>,
    version_args: Vec<String>,
    health_command: Vec<String>,
}

/// Reads a variable; the environment, or that of a test.
pub type Variable<'a> = &'a dyn Fn(&str) -> Result<Option<String>, String>;

impl Settings {
    /// Of all four.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn read(given: Given, variable: Variable) -> Result<Self, SettingsError> {
        let program = given.program.ok_or(SettingsError::Missing("--program says which program is updated"))?;
        // It is started in its own folder, where a relative path would lead elsewhere.
        let program = std::path::absolute(&program).unwrap_or(program);
        let folder =
            program.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let file = read_file(&folder, given.config)?;
        let own = file.update;
        let seconds = |number: Option<u64>, default| Duration::from_secs(number.unwrap_or(default));
        let disabled = disabled(file.disable_auto_update, variable)?;
        let feed = given.feed.or(own.url).or_else(|| file.api_url.as_deref().map(beside_api));
        let feed =
            feed.ok_or(SettingsError::Missing("nothing says where the feed is: `update.url`, `api_url`, or --feed"))?;
        let channel = given.channel.or(text("SYSTRACKER_UPDATE_CHANNEL", variable)?).or(file.update_channel);
        let interval = given.interval.or(interval(variable)?).or(file.update_check_interval);
        let stem = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let patience = Patience::default();
        let patience = Patience {
            answer: seconds(own.answer_seconds, patience.answer.as_secs()),
            body: seconds(own.answer_seconds, patience.body.as_secs()),
            speed: own.minimum_speed.unwrap_or(patience.speed),
        };
        Ok(Self {
            root: folder.join(own.root.unwrap_or_else(|| "update_root.json".into())),
            product: own.product.unwrap_or(stem),
            platform: own.platform.unwrap_or_else(|| format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)),
            channel: channel.unwrap_or_else(|| "stable".to_owned()),
            disabled,
            interval: Duration::from_secs(interval.unwrap_or(3600).max(60)),
            machine: file.machine_id.filter(|id| !id.is_empty()).or_else(machine_id),
            version: file.version,
            major: given.major || own.allow_major,
            window: own.window,
            backups: own.backups.unwrap_or(3).clamp(1, 20),
            bounds: Bounds { size: own.largest.unwrap_or(1 << 30), speed: own.speed_limit.unwrap_or(0) },
            patience,
            manager: own.manager,
            args: own.args,
            pid_file: folder.join(own.pid_file.unwrap_or_else(|| "agent.pid".into())),
            stop: seconds(own.stop_seconds, 15),
            health: Health {
                time: seconds(own.health_seconds, 30),
                version: own.version_args,
                command: own.health_command,
            },
            program,
            feed,
        })
    }
}

/// The file that is named, or the first one beside the program; nothing where there is none.
fn read_file(folder: &Path, named: Option<PathBuf>) -> Result<File, SettingsError> {
    let must = named.is_some();
    let candidates = named.map_or_else(|| FILES.map(|name| folder.join(name)).to_vec(), |path| vec![path]);
    for path in candidates {
        let wrong = |why: String| SettingsError::File { path: path.display().to_string(), why };
        match Real.read(&path, LIMIT).map_err(|error| wrong(error.to_string()))? {
            // Programs of Windows write a mark in front.
            Some(bytes) => {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
                return serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()));
            }
            None if must => return Err(wrong("it is not there".to_owned())),
            None => {}
        }
    }
    Ok(File::default())
}

/// `https://host/api` has its feed at `https://host/updates`: only the last part is another one, whatever the host's name is.
fn beside_api(api: &str) -> String {
    let base = api.trim_end_matches('/');
    format!("{}/updates", base.strip_suffix("/api").unwrap_or(base))
}

fn text(name: &'static str, variable: Variable) -> Result<Option<String>, SettingsError> {
    Ok(variable(name).map_err(SettingsError::NotText)?.filter(|value| !value.is_empty()))
}

fn disabled(file: Option<bool>, variable: Variable) -> Result<Option<String>, SettingsError> {
    const NAME: &str = "SYSTRACKER_DISABLE_UPDATES";
    let by = |who: &str, is: bool| is.then(|| who.to_owned());
    let Some(value) = text(NAME, variable)? else { return Ok(by("disable_auto_update", file == Some(true))) };
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(by(NAME, true)),
        "0" | "false" | "no" | "off" => Ok(None),
        _ => Err(SettingsError::Variable { name: NAME, value, wanted: "true or false" }),
    }
}

fn interval(variable: Variable) -> Result<Option<u64>, SettingsError> {
    for name in ["SYSTRACKER_UPDATE_INTERVAL", "UPDATE_CHECK_INTERVAL"] {
        if let Some(value) = text(name, variable)? {
            let wanted = "a number of seconds";
            return value.parse().map(Some).map_err(|_| SettingsError::Variable { name, value, wanted });
        }
    }
    Ok(None)
}

/// Of systemd and D-Bus.
fn machine_id() -> Option<String> {
    let read = |path: &str| Real.read(Path::new(path), 1024).ok().flatten();
    let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"].into_iter().find_map(read)?;
    Some(String::from_utf8(id).ok()?.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: Option<&str>, variables: &[(&str, &str)], given: Given) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            fs_err::write(folder.path().join("agent_config.json"), text).unwrap();
        }
        let found =
            |name: &str| Ok(variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
        Settings::read(Given { program: Some(folder.path().join("SysTracker_Agent.exe")), ..given }, &found)
    }

    const FILE: &str = r#"{"api_url": "https://api.example.com/api", "update_channel": "beta", "update_check_interval": 7200,
        "machine_id": "m-1", "version": "2.8.0", "api_key": "of the agent"}"#;

    #[test]
    fn the_later_wins() {
        let settings = read(Some(FILE), &[], Given::default()).unwrap();
        assert_eq!((settings.channel.as_str(), settings.interval.as_secs()), ("beta", 7200));
        assert_eq!(
            (settings.feed.as_str(), settings.product.as_str()),
            ("https://api.example.com/updates", "SysTracker_Agent")
        );
        assert_eq!((settings.machine.as_deref(), settings.version), (Some("m-1"), Some(Version::new(2, 8, 0))));
        let variables = [
            ("SYSTRACKER_UPDATE_CHANNEL", "stable"),
            ("UPDATE_CHECK_INTERVAL", "100"),
            ("SYSTRACKER_UPDATE_INTERVAL", "200"),
        ];
        let settings = read(Some(FILE), &variables, Given::default()).unwrap();
        assert_eq!((settings.channel.as_str(), settings.interval.as_secs()), ("stable", 200));
        let given = Given {
            channel: Some("nightly".into()),
            interval: Some(1),
            feed: Some("http://x".into()),
            ..Given::default()
        };
        let settings = read(Some(FILE), &variables, given).unwrap();
        assert_eq!(
            (settings.channel.as_str(), settings.interval.as_secs(), settings.feed.as_str()),
            ("nightly", 60, "http://x")
        );
    }

    #[test]
    fn updates_are_switched_off_by_whoever_says_so() {
        let off = r#"{"api_url": "https://x/api", "disable_auto_update": true}"#;
        let by = |file: &str, variables: &[(&str, &str)]| {
            read(Some(file), variables, Given::default()).map(|all| all.disabled)
        };
        assert_eq!(by(off, &[]).unwrap().as_deref(), Some("disable_auto_update"));
        assert_eq!(
            by(FILE, &[("SYSTRACKER_DISABLE_UPDATES", "True")]).unwrap().as_deref(),
            Some("SYSTRACKER_DISABLE_UPDATES")
        );
        assert_eq!(by(off, &[("SYSTRACKER_DISABLE_UPDATES", "0")]).unwrap(), None);
        assert!(by(FILE, &[("SYSTRACKER_DISABLE_UPDATES", "maybe")]).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_no_default() {
        for bad in [
            "",
            "{",
            "[]",
            r#"{"update_channel": 5}"#,
            r#"{"disable_auto_update": "yes"}"#,
            r#"{"update_check_interval": -1}"#,
            r#"{"version": "2.8"}"#,
            r#"{"update": {"windows": "x"}}"#,
            r#"{"update": {"window": "x"}}"#,
        ] {
            assert!(matches!(read(Some(bad), &[], Given::default()), Err(SettingsError::File { .. })), "{bad}");
        }
        assert!(matches!(read(Some("{}"), &[], Given::default()), Err(SettingsError::Missing(_))));
        let named = Given { config: Some("/no/such".into()), ..Given::default() };
        assert!(matches!(read(None, &[], named), Err(SettingsError::File { .. })));
        assert!(read(Some(FILE), &[("UPDATE_CHECK_INTERVAL", "1h")], Given::default()).is_err());
    }

    #[test]
    fn only_the_last_part_of_an_address_is_the_api() {
        assert_eq!(beside_api("https://api.example.com/api/"), "https://api.example.com/updates");
        assert_eq!(beside_api("https://example.com/apitest"), "https://example.com/apitest/updates");
    }
}
