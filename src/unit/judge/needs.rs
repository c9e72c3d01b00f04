//! What a unit has to find where it is installed: programs, files, accounts and other units, each with the line that names it.

use crate::unit::interpreted::Script;

/// One thing that a unit names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key that names it.
    pub key: String,
    /// Its name or path.
    pub value: String,
    /// Where.
    pub place: String,
}

/// A script that a unit has an interpreter run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its key, its absolute path and where it is named.
    pub named: Named,
    /// How the interpreter takes it.
    pub script: Script,
}

/// What a unit has to find where it is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Programs: absolute, or names that are looked for in `search`.
    pub programs: Vec<Named>,
    /// Where it looks for programs by their names, instead of systemd's own path (`ExecSearchPath=`); empty where it does not say.
    pub search: Vec<String>,
    /// Scripts that interpreters are told to run.
    pub scripts: Vec<Run>,
    /// Files of variables.
    pub files: Vec<Named>,
    /// Working folders.
    pub folders: Vec<Named>,
    /// Files or folders.
    pub paths: Vec<Named>,
    /// The unit that it starts; of an instance, its template will do.
    pub starts: Option<Named>,
    /// Users, by name or number.
    pub users: Vec<Named>,
    /// Groups.
    pub groups: Vec<Named>,
    /// Targets that are to want it.
    pub targets: Vec<Named>,
    /// Units that are enabled with it.
    pub also: Vec<Named>,
    /// Other units that it names in `[Unit]`.
    pub others: Vec<Named>,
    /// Folders that systemd makes for it.
    pub made: Vec<String>,
    /// Whether there is anything for `enable` to do.
    pub installs: bool,
}
