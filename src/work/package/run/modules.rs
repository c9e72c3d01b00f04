//! Modules of the project that only a package takes: the image's own interpreter says, in a container of its own, whether they compile.
//! It runs nothing of them. What is in the image was looked at when that was made.

use std::{
    io::Read as _,
    sync::{Mutex, PoisonError},
};

use super::{Inside, Job};
use crate::{
    check::{Finding, programs::syntax},
    engine::{ContainerSpec, Output, Progress},
    execute::{StepError, StepOutput, context::TarFile, records::blocking},
    recipe::{Content, ContentKind},
    stage::{Kind, Tree, TreePath},
    util::pattern,
};

/// Says what does not compile.
const SCRIPT: &str = include_str!("modules.py");
/// What the script's own lines begin with.
const MARK: &str = "factory: ";
/// How Python is called: nothing of the environment, of the user or of packages is heeded, and warnings are nobody's fault.
const OPTIONS: [&str; 7] = ["-B", "-E", "-s", "-S", "-W", "ignore", "-c"];
/// Where the modules are in the container.
const FOLDER: &str = "factory-modules";
/// The largest module that is looked at, in bytes: 4 MiB.
const LARGEST: u64 = 4 << 20;
/// So much is kept of what is said, in bytes: 1 MiB.
const MOST_SAID: usize = 1 << 20;

/// The modules that do not compile. Where nothing can say it, that is told.
pub async fn lacks(
    job: Job,
    tree: Tree,
    inside: Option<Inside<'_>>,
    output: &StepOutput,
) -> Result<(Job, Tree, Vec<Finding>), StepError> {
    let (modules, large) = of(&job.work.package.contents, &tree);
    let too_large = too_large(&job, &large);
    if modules.is_empty() {
        return Ok((job, tree, too_large));
    }
    let Some(Inside { image, container }) = inside else {
        let meant = not_looked_at(&job, &modules, "there is no image", output);
        return Ok((job, tree, [too_large, meant].concat()));
    };
    let engine = &job.session.services.engine;
    let interpreter = job.work.prefix.as_ref().map(|prefix| format!("{prefix}/bin/python"));
    let interpreter = match interpreter {
        Some(path) if engine.download(container, &path).await?.is_some() => path,
        _ => {
            let meant = not_looked_at(&job, &modules, "its image has no virtualenv", output);
            return Ok((job, tree, [too_large, meant].concat()));
        }
    };
    let place = format!("/{FOLDER}");
    let words = std::iter::once(interpreter.as_str()).chain(OPTIONS).chain([SCRIPT, &place]);
    let spec = ContainerSpec {
        image: image.to_owned(),
        argv: words.map(str::to_owned).collect(),
        user: "65534:65534".to_owned(),
        workdir: "/".to_owned(),
        pids: 64,
        ..ContainerSpec::default()
    };
    let (tree, modules, tar) = blocking(move || {
        let tar = packed(&tree, &modules)?;
        Ok((tree, modules, tar))
    })
    .await?;
    let own = job.session.create(&job.step, spec).await?;
    let said = Said::default();
    let ended = async {
        job.session.services.engine.upload(&own, "/", tar).await?;
        job.session.services.engine.start(&own).await?;
        job.session.services.engine.wait(&own, &said).await
    };
    let ended = ended.await;
    job.session.discard(&own).await;
    let code = ended?;
    let said = said.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lacks = judge(&said, code, &modules).ok_or_else(|| StepError::Contents {
        message: format!(
            "{interpreter} of the image should say whether the modules of the project compile, but ended with exit code {code}: {}",
            said.last().map_or("", String::as_str).escape_debug()
        ),
        help: "the virtualenv's Python has to run in the image".to_owned(),
    })?;
    Ok((job, tree, [too_large, lacks].concat()))
}

/// Says which modules are too large to be looked at; gives those of which the recipe says that they need not compile.
fn too_large(job: &Job, large: &[TreePath]) -> Vec<Finding> {
    let is_meant = |finding: &Finding| job.work.package.allow.iter().any(|one| finding.is_meant_by(one));
    let (meant, left): (Vec<_>, Vec<_>) =
        large.iter().map(|path| syntax::not_looked_at(path.as_str())).partition(is_meant);
    for one in &left {
        let said = format!("`/{}` is larger than 4 MiB: whether it compiles is not looked at [syntax]", one.path);
        job.session.doubt(&job.step, said);
    }
    meant
}

