//! `test-units`: systemd's own judgement of every unit of the packages. The tools it needs are installed only now,
//! after the clean installation was judged.

use std::collections::BTreeSet;

use super::{
    Finding, InstallTestError, TestTarget,
    container::{TestContainer, argv},
    error::tell,
};
use crate::{engine::Output as _, execute::StepOutput, unit::UnitName};

/// Installs the tools and lets systemd look at the units.
///
/// # Errors
/// The finding, with systemd's complaints.
pub async fn check(container: &TestContainer<'_>, output: &StepOutput) -> Result<String, InstallTestError> {
    let target = container.target;
    let units = target.unit_files();
    if units.is_empty() && target.units.is_empty() {
        return Ok("no units".to_owned());
    }
    let tools = argv(target.manager.add, &target.tools);
    container.succeed(tools, "what judges units should install", output).await?;
    if units.is_empty() {
        return Ok("no units in the packages".to_owned());
    }
    let names = runnable(units.keys(), target)?;
    // Without `--recursive-errors`, which systemd has only from 250 on: its exit code then says whether the units could
    // be started, and what it prints whether they were understood. Lines of units that are not ours mean nothing here.
    let command = argv(&["systemd-analyze", "verify", "--man=no"], names.iter().map(ToString::to_string));
    let shown = command.join(" ");
    output.line(&format!("$ {shown}"));
    let answer = container.ask(command).await?;
    tell(&answer.lines, output);
    let ours: BTreeSet<&str> = units.keys().chain(&names).map(UnitName::as_str).collect();
    let complaints = complaints(&answer.lines, &ours);
    match (answer.code, complaints.is_empty()) {
        (0, true) => {}
        (_, false) => return Err(found(&complaints).into()),
        (code, true) => {
            let message = format!("systemd should take the units, but `{shown}` ended with exit code {code}");
            return Err(Finding::new(message).with_last(&answer.lines).into());
        }
    }
    Ok(match names.len() {
        1 => "1 unit".to_owned(),
        count => format!("{count} units"),
    })
}

fn found(complaints: &[String]) -> Finding {
    Finding::new("systemd should take the units without a word, but it complains").with(complaints)
}

/// The units as they can be looked at: of a template an instance, one that the recipe tries where there is one.
fn runnable<'a>(
    units: impl Iterator<Item = &'a UnitName>,
    target: &TestTarget,
) -> Result<BTreeSet<UnitName>, InstallTestError> {
    let tried: Vec<UnitName> = target.units.iter().filter_map(|run| UnitName::new(run.unit()).ok()).collect();
    let mut names = BTreeSet::new();
    for unit in units {
        if !unit.is_template() {
            names.insert(unit.clone());
            continue;
        }
        let instances: Vec<&UnitName> = tried.iter().filter(|name| name.template().as_ref() == Some(unit)).collect();
        names.extend(instances.iter().copied().cloned());
        if instances.is_empty() {
            let instance = unit.with_instance("test").map_err(|error| InstallTestError::Internal(error.to_string()))?;
            names.insert(instance);
        }
    }
    Ok(names)
}

/// The lines that speak of our units: `/lib/systemd/system/x.service:4: …` and `x.service: …`. The same complaint about
/// a template comes once for each instance, and is kept once.
fn complaints(lines: &[String], ours: &BTreeSet<&str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        let place = line.split(':').next().unwrap_or_default();
        let name = place.rsplit('/').next().unwrap_or_default();
        // `Unit x.service not found.` names no place.
        let named = ours.contains(name) || (place == line && line.split(' ').any(|word| ours.contains(word)));
        if named && !kept.contains(line) {
            kept.push(line.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_our_units_count() {
        let lines = [
            "/lib/systemd/system/bad.service:4: Unknown key 'Foo' in section [Unit], ignoring.",
            "bad.service: Failed to create bad.service/start: Unit nothere.service not found.",
            "/lib/systemd/system/tpl@.service:5: Special user nobody configured, this is not safe!",
            "/lib/systemd/system/tpl@.service:5: Special user nobody configured, this is not safe!",
            "tpl@3.service: Command /bin/nothere is not executable: No such file or directory",
            "/lib/systemd/system/dbus.service:9: Unknown key 'New' in section [Service], ignoring.",
            "Failed to open /dev/tty0: No such file or directory",
            "Unit bad.service not found.",
        ]
        .map(str::to_owned);
        let ours = ["bad.service", "tpl@.service", "tpl@3.service"].into();
        let kept = complaints(&lines, &ours);
        assert_eq!(kept, [0, 1, 2, 4, 7].map(|at: usize| lines[at].clone()));
    }
}
