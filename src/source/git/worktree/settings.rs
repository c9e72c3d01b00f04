//! The few settings of git that apply to the project's checkout: some of the user's, and of the repository only those that say how
//! it is stored. A repository has no say in what is a change.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    ask,
    error::WorktreeError,
    place::Place,
    plain::{self, broken},
};

/// The largest configuration of a repository, in bytes.
pub const LARGEST_CONFIG: u64 = 1 << 20;

/// Settings of the user that are taken over, and the words that they may have; git's own grammar of truth is brought to two of
/// them.
const TAKEN: [(&str, &[&str]); 5] = [
    ("core.filemode", &["true", "false"]),
    ("core.symlinks", &["true", "false"]),
    ("core.ignorecase", &["true", "false"]),
    ("core.autocrlf", &["true", "false", "input"]),
    ("core.eol", &["lf", "crlf", "native"]),
];

/// What is set where the user says nothing: file systems are as this program needs them.
const USUAL: [(&str, &str); 3] = [("core.filemode", "true"), ("core.ignorecase", "false"), ("core.symlinks", "true")];

/// Extensions of a repository's format that change nothing of what is read here, or that are read (`objectformat`).
const EXTENSIONS: [&str; 8] = [
    "noop",
    "noop-v1",
    "objectformat",
    "compatobjectformat",
    "partialclone",
    "preciousobjects",
    "relativeworktrees",
    "worktreeconfig",
];

/// The settings that git is asked with.
#[derive(Debug, Default)]
pub struct Settings {
    /// Settings of ours, by their names.
    pub values: BTreeMap<&'static str, String>,
    /// Whether objects are named by SHA-256.
    pub sha256: bool,
    /// The user's own list of files that are no change, where one is configured.
    pub excludes: Option<PathBuf>,
}

/// What the user has configured, each key with its values in git's order.
#[derive(Debug, Default)]
pub struct User(BTreeMap<String, Vec<String>>);

impl User {
    /// Asks git. A repository's own configuration is none of the user's.
    pub fn ask(root: &Path) -> Result<Self, WorktreeError> {
        let names = "^(safe\\.directory|core\\.(excludesfile|filemode|symlinks|ignorecase|autocrlf|eol))$";
        let answer = ask::as_user(&["config", "-z", "--get-regexp", names], root)?;
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // 1 is git's word for "none of them is set".
        let listed = if answer.code == Some(1) { Vec::new() } else { answer.good(root)? };
        for (key, value) in entries(&listed) {
            found.entry(key).or_default().push(value);
        }
        Ok(Self(found))
    }

    /// Whether the user has said that a checkout is trusted, whoever owns it (`safe.directory` in git-config(1)).
    pub fn trusts(&self, root: &Path) -> bool {
        let values = self.0.get("safe.directory").map(Vec::as_slice).unwrap_or_default();
        values.iter().fold(false, |trusted, value| match value.as_str() {
            // An empty one takes back those before it.
            "" => false,
            "*" => true,
            value => {
                let real = |path: &str| fs_err::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
                trusted
                    || match value.strip_suffix("/*") {
                        Some(above) => root.starts_with(real(above)),
                        None => real(value) == root,
                    }
            }
        })
    }

    /// The file of `core.excludesFile`.
    fn excludes(&self, root: &Path) -> Result<Option<PathBuf>, WorktreeError> {
        if !self.0.contains_key("core.excludesfile") {
            return Ok(None);
        }
        let path = ask::as_user(&["config", "-z", "--path", "--get", "core.excludesFile"], root)?.good(root)?;
        let path = String::from_utf8_lossy(&path).trim_end_matches('\0').to_owned();
        Ok(Some(PathBuf::from(path)).filter(|path| path.is_absolute()))
    }
}