/// Says that modules are not looked at, and why; gives those of which the recipe says that they need not compile.
fn not_looked_at(job: &Job, modules: &[TreePath], why: &str, output: &StepOutput) -> Vec<Finding> {
    let package = &job.work.package;
    let finding = |path: &TreePath| syntax::not_looked_at(path.as_str());
    let is_meant = |finding: &Finding| package.allow.iter().any(|allowance| finding.is_meant_by(allowance));
    let (meant, left): (Vec<_>, Vec<_>) = modules.iter().map(finding).partition(is_meant);
    if !left.is_empty() {
        let said = format!("modules of the project in package `{}` were not looked at", package.name);
        let said = format!("{said}: {}; {why} whose Python could say whether they compile [syntax]", left.len());
        output.line(&said);
        job.session.doubt(&job.step, said);
    }
    meant
}

/// The modules that entries of `contents` take of the project: those that are looked at, and those that are too large.
fn of(contents: &[Content], tree: &Tree) -> (Vec<TreePath>, Vec<TreePath>) {
    let is_module = |content: &Content| {
        !content.in_container()
            && matches!(
                content.kind,
                ContentKind::Files | ContentKind::Tree | ContentKind::Config { .. } | ContentKind::Doc
            )
    };
    let is_brought = |content: &Content| !matches!(content.kind, ContentKind::Exclude | ContentKind::Dir);
    let entries = contents.iter().filter(|content| is_brought(content));
    let place = |content: &Content| {
        let fixed = if content.in_container() { pattern::parts(&content.dst).0 } else { content.dst.as_str().into() };
        fixed.trim_matches('/').to_owned()
    };
    let places: Vec<(String, bool)> = entries.map(|content| (place(content), is_module(content))).collect();
    // The nearest entry has brought it; what has no folder of its own is in all of them.
    let is_within = |path: &str, place: &str| {
        place.is_empty() || path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_ours = |path: &str| {
        let all = places.iter().filter(|(place, _)| is_within(path, place));
        all.max_by_key(|(place, ours)| (place.len(), *ours)).is_some_and(|(_, ours)| *ours)
    };
    // What others have published may be for another Python.
    let is_looked_at = |path: &str| {
        path.rsplit('.').next() == Some("py")
            && is_ours(path)
            && !path.contains("/site-packages/")
            && !path.contains('\n')
    };
    let (mut modules, mut large) = (Vec::new(), Vec::new());
    for (path, entry) in tree.iter().filter(|(path, _)| is_looked_at(path.as_str())) {
        match entry.kind {
            Kind::File { size: ..=LARGEST, .. } => modules.push(path.clone()),
            Kind::File { .. } => large.push(path.clone()),
            _ => {}
        }
    }
    (modules, large)
}

fn packed(tree: &Tree, modules: &[TreePath]) -> Result<std::fs::File, StepError> {
    let mut tar = TarFile::new(0)?;
    tar.folder(FOLDER, 0o755, 0)?;
    let names: String = modules.iter().flat_map(|path| ["/", path.as_str(), "\n"]).collect();
    tar.bytes(&format!("{FOLDER}/list"), names.as_bytes(), 0o644, 0)?;
    for (number, path) in modules.iter().enumerate() {
        let mut bytes = Vec::new();
        if let Some(entry) = tree.get(path) {
            tree.open(entry).take(LARGEST).read_to_end(&mut bytes)?;
        }
        tar.bytes(&format!("{FOLDER}/{number}"), &bytes, 0o644, 0)?;
    }
    tar.finish()
}

/// What was said of each; `None` where not all were looked at. Lines without the script's mark are Python's own.
fn judge(said: &[String], code: i64, modules: &[TreePath]) -> Option<Vec<Finding>> {
    let own: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix(MARK)).collect();
    let (last, faults) = own.split_last()?;
    if code != 0 || *last != format!("looked at {}", modules.len()) {
        return None;
    }
    faults
        .iter()
        .map(|line| {
            let (number, what) = line.split_once(' ')?;
            let path = modules.get(number.parse::<usize>().ok()?)?;
            Some(syntax::refused(path.as_str(), what))
        })
        .collect()
}

/// Keeps what the script says.
#[derive(Debug, Default)]
struct Said(Mutex<Vec<String>>);

impl Output for Said {
    fn line(&self, line: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().map(String::len).sum::<usize>() < MOST_SAID {
            kept.push(line.to_owned());
        }
    }

    fn progress(&self, _progress: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        recipe::FileInfo,
        stage::{Role, Spool},
        util::toml::Span,
    };

