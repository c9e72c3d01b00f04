//! The programs that a unit's commands start, and the scripts that interpreters among them are told to run.

use super::{Judge, Named, Run, is_passing, simple};
use crate::unit::{
    Command, UnitName,
    file::Assignment,
    interpreted::{self, Interpreted},
    specifier::{asks_the_machine, expand, with_facts},
};

/// Commands of a service (systemd.service(5)).
const COMMANDS: [&str; 7] =
    ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];
/// Commands of the other kinds.
const OTHER_COMMANDS: [&str; 4] = ["ExecStartPre", "ExecStartPost", "ExecStopPre", "ExecStopPost"];
impl Judge<'_> {
    /// The programs that its commands start, and the scripts that interpreters among them are told to run.
    pub(super) fn programs(&mut self) -> (Vec<Named>, Vec<Run>) {
        let keys: &[&str] = match self.section.as_str() {
            "Service" => &COMMANDS,
            "Socket" => &OTHER_COMMANDS,
            _ => return Default::default(),
        };
        let lines: Vec<Assignment> = keys.iter().flat_map(|key| self.file.all(&self.section, key)).cloned().collect();
        let folder = self.working_folder();
        let (mut programs, mut scripts) = (Vec::new(), Vec::new());
        for line in &lines {
            // What the machine tells the program is nothing to us, unless it is the program itself.
            let with = |fact: &str, name: &UnitName| {
                let line = Assignment { value: with_facts(&line.value, fact), ..line.clone() };
                Command::parse(&line, name, self.path)
            };
            let [one, two] = [with("one", &self.names[0]), with("two", &self.names[1])];
            let commands = match (one, two) {
                (Ok(one), Ok(two)) => one.into_iter().zip(two),
                (Err(reason), _) | (_, Err(reason)) => {
                    self.refuse(&line.place, format!("{}= {reason}", line.key));
                    continue;
                }
            };
            let named = |value: String| Named { key: line.key.clone(), value, place: line.place.clone() };
            for (one, two) in commands.filter(|(one, _)| !one.may_fail) {
                if one.program == two.program {
                    programs.push(named(one.program.clone()));
                }
                let Interpreted { programs: also, script } = run_by(&one, &two);
                programs.extend(also.into_iter().map(named));
                let placed = script.and_then(|script| Some((in_folder(&script.path, folder.as_deref())?, script)));
                scripts.extend(placed.map(|(path, script)| Run { named: named(path), script }));
            }
        }
        scripts.retain(|run: &Run| !is_passing(&run.named.value));
        (programs, scripts)
    }

    /// Where its commands run, where that is known here: `/` where it says nothing.
    fn working_folder(&mut self) -> Option<String> {
        let Some(line) = self.last("WorkingDirectory").cloned() else {
            return (!self.is_part && self.section == "Service").then(|| "/".to_owned());
        };
        let value = line.value.strip_prefix('-').unwrap_or(&line.value);
        // What is wrong with it is said where folders are looked at.
        let [one, two] = self.names.each_ref().map(|name| expand(value, name, self.path).ok());
        one.filter(|one| {
            one.starts_with('/') && Some(one) == two.as_ref() && !asks_the_machine(value) && !self.makes(&simple(one))
        })
    }
}

/// What a command runs beside its program, where that is the same for every instance on every machine.
fn run_by(one: &Command, two: &Command) -> Interpreted {
    let [one, two] = [one, two].map(|command| interpreted::of(&command.program, &command.arguments));
    let programs = one.programs.into_iter().zip(&two.programs).filter(|(one, two)| one == *two);
    Interpreted {
        programs: programs.map(|(one, _)| one).collect(),
        script: one.script.filter(|script| Some(script) == two.script.as_ref()),
    }
}

/// The absolute path of a script that is run in a folder, where that is known.
fn in_folder(path: &str, folder: Option<&str>) -> Option<String> {
    if path.starts_with('/') {
        return Some(simple(path));
    }
    let whole = format!("{}/{path}", folder?);
    (!path.split('/').any(|part| part == "..")).then(|| simple(&whole))
}
