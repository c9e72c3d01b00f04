//! From pip's complaint to an error at the user's line.

use std::path::PathBuf;

use crate::{
    execute::{Session, StepError},
    names::shown_address,
    source::{requirements, wheelhouse::normalise},
    work::wheels::WheelsWork,
};

/// What pip's last lines say went wrong.
#[derive(Debug, PartialEq, Eq)]
enum Complaint {
    /// The index could not be reached or trusted.
    Network(String),
    /// There is no such version; the versions there are.
    NoVersion { requirement: String, known: String },
    /// A file is not what the hash says.
    Hash(String),
    /// An sdist did not compile.
    Compile(String),
    /// Requirements exclude each other: which, and who wants what.
    Conflict { what: String, because: Vec<String> },
    /// Something else: the last line that says error.
    Other(String),
}

/// The error for pip's exit code and its last lines of output; `about` is the distribution that it was to build.
pub fn explain(work: &WheelsWork, session: &Session, code: i64, tail: &[String], about: Option<&str>) -> StepError {
    let at = |distribution: &str, reason: String, help: String| at(work, session, distribution, reason, help);
    let complaint = match (classify(tail), about) {
        (Complaint::Other(_), Some(name)) => Complaint::Compile(normalise(name)),
        (complaint, _) => complaint,
    };
    match complaint {
        Complaint::Network(reason) => StepError::Contents {
            message: format!("pip cannot fetch from {}: {reason}", indexes(work, tail)),
            help: if session.network.ca.is_none() && reason.contains("certificate") {
                "behind a proxy that inspects TLS, name its CA: `FACTORY_CA_BUNDLE=/path/to/ca.pem`".to_owned()
            } else {
                "check the network and the proxy variables, then run the same command: finished steps are kept"
                    .to_owned()
            },
        },
        Complaint::NoVersion { requirement, known } => {
            let help = if known.is_empty() || known == "none" {
                format!("no version of it is on {} for Python {}", indexes(work, tail), work.python.version)
            } else {
                format!("there is {} on {}", latest(&known), indexes(work, tail))
            };
            at(distribution(&requirement), format!("no distribution satisfies `{requirement}`"), help)
        }
        Complaint::Hash(requirement) => at(
            distribution(&requirement),
            format!("a file of `{requirement}` does not have the hash that the requirements pin"),
            "take the new hash only if you know why it changed: `pip hash FILE`".to_owned(),
        ),
        Complaint::Compile(name) => at(
            &name,
            format!("`{name}` could not be compiled from its source distribution"),
            "the compiler's words are in the step's log; missing headers go into `[python] build_packages`".to_owned(),
        ),
        Complaint::Conflict { what, because } => {
            let reason = if because.is_empty() { what } else { because.join("; ") };
            // The line of the user, where pip says which one it is.
            let asked = because.iter().find_map(|line| line.split_once("The user requested "));
            let asked =
                asked.map_or("", |(_, requirement)| distribution(requirement.trim_start_matches("(constraint) ")));
            let help =
                "loosen one of the pins, or take versions that fit; the same command goes on from here".to_owned();
            at(asked, format!("the requirements exclude each other: {reason}"), help)
        }
        Complaint::Other(reason) => StepError::Pip { code, reason },
    }
}

/// An error at the line that asks for a distribution, or without a place where nothing does.
pub fn at(work: &WheelsWork, session: &Session, distribution: &str, reason: String, help: String) -> StepError {
    match place(work, session, distribution) {
        Some((path, line)) => StepError::Requirement {
            reason,
            file: session.paths.roots.file(&path).unwrap_or_default(),
            name: path.display().to_string(),
            line,
            help,
        },
        None => StepError::Contents { message: reason, help },
    }
}

/// The file and line that ask for a distribution: the set's own file, else one that it takes in, else a constraint.
fn place(work: &WheelsWork, session: &Session, distribution: &str) -> Option<(PathBuf, usize)> {
    let among = |first: &[PathBuf]| {
        let files = requirements::closure(&session.paths.roots, first).ok()?;
        let line = |path: &PathBuf| Some((path.clone(), requirements::line_of(files.get(path)?, distribution)?));
        first.iter().chain(files.keys()).find_map(line)
    };
    among(std::slice::from_ref(&work.requirements)).or_else(|| among(&work.constraints))
}