    #[test]
    fn modules_are_of_the_entry_that_is_nearest() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for path in ["opt/app/a.py", "opt/venv/lib/b.py", "opt/venv/own/c.py", "usr/share/doc/d.txt"] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"", 0o644, 0, Role::Plain, "a test").unwrap();
        }
        let entry = |src: &str, dst: &str| Content {
            src: src.to_owned(),
            dst: dst.to_owned(),
            kind: ContentKind::Files,
            info: FileInfo::default(),
            optional: false,
            at: Span::default(),
        };
        let found = |contents: &[Content]| {
            of(contents, &tree).0.iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found(&[entry("rootfs", "/")]), ["opt/app/a.py", "opt/venv/lib/b.py", "opt/venv/own/c.py"]);
        let venv = entry("/opt/venv/**", "/opt/venv/**");
        assert_eq!(found(&[entry("rootfs", "/"), venv.clone()]), ["opt/app/a.py"]);
        assert_eq!(found(&[venv.clone(), entry("own", "/opt/venv/own/")]), ["opt/venv/own/c.py"]);
        assert_eq!(found(&[venv]), [] as [&str; 0]);
    }

    #[test]
    fn what_the_script_says() {
        let modules = ["opt/a.py", "opt/b.py"].map(|path| TreePath::new(path).unwrap());
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(judge(&lines("factory: looked at 2"), 0, &modules), Some(Vec::new()));
        let warned = "/opt/a.py:1: SyntaxWarning: \"is\" with a literal\n0 x\nfactory: looked at 2\nlooked at 1";
        assert_eq!(judge(&lines(warned), 0, &modules), Some(Vec::new()));
        let wrong = "factory: 1 File \"/opt/b.py\", line 3 SyntaxError: invalid syntax\nfactory: looked at 2";
        let wrong = judge(&lines(wrong), 0, &modules).unwrap();
        assert_eq!((wrong.len(), wrong[0].path.as_str()), (1, "opt/b.py"));
        assert!(wrong[0].what.contains("line 3"), "{}", wrong[0].what);
        for (said, code) in [
            ("", 0),
            ("looked at 2", 0),
            ("factory: looked at 1", 0),
            ("factory: looked at 2", 1),
            ("factory: 7 x\nfactory: looked at 2", 0),
        ] {
            assert_eq!(judge(&lines(said), code, &modules), None, "{said}");
        }
    }

    /// What every Python here says of these modules, with its name.
    fn said_of(texts: &[(&str, &str)]) -> Vec<(&'static str, Vec<Finding>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let modules: Vec<TreePath> = texts.iter().map(|(name, _)| TreePath::new(name).unwrap()).collect();
        let names: Vec<String> = texts.iter().map(|(name, _)| format!("/{name}")).collect();
        fs_err::write(folder.path().join("list"), names.join("\n") + "\n").unwrap();
        for (number, (_, text)) in texts.iter().enumerate() {
            fs_err::write(folder.path().join(number.to_string()), text).unwrap();
        }
        let mut found = Vec::new();
        for interpreter in ["python3", "python2.7"] {
            // There are names without an interpreter behind them.
            let run = |words: &[&str]| std::process::Command::new(interpreter).args(words).env("LC_ALL", "C").output();
            if !run(&["-c", ""]).is_ok_and(|output| output.status.success()) {
                eprintln!("skipped: there is no {interpreter} here");
                continue;
            }
            let output = run(&[&OPTIONS[..], &[SCRIPT, &path]].concat()).unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said: Vec<String> = String::from_utf8(said).unwrap().lines().map(str::to_owned).collect();
            let code = output.status.code().map_or(-1, i64::from);
            found
                .push((interpreter, judge(&said, code, &modules).unwrap_or_else(|| panic!("{interpreter}: {said:?}"))));
        }
        found
    }

    #[test]
    fn every_python_reads_the_script() {
        for (interpreter, lacks) in said_of(&[("opt/a.py", "x = 1\n"), ("opt/é.py", "x = 1\n\nx = = 2\n")]) {
            assert_eq!(lacks.len(), 1, "{interpreter}: {lacks:?}");
            let what = &lacks[0].what;
            assert!(what.contains("line 3") && what.contains("SyntaxError"), "{interpreter}: {what}");
        }
    }

    #[test]
    fn what_only_warns_is_good_and_what_is_too_deep_is_told() {
        let warns = "def f(x):\n    return x is \"a\"\nassert (f, \"\\d\")\n";
        let deep = format!("x = {}1\n", "-".repeat(50_000));
        for (interpreter, lacks) in said_of(&[("opt/é.py", warns), ("opt/deep.py", &deep)]) {
            let paths: Vec<&str> = lacks.iter().map(|lack| lack.path.as_str()).collect();
            assert_eq!(paths, ["opt/deep.py"], "{interpreter}: {lacks:?}");
        }
    }
}
