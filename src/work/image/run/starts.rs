//! The program that an image starts with is in it and can be started: a container of another image ends at once, wherever it runs.

use std::io::Read;

use crate::{
    check::{
        place::PATH,
        shebang::{Shebang, WINDOWS},
    },
    engine::ContainerId,
    execute::{Session, StepContext, StepError, records::blocking},
    names::{Allowance, Concern},
    unit::interpreted,
    util::{
        pattern::glob,
        toml::{Issue, Issues, Report, nearest, quoted},
    },
    work::{
        image::{ImageWork, Start},
        package::run::{self as package, Files, Thing},
    },
};

/// How much of a folder is looked through for a name that is meant, in bytes of its archive.
const LOOKED_THROUGH: u64 = 64 * 1024 * 1024;

/// So many folders of a `PATH` are looked into.
const FOLDERS: usize = 64;

/// Why a program cannot be started.
struct Fault {
    /// What is wrong with the image.
    message: String,
    /// What is there instead.
    label: String,
    /// What to do.
    help: String,
}

/// Looks for the program in the image, one without a folder in the `PATH` of its containers. A path that begins where they work is left
/// to them.
///
/// # Errors
/// That it is not there, at its line; or when the daemon does not answer.
pub async fn look_up(work: &ImageWork, image: &str, at: StepContext<'_>) -> Result<(), StepError> {
    let StepContext { session, .. } = at;
    // A Dockerfile of the project's own need not print it.
    let Some(start) = work.start.as_ref().filter(|start| work.dockerfile.contains(&start.program)) else {
        return idle(work, "", session);
    };
    let container = package::container_of(image, at).await?;
    let found = if start.program.starts_with('/') {
        fault(&start.program, work, &container, session).await
    } else {
        nowhere(&start.program, image, work, &container, session).await
    };
    let found = match found {
        Ok(None) => script_fault(start, work, &container, session).await,
        Ok(Some(fault)) => Ok(Some((start.program.clone(), fault))),
        Err(error) => Err(error),
    };
    session.discard(&container).await;
    let Some((named, fault)) = found? else { return idle(work, "", session) };
    if allowances(work).any(|one| is_of(one, &named)) {
        return idle(work, &named, session);
    }
    let Fault { message, label, help } = fault;
    let path = if named.contains('/') { named } else { format!("/usr/local/bin/{named}") };
    let help = format!(
        "a container of it would end at once: {help}; where a volume brings it, or it is an argument: `allow = [{{ check = \"start\", \
         path = \"{path}\", reason = \"…\" }}]`"
    );
    let mut issues = Issues::default();
    issues.add(Issue::new(&start.at, format!("{message} [{}]", Concern::Start.as_str())).label(label).help(help));
    let report = Report::new(session.recipe.as_ref().clone(), issues.into_sorted());
    Err(StepError::Reported {
        message: format!("the image `{}` cannot run what it starts with", work.name),
        report: Box::new(report),
    })
}

/// What the recipe allows of it.
fn allowances(work: &ImageWork) -> impl Iterator<Item = &Allowance> {
    work.allow.iter().filter(|one| one.check == Concern::Start)
}

/// Whether an allowance is for a program; of one without a folder the allowance names where it will be.
fn is_of(one: &Allowance, program: &str) -> bool {
    if !program.contains('/') {
        return one.path.rsplit('/').next() == Some(program);
    }
    glob(one.path.trim_start_matches('/')).is_ok_and(|pattern| pattern.is_match(program.trim_start_matches('/')))
}

/// Refuses what is allowed for nothing; `missing` is the program that is not there, empty where none is.
fn idle(work: &ImageWork, missing: &str, session: &Session) -> Result<(), StepError> {
    match allowances(work).find(|one| missing.is_empty() || !is_of(one, missing)) {
        None => Ok(()),
        Some(one) => {
            let message = format!("`allow` of {} has an entry that nothing needs: start at `{}`", work.name, one.path);
            let issue = Issue::new(&one.at, message.clone()).label("for nothing");
            let issue = issue.help("take the entry out, or mend its `check` or `path`");
            let report = Report::new(session.recipe.as_ref().clone(), vec![issue]);
            Err(StepError::Reported { message, report: Box::new(report) })
        }
    }
}

