//! What a test gave: the closing list, and the failure that the command ends with.

use std::time::Duration;

use super::NotTested;
use crate::{
    diag::{Exit, Failure},
    install_test::{CheckResult, Finding, Verdict},
    report::{ListColumn, ListKind, ListView, ProseView, units},
};

/// A row for each check, and for each platform that could not be tested.
pub fn view((title, done): (&str, &str), verdicts: &[Verdict], not_tested: &[NotTested], took: Duration) -> ProseView {
    let (mut passed, mut failed, mut skipped, mut left_out) = (0, 0, 0, 0);
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
            CheckResult::LeftOut(reason) => {
                left_out += 1;
                ("not run", reason.as_str())
            }
        };
        let time = if ["skipped", "not run"].contains(&state) { String::new() } else { units::time(check.took) };
        rows.push(vec![state.to_owned(), time, check.step.to_string(), result.to_owned()]);
    }
    for NotTested { platform, error } in not_tested {
        rows.push(vec!["NOT TESTED".to_owned(), String::new(), platform.to_string(), error.to_string()]);
    }
    let counts = [
        (passed, "passed"),
        (failed, "failed"),
        (skipped, "skipped"),
        (left_out, "not run"),
        (not_tested.len(), "not tested"),
    ];
    let mut parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    parts.push(units::time(took));
    let is_whole = not_tested.is_empty() && skipped == 0;
    let said = match (failed, is_whole) {
        (0, true) => done,
        (0, false) => "not tested to the end",
        (1, _) => "one check failed",
        (_, _) => "checks failed",
    };
    ProseView(ListView {
        title: format!("{title}: {said}"),
        columns: vec![
            ListColumn { name: "state", kind: ListKind::Word },
            ListColumn { name: "time", kind: ListKind::Number },
            ListColumn { name: "check", kind: ListKind::Word },
            // Last: what is long takes no room from the others, or is under them.
            ListColumn { name: "result", kind: ListKind::Text },
        ],
        rows,
        summary: parts.join(", "),
    })
}

/// The first finding with the others behind it; `None` when every check passed.
pub fn verdicts_failure(verdicts: &[Verdict], keep: bool) -> Option<Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diag::render,
        event::StepId,
        install_test::{Check, InstallTestError},
        report::{Style, View as _},
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
        let alma = "alma-9".parse().unwrap();
        let error = InstallTestError::NoPackages("alma-9".to_owned());
        let not_tested = [NotTested { platform: alma, error }];
        let view = view(
            ("canopsis 2.5.11", "installed, checked and removed"),
            &verdicts(),
            &not_tested,
            Duration::from_secs(57),
        );
        insta::assert_snapshot!("closing_list_of_80_columns", view.human(&Style::plain(80)));
        // What is piped is no wider, and each row begins with a line of its own.
        assert_eq!(view.human(&Style::plain(usize::MAX)), view.human(&Style::plain(80)));
        insta::assert_snapshot!("closing_list_of_140_columns", view.human(&Style::plain(140)));
        let whole = |verdicts: &[Verdict]| {
            super::view(("shop 1", "installed, checked and removed"), verdicts, &[], Duration::ZERO).0.title
        };
        let passed = Check {
            step: verdicts()[0].checks[0].step.clone(),
            result: CheckResult::Passed(String::new()),
            took: Duration::ZERO,
        };
        let passed = Verdict { platform: "debian-12".to_owned(), checks: vec![passed] };
        assert_eq!(whole(std::slice::from_ref(&passed)), "shop 1: installed, checked and removed");
        assert_eq!(whole(&[passed, verdicts().remove(1)]), "shop 1: not tested to the end");
    }
}