fn classify(tail: &[String]) -> Complaint {
    let after = |needle: &str| {
        tail.iter().rev().find_map(|line| line.find(needle).map(|at| line[at + needle.len()..].trim().to_owned()))
    };
    let has = |needle: &str| tail.iter().any(|line| line.contains(needle));
    let unknown = after("Could not find a version that satisfies the requirement ");
    if has("CERTIFICATE_VERIFY_FAILED") {
        return Complaint::Network("its certificate is not trusted".to_owned());
    }
    let nothing = unknown.as_ref().is_none_or(|text| text.contains("(from versions: none)"));
    if nothing && (has("Max retries exceeded") || has("NewConnectionError") || has("Temporary failure in name")) {
        return Complaint::Network("no connection".to_owned());
    }
    if has("THESE PACKAGES DO NOT MATCH THE HASHES") {
        let requirement = tail
            .iter()
            .skip_while(|line| !line.contains("THESE PACKAGES DO NOT MATCH"))
            .find_map(|line| line.trim().split_once(" from http").map(|(name, _)| name.to_owned()));
        return Complaint::Hash(requirement.unwrap_or_default());
    }
    if let Some(text) = unknown {
        let (requirement, rest) = text.split_once(" (from versions: ").unwrap_or((&text, ""));
        let requirement = requirement.split(" (from ").next().unwrap_or(requirement).trim().to_owned();
        return Complaint::NoVersion { requirement, known: rest.trim_end_matches(')').to_owned() };
    }
    if let Some(name) = after("Failed building wheel for ").or_else(|| after("Failed to build ")) {
        return Complaint::Compile(normalise(name.split_whitespace().next().unwrap_or_default()));
    }
    if let Some(name) = metadata_failure(tail) {
        return Complaint::Compile(normalise(&name));
    }
    if let Some(reason) = after("ERROR: Cannot install ") {
        return Complaint::Conflict { what: reason, because: who_wants_what(tail) };
    }
    let last = tail.iter().rev().find(|line| line.to_ascii_lowercase().contains("error"));
    let last = raised(tail).or(last);
    Complaint::Other(last.or(tail.last()).map_or_else(|| "it said nothing".to_owned(), |line| line.trim().to_owned()))
}

/// So many of pip's lines on who wants what are told.
const SPECIFIERS: usize = 8;

/// What pip says of a conflict, line by line: it is indented under a heading.
fn who_wants_what(tail: &[String]) -> Vec<String> {
    let Some(begin) = tail.iter().rposition(|line| line.trim() == "The conflict is caused by:") else {
        return Vec::new();
    };
    let lines =
        tail[begin + 1..].iter().take_while(|line| line.starts_with(char::is_whitespace) && !line.trim().is_empty());
    lines.take(SPECIFIERS).map(|line| line.trim().to_owned()).collect()
}

/// The indexes that were asked, without logins: as pip says them, else as they were named.
fn indexes(work: &WheelsWork, tail: &[String]) -> String {
    let said = tail.iter().find_map(|line| line.trim().strip_prefix("Looking in indexes: "));
    let named: Vec<String> = if let Some(said) = said {
        said.split(", ").map(shown_address).collect()
    } else {
        let first = work.index.url.as_deref().unwrap_or("https://pypi.org/simple");
        std::iter::once(first).chain(work.index.extra_urls.iter().map(String::as_str)).map(shown_address).collect()
    };
    let noun = if named.len() == 1 { "the index" } else { "the indexes" };
    format!("{noun} {}", named.join(" and "))
}

/// What pip raised where it did not expect it: the line that a traceback ends with, `error.Type: words`.
fn raised(tail: &[String]) -> Option<&String> {
    let begin = tail.iter().rposition(|line| line.starts_with("Traceback (most recent call last)"))?;
    tail[begin + 1..].iter().find(|line| !line.is_empty() && !line.starts_with(char::is_whitespace))
}

