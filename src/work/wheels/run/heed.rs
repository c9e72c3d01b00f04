//! What pip says beside its work that whoever releases must hear: a pinned version that was yanked, an extra that there is not.

/// Looks at pip's lines as they come. A warning may go over two of them.
#[derive(Debug, Default)]
pub struct Heed {
    /// A yanked version whose reason is on the next line.
    yanked: Option<String>,
    /// What was said already: pip repeats itself while it tries versions.
    said: Vec<String>,
}

/// How pip begins about a version that was yanked (PEP 592), since 19.2.
const YANKED: &str = "is a yanked version: ";
/// And goes on, on the next line.
const REASON: &str = "Reason for being yanked: ";
/// What it writes where the index gives no reason.
const NO_REASON: &str = "<none given>";
/// How it says that an extra is not there.
const NO_EXTRA: &str = "does not provide the extra";
/// Most warnings of one run of pip.
const MOST: usize = 50;

impl Heed {
    /// Takes a line; gives what should be said.
    pub fn take(&mut self, line: &str) -> Vec<String> {
        let line = line.trim();
        let mut told = Vec::new();
        if let Some(yanked) = self.yanked.take() {
            told.push(match line.strip_prefix(REASON) {
                Some(NO_REASON) | None => format!("{yanked}; no reason is given"),
                Some(reason) => format!("{yanked}: {reason}"),
            });
        }
        if let Some((_, candidate)) = line.split_once(YANKED) {
            self.yanked = Some(format!("{} was yanked by those who published it", version(candidate)));
        } else if line.contains(NO_EXTRA) {
            told.push(line.trim_start_matches("WARNING: ").trim().to_owned());
        }
        told.retain(|text| !self.said.contains(text) && self.said.len() < MOST);
        self.said.extend(told.iter().cloned());
        told
    }
}

/// `six 1.15.0` of `'six' candidate (version 1.15.0 at https://…)`; the whole text where it is written otherwise.
fn version(candidate: &str) -> String {
    let parts = || {
        let (name, rest) = candidate.strip_prefix('\'')?.split_once("' candidate (version ")?;
        Some(format!("{name} {}", rest.split_whitespace().next()?))
    };
    parts().unwrap_or_else(|| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Vec<String> {
        let mut heed = Heed::default();
        text.lines().flat_map(|line| heed.take(line)).collect()
    }

    #[test]
    fn a_yanked_version_is_said_once_with_its_reason() {
        let warning = "WARNING: The candidate selected for download or install is a yanked version: 'setuptools-scm' \
                       candidate (version 1.15.0 at https://files.example.org/x.tar.gz (from https://example.org/))";
        let text = format!(
            "Collecting x\n{warning}\nReason for being yanked: breaks\n{warning}\nReason for being yanked: breaks\n"
        );
        assert_eq!(heard(&text), ["setuptools-scm 1.15.0 was yanked by those who published it: breaks"]);
        let none = format!("{warning}\nReason for being yanked: <none given>\nSaved x\n");
        assert_eq!(heard(&none), ["setuptools-scm 1.15.0 was yanked by those who published it; no reason is given"]);
        assert_eq!(
            heard("is a yanked version: strange\nSaved"),
            ["strange was yanked by those who published it; no reason is given"]
        );
    }

    #[test]
    fn extras_that_there_are_not() {
        let text = "  WARNING: six 1.16.0 does not provide the extra 'speed'\nWARNING: Retrying (Retry(total=4))\nDEPRECATION: Python 2.7";
        assert_eq!(heard(text), ["six 1.16.0 does not provide the extra 'speed'"]);
    }
}