/// That no folder of the image's `PATH` has a program of this name, if that is so: the first one that has, wins (exec(3)).
async fn nowhere(
    program: &str,
    image: &str,
    work: &ImageWork,
    container: &ContainerId,
    session: &Session,
) -> Result<Option<Fault>, StepError> {
    let info = session.services.engine.image(image).await?;
    let path = info.iter().flat_map(|info| &info.env).find_map(|line| line.strip_prefix("PATH="));
    let folders: Vec<&str> = path.map_or_else(|| PATH.to_vec(), |path| path.split(':').collect());
    let mut files = Files::new(session, container);
    let mut idle = None;
    for folder in folders.iter().filter(|folder| folder.starts_with('/')).take(FOLDERS) {
        let path = format!("{}/{program}", folder.trim_end_matches('/'));
        match files.look(&path).await? {
            thing if thing.is_program() => return fault(&path, work, container, session).await,
            Thing::File { mode, .. } => idle = Some(format!("{path} is not executable, mode {mode:04o}")),
            _ => {}
        }
    }
    if let Some(prefix) = &work.prefix {
        let path = format!("{prefix}/bin/{program}");
        if files.look(&path).await?.is_program() {
            idle = Some(format!("did you mean {}?", quoted(&path)));
        }
    }
    Ok(Some(Fault {
        message: format!("the image `{}` has no `{program}` in its PATH", work.name),
        label: idle.unwrap_or_else(|| format!("not in {}", folders.join(", "))),
        help: words(program).unwrap_or_else(|| {
            "name a program by its path, or one that `contents`, `python`, `packages` or the base image brings"
                .to_owned()
        }),
    }))
}

/// How a command of several words is written, where one was written as a single text.
fn words(program: &str) -> Option<String> {
    let words: Vec<String> = program.split_whitespace().map(|word| format!("{word:?}")).collect();
    (words.len() > 1).then(|| format!("write each argument as a text of its own: `[{}]`", words.join(", ")))
}

/// What is wrong with the program, if anything.
async fn fault(
    program: &str,
    work: &ImageWork,
    container: &ContainerId,
    session: &Session,
) -> Result<Option<Fault>, StepError> {
    let mut files = Files::new(session, container);
    let (label, help) = match files.look(program).await?.clone() {
        Thing::Nothing if session.services.engine.download(container, program).await?.is_some() => {
            ("it is neither a file nor a link to one".to_owned(), "name a program")
        }
        Thing::Nothing => {
            let label = match near(program, container, session).await? {
                Some(near) => format!("did you mean {}?", quoted(&near)),
                None => "no such file in the image".to_owned(),
            };
            let message = format!("the image `{}` has no `{program}`", work.name);
            let help = words(program).unwrap_or_else(|| {
                "name a program that `contents`, `python`, `packages` or the base image brings".to_owned()
            });
            return Ok(Some(Fault { message, label, help }));
        }
        Thing::Folder => ("it is a folder".to_owned(), "name a program in it"),
        Thing::File { mode, .. } if mode & 0o111 == 0 => (
            format!("nobody may execute it, mode {mode:04o}"),
            "say `file_info = { mode = 0o755 }` in its entry of `contents`",
        ),
        Thing::File { start, .. } if start.starts_with(b"\x7fELF") => return Ok(None),
        Thing::File { start, .. } => match script(&start, &mut files).await? {
            None => return Ok(None),
            Some(what) if what.contains(WINDOWS) => (what, Concern::LineEnds.mend()),
            Some(what) => (what, "begin it with `#!` and an interpreter of the image"),
        },
    };
    let message = format!("the image `{}` cannot start `{program}`", work.name);
    Ok(Some(Fault { message, label, help: help.to_owned() }))
}

