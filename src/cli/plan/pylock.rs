//! `factory plan --pylock`.

use std::path::Path;

use crate::{
    cli::context::Context,
    diag::{Exit, Failure},
    execute::AssessedPlan,
    pipeline::Project,
    plan::{Plan, State},
    source::{
        lockfile::{Packages, pylock_name, render_pylock},
        wheelhouse::Wheelhouse,
    },
    util::files::write_whole,
    work::Locks,
};

/// Writes the wheelhouses of every platform in the form of PEP 751. All of them must be there.
pub(super) fn write(
    folder: &Path,
    project: &Project,
    plan: &Plan,
    assessed: &AssessedPlan,
    context: &Context,
) -> Result<(), Failure> {
    let folder = std::path::absolute(folder)
        .map_err(|error| Failure::new(Exit::Usage, "`--pylock` is no folder").because(error))?;
    let mut texts = Vec::new();
    for target in &project.targets {
        let platform = &target.platform.id;
        let (mut packages, mut machine) = (Packages::default(), None);
        for step in plan.steps.iter().filter(|step| step.platform == *platform) {
            let Locks::Set(work) = step.work.locks() else { continue };
            let (wheel_dir, key) = (&project.wheel_dir, &work.key);
            let cached = assessed.states.get(&step.id) == Some(&State::Cached);
            let manifest = Wheelhouse::manifest(wheel_dir, platform.as_str(), key).filter(|_| cached);
            let manifest = manifest.ok_or_else(|| {
                Failure::new(Exit::Usage, format!("the wheels of {} are not built", step.id))
                    .help("`factory build wheels`")
            })?;
            let house = Wheelhouse::folder(wheel_dir, platform.as_str(), key);
            packages.add(work.image.as_str(), &house, &manifest.wheels).map_err(|clash| {
                Failure::new(Exit::Usage, format!("{platform}: {clash}"))
                    .help("pin one version of it in both requirements files")
            })?;
            machine = Some((work.python.version.clone(), work.machine.clone()));
        }
        let Some((python, machine)) = machine else { continue };
        texts.push((folder.join(pylock_name(platform)), render_pylock(&packages, &python, &machine, &folder)));
    }
    for (path, text) in texts {
        write_whole(&path, text.as_bytes()).map_err(|error| {
            Failure::new(Exit::StepFailed, "the lock for other tools could not be written").because(error)
        })?;
        context.events().info(format!("wrote {}", path.display()));
    }
    Ok(())
}
