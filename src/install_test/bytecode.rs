//! Compiled Python below the virtualenv: a `.pyc` that does not belong to its source is compiled again at every start,
//! or worse, used.

use super::{
    Finding, InstallTestError,
    container::{TestContainer, argv},
};

/// Reads every `.pyc` and prints those that are stale; its last line says how many there are. Runs with Python 2.7 and
/// with 3.3 on.
const SCRIPT: &str = include_str!("bytecode.py");

/// Holds the compiled files of the packages against their sources; gives how many there are.
///
/// # Errors
/// The finding, with the stale ones.
pub async fn check(container: &TestContainer<'_>) -> Result<usize, InstallTestError> {
    let Some(prefix) = &container.target.prefix else { return Ok(0) };
    let below = format!("{}/", prefix.trim_matches('/'));
    let is_compiled = |path: &str| path.strip_prefix(&below).is_some_and(|rest| rest.rsplit('.').next() == Some("pyc"));
    if !container.target.lines().any(|line| is_compiled(&line.path)) {
        return Ok(0);
    }
    let interpreter = format!("{prefix}/bin/python");
    let answer = container.ask(argv(&[&interpreter, "-B", "-E", "-s", "-c", SCRIPT, prefix], [] as [&str; 0])).await?;
    judge(&answer.lines, answer.code, &interpreter).map_err(Into::into)
}

fn judge(lines: &[String], code: i64, interpreter: &str) -> Result<usize, Finding> {
    let counted = lines.last().and_then(|line| line.strip_prefix("looked at ")).and_then(|count| count.parse().ok());
    let Some(count) = counted.filter(|_| code == 0) else {
        let message = format!("{interpreter} should run, but ended with exit code {code}");
        return Err(Finding::new(message).with_last(lines));
    };
    let stale = &lines[..lines.len() - 1];
    if stale.is_empty() {
        return Ok(count);
    }
    Err(Finding::new(format!("every .pyc should belong to its source, but {} of {count} do not", stale.len()))
        .with(stale)
        .help("compile them hash-based: `python -m compileall --invalidation-mode unchecked-hash`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str], code: i64) -> Result<usize, Finding> {
        judge(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), code, "/opt/x/bin/python")
    }

    #[test]
    fn answers() {
        assert_eq!(judged(&["looked at 7"], 0), Ok(7));
        let stale = judged(&["/opt/x/a.pyc: its source has another time", "looked at 7"], 0).unwrap_err();
        assert_eq!(stale.message, "every .pyc should belong to its source, but 1 of 7 do not");
        let broken = judged(&["No such file or directory"], 127).unwrap_err();
        assert_eq!(broken.message, "/opt/x/bin/python should run, but ended with exit code 127");
        assert_eq!(broken.details, ["No such file or directory"]);
    }
}