/// The distribution that was being prepared when its metadata or its build requirements failed.
fn metadata_failure(tail: &[String]) -> Option<String> {
    let failed = tail.iter().rposition(|line| {
        line.contains("metadata-generation-failed") || line.contains("subprocess-exited-with-error")
    })?;
    tail[..failed].iter().rev().find_map(|line| {
        let rest = line.trim().strip_prefix("Collecting ")?;
        Some(distribution(rest).to_owned())
    })
}

/// The distribution's name at the start of a requirement.
fn distribution(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    &requirement[..end.unwrap_or(requirement.len())]
}

/// The last few of a list of versions.
fn latest(known: &str) -> String {
    let versions: Vec<&str> = known.split(", ").collect();
    let from = versions.len().saturating_sub(5);
    let dots = if from > 0 { "…, " } else { "" };
    format!("{dots}{}", versions[from..].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_missing_version_names_those_there_are() {
        let tail = lines(
            "Collecting six==1.16.0\n\
             ERROR: Could not find a version that satisfies the requirement bottle==9.9 (from versions: 0.12, 0.13)\n\
             ERROR: No matching distribution found for bottle==9.9",
        );
        let expected = Complaint::NoVersion { requirement: "bottle==9.9".to_owned(), known: "0.12, 0.13".to_owned() };
        assert_eq!(classify(&tail), expected);
    }

    #[test]
    fn a_conflict_says_who_wants_what() {
        let tail = lines(
            "ERROR: Cannot install -r requirements.txt (line 1) and werkzeug==2.0.0 because these package versions have \
             conflicting dependencies.\n\
             \n\
             The conflict is caused by:\n    \
                 The user requested werkzeug==2.0.0\n    \
                 flask 3.0.0 depends on Werkzeug>=3.0.0\n\
             \n\
             To fix this you could try to:\n\
             1. loosen the range of package versions you've specified\n\
             \n\
             ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/",
        );
        let Complaint::Conflict { because, .. } = classify(&tail) else { panic!() };
        assert_eq!(because, ["The user requested werkzeug==2.0.0", "flask 3.0.0 depends on Werkzeug>=3.0.0"]);
    }

    #[test]
    fn an_untrusted_certificate_is_not_a_missing_version() {
        let tail = lines(
            "WARNING: Retrying ... SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...\n\
             ERROR: Could not find a version that satisfies the requirement six==1.16.0 (from versions: none)",
        );
        assert!(matches!(classify(&tail), Complaint::Network(_)));
    }

    #[test]
    fn a_failed_compilation_names_its_distribution() {
        let tail = lines("  gcc: fatal error: x\n  ERROR: Failed building wheel for PyYAML\nFailed to build PyYAML");
        assert_eq!(classify(&tail), Complaint::Compile("pyyaml".to_owned()));
        let tail = lines("Collecting lxml==5.1.0\n  error: subprocess-exited-with-error\nhint: See above");
        assert_eq!(classify(&tail), Complaint::Compile("lxml".to_owned()));
    }

    #[test]
    fn a_traceback_is_told_by_its_last_line() {
        let tail = lines(
            "Looking in indexes: https://:46691/simple\n\
             ERROR: Exception:\n\
             Traceback (most recent call last):\n  \
               File \"/usr/lib/python3/dist-packages/pip/_internal/cli/base_command.py\", line 160, in exc_logging_wrapper\n    \
                 status = run_func(*args)\n\
             pip._vendor.requests.exceptions.InvalidURL: Invalid URL 'https://:46691/simple/six/': No host supplied\n",
        );
        let said =
            "pip._vendor.requests.exceptions.InvalidURL: Invalid URL 'https://:46691/simple/six/': No host supplied";
        assert_eq!(classify(&tail), Complaint::Other(said.to_owned()));
    }

    #[test]
    fn a_wrong_hash_names_its_requirement() {
        let tail = lines(
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    six==1.16.0 from https://x/six.whl:\n",
        );
        assert_eq!(classify(&tail), Complaint::Hash("six==1.16.0".to_owned()));
    }
}