/// What is wrong with the script that an interpreter is told to run, and its path. One without a folder is looked for where its containers
/// work.
async fn script_fault(
    start: &Start,
    work: &ImageWork,
    container: &ContainerId,
    session: &Session,
) -> Result<Option<(String, Fault)>, StepError> {
    let Some(script) = interpreted::of(&start.program, &start.arguments).script else { return Ok(None) };
    let path = match work.workdir.as_deref() {
        _ if script.path.starts_with('/') => script.path.clone(),
        Some(folder) => format!("{}/{}", folder.trim_end_matches('/'), script.path),
        None => return Ok(None),
    };
    let by = &script.by;
    let (message, label, help) = match Files::new(session, container).look(&path).await? {
        Thing::File { start, .. } if script.is_shell && is_of_windows(start) => {
            let message = format!("the image `{}` cannot start `{path}`", work.name);
            (message, format!("{by} is to run it, and {WINDOWS}"), Concern::LineEnds.mend())
        }
        Thing::File { .. } => return Ok(None),
        Thing::Folder if script.may_be_folder => return Ok(None),
        Thing::Folder | Thing::Nothing => {
            let near = near(&path, container, session).await?;
            let label = near.map_or_else(
                || "no such file in the image".to_owned(),
                |near| format!("did you mean {}?", quoted(&near)),
            );
            let message = format!("the image `{}` has no `{path}`, which {by} is to run", work.name);
            (message, label, "name a script that `contents`, `python`, `packages` or the base image brings")
        }
    };
    Ok(Some((path, Fault { message, label, help: help.to_owned() })))
}

/// Whether the first line of a file ends as those of Windows do.
fn is_of_windows(start: &[u8]) -> bool {
    start.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"))
}

/// What is wrong with how a script begins.
async fn script(start: &[u8], files: &mut Files<'_>) -> Result<Option<String>, StepError> {
    let shebang = match Shebang::of(start) {
        None => return Ok(Some("it begins neither as a program of the machine (ELF) nor with `#!`".to_owned())),
        Some(Err(what)) => return Ok(Some(format!("it {what}"))),
        Some(Ok(shebang)) => shebang,
    };
    let interpreter = [shebang.interpreter.clone()];
    if !files.any(&interpreter, Thing::is_program).await? {
        return Ok(Some(format!("it {}", shebang.without("which is no program of the image"))));
    }
    let Some(command) = shebang.command.as_ref().filter(|command| command.starts_with('/') || !command.contains('/'))
    else {
        return Ok(None);
    };
    let paths = if command.starts_with('/') {
        vec![command.clone()]
    } else {
        PATH.iter().map(|folder| format!("{folder}/{command}")).collect()
    };
    let is_there = files.any(&paths, Thing::is_program).await?;
    Ok((!is_there).then(|| format!("it {}", shebang.without(&format!("and no {command} is there")))))
}

/// What is there beside a path and has nearly its name, if anything.
pub(super) async fn near(
    program: &str,
    container: &ContainerId,
    session: &Session,
) -> Result<Option<String>, StepError> {
    let Some((folder, name)) = program.rsplit_once('/') else { return Ok(None) };
    let top = if folder.is_empty() { "/" } else { folder };
    let Some(stream) = session.services.engine.download(container, top).await? else { return Ok(None) };
    let (reader, folder, name) = (package::blocking_reader(stream), folder.to_owned(), name.to_owned());
    // An archive that is cut off names what comes before that.
    blocking(move || {
        let mut archive = tar::Archive::new(reader.take(LOOKED_THROUGH));
        let entries = archive.entries()?.map_while(Result::ok);
        let names: Vec<String> = entries
            .filter_map(|entry| {
                let path = entry.path().ok()?.into_owned();
                let depth = path.components().filter(|part| matches!(part, std::path::Component::Normal(_))).count();
                (depth == if folder.is_empty() { 1 } else { 2 })
                    .then(|| path.file_name()?.to_str().map(str::to_owned))?
            })
            .collect();
        let others = names.iter().map(String::as_str).filter(|other| *other != name);
        Ok(nearest(&name, others).map(|near| format!("{folder}/{near}")))
    })
    .await
}