impl Settings {
    /// The settings for a checkout. `copy` is where a copy of the repository's configuration may be put.
    pub fn read(place: &Place, user: &User, copy: &Path) -> Result<Self, WorktreeError> {
        let mut settings = Self { excludes: user.excludes(&place.root)?, ..Self::default() };
        for (key, values) in &user.0 {
            for value in values {
                settings.take(key, value);
            }
        }
        let file = place.common.join("config");
        if !plain::copy(&file, copy, LARGEST_CONFIG)? {
            return Ok(settings);
        }
        let home = copy.parent().unwrap_or(copy);
        let words = ["--git-dir=/nonexistent", "config", "-z", "--no-includes", "--list", "--file"];
        let words: Vec<_> = words.iter().map(std::ffi::OsStr::new).chain([copy.as_os_str()]).collect();
        let listed = ask::run(&mut ask::alone(home, home, &words), std::process::Stdio::null(), 4 << 20, &place.root)?;
        if listed.code != Some(0) {
            return Err(broken(&file, "is no configuration that git reads"));
        }
        for (key, value) in entries(&listed.output) {
            match key.strip_prefix("extensions.") {
                Some("objectformat") if value == "sha256" => settings.sha256 = true,
                Some("objectformat") if value == "sha1" => {}
                Some("refstorage") if value == "files" => {}
                Some(name) if EXTENSIONS.contains(&name) && name != "objectformat" => {}
                Some(name) => {
                    let name = name.escape_debug().to_string();
                    return Err(WorktreeError::Extension { root: place.root.clone(), name });
                }
                None => {}
            }
        }
        Ok(settings)
    }

    fn take(&mut self, key: &str, value: &str) {
        let Some((name, words)) = TAKEN.iter().find(|(name, _)| *name == key) else { return };
        let value = match value.to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" => "true".to_owned(),
            "no" | "off" | "0" | "" => "false".to_owned(),
            other => other.to_owned(),
        };
        if words.contains(&value.as_str()) {
            self.values.insert(name, value);
        }
    }

    /// The whole configuration of a git dir of our own.
    pub fn text(&self) -> String {
        let mut text = String::from("[core]\n\tbare = false\n\tfsmonitor = false\n\thooksPath = /dev/null\n");
        text += "\tuntrackedCache = false\n";
        // Notes of a repository on its own objects, which are not held against them: a forged one has other times and trees.
        text += "\tcommitGraph = false\n\tmultiPackIndex = false\n";
        text += &format!("\trepositoryFormatVersion = {}\n", u8::from(self.sha256));
        let usual = USUAL.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let values: BTreeMap<_, _> = usual.chain(self.values.clone()).collect();
        for (name, value) in values {
            text += &format!("\t{} = {value}\n", name.trim_start_matches("core."));
        }
        if let Some(path) = self.excludes.as_ref().and_then(|path| path.to_str()) {
            let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            text += &format!("\texcludesFile = \"{escaped}\"\n");
        }
        if self.sha256 {
            text += "[extensions]\n\tobjectFormat = sha256\n";
        }
        text
    }
}

/// `<key>LF<value>NUL`, as `git config -z` writes it; a key alone is true.
pub fn entries(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let entry = |entry: &str| match entry.split_once('\n') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (entry.to_owned(), "true".to_owned()),
    };
    text.split('\0').filter(|text| !text.is_empty()).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_words_are_taken() {
        let mut settings = Settings::default();
        for (key, value) in [
            ("core.filemode", "No"),
            ("core.autocrlf", "input"),
            ("core.eol", "x\n\tfsmonitor = touch /tmp/x"),
            ("core.fsmonitor", "touch /tmp/x"),
        ] {
            settings.take(key, value);
        }
        settings.excludes = Some(PathBuf::from("/home/a \"b\"\n/ignore"));
        insta::assert_snapshot!(settings.text(), @r#"
        [core]
        	bare = false
        	fsmonitor = false
        	hooksPath = /dev/null
        	untrackedCache = false
        	commitGraph = false
        	multiPackIndex = false
        	repositoryFormatVersion = 0
        	autocrlf = input
        	filemode = false
        	ignorecase = false
        	symlinks = true
        	excludesFile = "/home/a \"b\"\n/ignore"
        "#);
    }

    #[test]
    fn trust_is_said_as_git_reads_it() {
        let trusts = |values: &[&str], root: &str| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            User([("safe.directory".to_owned(), values)].into()).trusts(Path::new(root))
        };
        assert!(trusts(&["/srv/a"], "/srv/a") && trusts(&["*"], "/srv/a") && trusts(&["/srv/*"], "/srv/a"));
        assert!(!trusts(&["/srv/a"], "/srv/b") && !trusts(&["*", ""], "/srv/a") && !trusts(&["/srv"], "/srv/a"));
    }
}
