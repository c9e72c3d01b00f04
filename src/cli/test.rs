//! `factory test`.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};

use super::context::{Context, Trust};
use crate::{
    build::{Session, forget_kept, remove_leftovers, remove_of_run},
    diag::{Exit, Failure},
    event::Event,
    names,
    pipeline::Project,
    plan::{Want, Work},
    recipe::Release,
    report::{ListColumn, ListKind, ListView, units},
    trial::{self, CheckResult, Finding, Subject, TrialError, Verdict},
};

/// Install the packages in a clean container of each platform, run their units, remove and purge them
///
/// Takes the packages that `factory build` made for this release. Each check is a step with a log of its own; the
/// services of `[[test.unit]]` run without systemd, as their units say.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop at the first check that fails and keep the container to look around in, until the next build or test
    #[arg(long, visible_alias = "keep-failed")]
    keep: bool,
    #[command(flatten)]
    trust: Trust,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources(args.trust).await?;
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, Want::Packages)?;
    let _lock = context.lock(&project).await?;
    let session = context.session(&project, engine)?;
    if plan.steps.iter().any(|step| matches!(step.work, Work::Wapt(_))) {
        context
            .events()
            .info("WAPT packages are not installed here: `factory verify` checks their files and signatures");
    }
    let mut subjects = Vec::new();
    for target in &project.targets {
        let subject = Subject::of(&target.platform, &target.recipe, &project.release.tag, &plan, &project.folder);
        subjects.push(subject.map_err(|error| failure_of(error, &project))?);
    }
    let leftovers = async {
        remove_leftovers(session.engine.as_ref(), &project.home, project.name()).await?;
        Ok(forget_kept(session.engine.as_ref(), &project.folder, &project.home).await?)
    };
    context.until_stopped(leftovers).await?;
    let to_run = subjects.iter().map(Subject::checks).sum();
    context.events().emit(Event::Started { verb: "test", title: project.title(), cached: 0, to_run });
    let started = Instant::now();
    let (verdicts, ended) = try_each(&subjects, &session, args.keep).await;
    if !args.keep {
        // A daemon that is gone was said already.
        let _ = remove_of_run(session.engine.as_ref(), &project.home, &session.run, &session.kept).await;
    }
    if !verdicts.is_empty() {
        context.reporter.print(view(&project.title(), &verdicts, started.elapsed()));
    }
    match ended {
        Err(TrialError::Interrupted) if args.keep => return Err(Failure::new(Exit::Interrupted, "interrupted")),
        ended => ended.map_err(|error| failure_of(error, &project))?,
    }
    verdicts_failure(&verdicts, args.keep).map_or(Ok(()), Err)
}

/// Up to `--jobs` platforms at once, one when a container is to be kept. A check that fails stops none; a daemon that is
/// gone, or Ctrl-C, stops all.
async fn try_each(subjects: &[Subject], session: &Session, keep: bool) -> (Vec<Verdict>, Result<(), TrialError>) {
    let mut verdicts = Vec::new();
    let at_once = if keep { 1 } else { session.jobs.max(1) };
    let mut running = stream::iter(subjects).map(|subject| trial::run(subject, session, keep)).buffered(at_once);
    while let Some(ended) = running.next().await {
        match ended {
            Ok(verdict) => verdicts.push(verdict),
            Err(error) => return (verdicts, Err(error)),
        }
    }
    (verdicts, Ok(()))
}

fn view(title: &str, verdicts: &[Verdict], took: Duration) -> ListView {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut rows = Vec::new();
    for check in verdicts.iter().flat_map(|verdict| &verdict.checks) {
        let (state, result) = match &check.result {
            CheckResult::Passed(seen) => {
                passed += 1;
                ("ok", seen.as_str())
            }
            CheckResult::Failed(finding) => {
                failed += 1;
                ("FAILED", finding.message.as_str())
            }
            CheckResult::Skipped => {
                skipped += 1;
                ("skipped", "")
            }
        };
        let time = if state == "skipped" { String::new() } else { units::time(check.took) };
        rows.push(vec![check.step.to_string(), state.to_owned(), result.to_owned(), time]);
    }
    let counts = [(passed, "passed"), (failed, "failed"), (skipped, "skipped")];
    let mut parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    parts.push(units::time(took));
    ListView {
        title: format!("{title}, installed and removed"),
        columns: vec![
            ListColumn { name: "check", kind: ListKind::Word },
            ListColumn { name: "state", kind: ListKind::Word },
            ListColumn { name: "result", kind: ListKind::Text },
            ListColumn { name: "time", kind: ListKind::Number },
        ],
        rows,
        summary: parts.join(", "),
    }
}

/// The first finding with the others behind it; `None` when every check passed.
fn verdicts_failure(verdicts: &[Verdict], keep: bool) -> Option<Failure> {
    let mut findings = verdicts.iter().flat_map(Verdict::failed);
    let (check, finding) = findings.next()?;
    let mut failure = Failure::new(Exit::CheckFailed, format!("{} failed: {}", check.step, finding.message));
    if let Some(text) = details(finding) {
        failure = failure.because(text);
    }
    if let Some(help) = &finding.help {
        failure = failure.help(help);
    }
    for (check, finding) in findings {
        let detail = match finding.details.as_slice() {
            [only] => format!(": {only}"),
            _ => String::new(),
        };
        failure = failure.help(format!("{} failed, too: {}{detail}", check.step, finding.message));
    }
    failure = failure.help(format!("the whole output: `factory log {}`", check.step));
    Some(if keep { failure } else { failure.help("`factory test --keep` leaves the container to look around in") })
}

fn details(finding: &Finding) -> Option<String> {
    (!finding.details.is_empty()).then(|| finding.details.join("\n"))
}

fn failure_of(error: TrialError, project: &Project) -> Failure {
    let build = || {
        let Release { tag, release, .. } = &project.release;
        let release =
            if *release == names::Release::default() { String::new() } else { format!(" --release {release}") };
        format!("`factory build --tag {tag}{release}`")
    };
    match error {
        TrialError::Interrupted => Failure::new(Exit::Interrupted, "interrupted; no container is left"),
        TrialError::Engine(error) => error.into(),
        TrialError::NotBuilt { .. } => Failure::new(Exit::StepFailed, error.to_string()).help(build()),
        TrialError::NoBase { .. } => {
            Failure::new(Exit::StepFailed, error.to_string()).help(format!("{} takes or makes it again", build()))
        }
        TrialError::NoPackages(_) | TrialError::NoManager { .. } | TrialError::Foreign { .. } => {
            Failure::new(Exit::Usage, error.to_string()).help("choose other platforms with `--platform`")
        }
        error => Failure::new(Exit::StepFailed, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diag::render,
        event::StepId,
        report::{Look, View as _},
        trial::Check,
    };

    fn verdicts() -> Vec<Verdict> {
        let check = |platform: &str, name: &str, result, seconds| Check {
            step: StepId::new(&platform.parse().unwrap(), name),
            result,
            took: Duration::from_secs(seconds),
        };
        let web = "canopsis-webserver.service should answer 200 at http://127.0.0.1:8082/ within 30 s, but there is no \
                   answer ((7) Failed to connect to 127.0.0.1 port 8082 after 0 ms)";
        let web = Finding {
            message: web.to_owned(),
            details: ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'gunicorn'"]
                .map(str::to_owned)
                .to_vec(),
            help: None,
        };
        let purge = Finding {
            message: "a purge should leave nothing but the accounts; one thing is wrong".to_owned(),
            details: vec!["/opt/canopsis is still there, because of /opt/canopsis/.cache".to_owned()],
            help: None,
        };
        let checks = vec![
            check("debian-12", "test-install", CheckResult::Passed("2 packages".to_owned()), 24),
            check("debian-12", "test-canopsis-webserver", CheckResult::Failed(web), 31),
            check("debian-12", "test-purge", CheckResult::Failed(purge), 1),
        ];
        let skipped = vec![check("debian-13", "test-install", CheckResult::Skipped, 0)];
        ["debian-12", "debian-13"]
            .into_iter()
            .zip([checks, skipped])
            .map(|(platform, checks)| Verdict { platform: platform.to_owned(), checks })
            .collect()
    }

    #[test]
    fn a_failure_says_what_was_expected_and_where_to_look() {
        let failure = verdicts_failure(&verdicts(), false).unwrap();
        assert_eq!(failure.exit(), Exit::CheckFailed);
        insta::assert_snapshot!(render(&failure, 100, false), @r"
        error: debian-12/test-canopsis-webserver failed: canopsis-webserver.service should answer 200 at
               http://127.0.0.1:8082/ within 30 s, but there is no answer ((7) Failed to connect to
               127.0.0.1 port 8082 after 0 ms)
          because: Traceback (most recent call last):
                   ModuleNotFoundError: No module named 'gunicorn'

        help: debian-12/test-purge failed, too: a purge should leave nothing but the accounts; one thing is
              wrong: /opt/canopsis is still there, because of /opt/canopsis/.cache
        help: the whole output: `factory log debian-12/test-canopsis-webserver`
        help: `factory test --keep` leaves the container to look around in
        ");
        assert!(verdicts_failure(&verdicts()[1..], false).is_none());
    }

    #[test]
    fn the_closing_list() {
        let view = view("canopsis 2.5.11", &verdicts(), Duration::from_secs(57));
        insta::assert_snapshot!(view.human(&Look::plain(100)), @r"
        canopsis 2.5.11, installed and removed
        check                              state    result                                              time
        debian-12/test-install             ok       2 packages                                        24.0 s
        debian-12/test-canopsis-webserver  FAILED   canopsis-webserver.service should answer 200 at   31.0 s
                                                    http://127.0.0.1:8082/ within 30 s, but there is
                                                    no answer ((7) Failed to connect to 127.0.0.1
                                                    port 8082 after 0 ms)
        debian-12/test-purge               FAILED   a purge should leave nothing but the accounts;     1.0 s
                                                    one thing is wrong
        debian-13/test-install             skipped
        1 passed, 2 failed, 1 skipped, 57.0 s
        ");
    }
}
