//! [`UnitFile`]: the lines of a unit file (systemd.syntax(7)): sections, continuation lines, comments, repeated keys,
//! and assignments of nothing, which take back the earlier ones.

use super::UnitError;

/// One `Key=value` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its section, without brackets.
    pub section: String,
    /// The key.
    pub key: String,
    /// The value, trimmed, with continuation lines joined.
    pub value: String,
    /// `/lib/systemd/system/x.service:12`.
    pub place: String,
}

/// The assignments of a unit file and of those that were added to it (drop-ins), in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFile {
    assignments: Vec<Assignment>,
    /// The sections, in order, each with its place.
    sections: Vec<(String, String)>,
}

impl UnitFile {
    /// Reads a file; `origin` is its path, for messages.
    ///
    /// # Errors
    /// [`UnitError`] with the line.
    pub fn parse(text: &str, origin: &str) -> Result<Self, UnitError> {
        let mut reader = Reader { origin, section: None, assignments: Vec::new(), sections: Vec::new() };
        let mut pending: Option<(usize, String)> = None;
        for (number, line) in (1..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).split('\n')) {
            if line.trim_start_matches(BLANK).starts_with(['#', ';']) {
                continue;
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            let (first, mut whole) = pending.take().unwrap_or((number, String::new()));
            whole.push_str(line);
            if continues(&whole) {
                whole.pop();
                whole.push(' ');
                pending = Some((first, whole));
            } else {
                reader.take(first, &whole)?;
            }
        }
        if let Some((first, whole)) = pending {
            reader.take(first, &whole)?;
        }
        Ok(Self { assignments: reader.assignments, sections: reader.sections })
    }

    /// Adds a drop-in: its assignments count as if they were at the end.
    pub fn extend(&mut self, drop_in: Self) {
        self.assignments.extend(drop_in.assignments);
        self.sections.extend(drop_in.sections);
    }

    /// The sections, in order: name and place.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().map(|(name, place)| (name.as_str(), place.as_str()))
    }

    /// The assignments of a key that adds up, without those that a later empty one took back.
    #[must_use]
    pub fn all(&self, section: &str, key: &str) -> Vec<&Assignment> {
        let mut found = Vec::new();
        for assignment in self.of(section).filter(|assignment| assignment.key == key) {
            if assignment.value.is_empty() {
                found.clear();
            } else {
                found.push(assignment);
            }
        }
        found
    }

    /// The assignment of a key that has one value: the last one, unless it is empty.
    #[must_use]
    pub fn last(&self, section: &str, key: &str) -> Option<&Assignment> {
        self.latest(section, &[key])
    }

    /// The last assignment of any of these keys, unless it is empty.
    #[must_use]
    pub fn latest(&self, section: &str, keys: &[&str]) -> Option<&Assignment> {
        let last = self.of(section).filter(|assignment| keys.contains(&assignment.key.as_str())).last();
        last.filter(|assignment| !assignment.value.is_empty())
    }

    /// The keys of a section, each once, in order.
    #[must_use]
    pub fn keys(&self, section: &str) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for assignment in self.of(section) {
            if !keys.contains(&assignment.key.as_str()) {
                keys.push(&assignment.key);
            }
        }
        keys
    }

    /// All assignments, in order.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter()
    }

    fn of<'a, 's>(&'a self, section: &'s str) -> impl Iterator<Item = &'a Assignment> + use<'a, 's> {
        self.assignments.iter().filter(move |assignment| assignment.section == section)
    }
}

/// What systemd trims.
const BLANK: [char; 3] = [' ', '\t', '\r'];

/// Whether a line goes on: it ends in a backslash that is not itself escaped.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

struct Reader<'a> {
    origin: &'a str,
    section: Option<String>,
    assignments: Vec<Assignment>,
    sections: Vec<(String, String)>,
}

impl Reader<'_> {
    fn take(&mut self, number: usize, line: &str) -> Result<(), UnitError> {
        let place = format!("{}:{number}", self.origin);
        let line = line.trim_matches(BLANK);
        let refuse = |reason: &str| Err(UnitError { place: place.clone(), reason: reason.to_owned() });
        if line.is_empty() {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('[') {
            let Some(section) = rest.strip_suffix(']') else {
                return refuse("a section's name has to end in `]`");
            };
            self.sections.push((section.to_owned(), place));
            self.section = Some(section.to_owned());
            return Ok(());
        }
        let Some((key, value)) = line.split_once('=') else { return refuse("it is neither a section nor `Key=value`") };
        let Some(section) = &self.section else { return refuse("it comes before the first section") };
        let (key, value) = (key.trim_end_matches(BLANK), value.trim_start_matches(BLANK));
        if key.is_empty() {
            return refuse("there is no key before the `=`");
        }
        self.assignments.push(Assignment {
            section: section.clone(),
            key: key.to_owned(),
            value: value.to_owned(),
            place,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> UnitFile {
        UnitFile::parse(text, "x.service").unwrap()
    }

    fn values(text: &str, section: &str, key: &str) -> Vec<String> {
        file(text).all(section, key).into_iter().map(|assignment| assignment.value.clone()).collect()
    }

    #[test]
    fn the_example_of_the_manual() {
        let text = "[Section A]\nKeyOne=value 1\nKeyTwo=value 2\n\n# a comment\n\n[Section B]\n\
                    Setting=\"something\" \"some thing\" \"…\"\nKeyTwo=value 2 \\\n       value 2 continued\n\n\
                    [Section C]\nKeyThree=value 3\\\n# this line is ignored\n; this line is ignored too\n       \
                    value 3 continued\n";
        assert_eq!(values(text, "Section A", "KeyOne"), ["value 1"]);
        assert_eq!(values(text, "Section B", "Setting"), ["\"something\" \"some thing\" \"…\""]);
        assert_eq!(values(text, "Section B", "KeyTwo"), ["value 2         value 2 continued"]);
        assert_eq!(values(text, "Section C", "KeyThree"), ["value 3        value 3 continued"]);
    }

    #[test]
    fn an_empty_assignment_takes_the_earlier_ones_back() {
        assert_eq!(values("[S]\nA=1\nA=2\nA=\nA=3\nB=4\n", "S", "A"), ["3"]);
        assert_eq!(file("[S]\nA=1\nA=2").last("S", "A").map(|a| a.value.as_str()), Some("2"));
        assert_eq!(file("[S]\nA=1\nA=").last("S", "A"), None);
        assert_eq!(file("[S]\nA=1\nB=2\nA=3\n[T]\nC=1").keys("S"), ["A", "B"]);
    }

    #[test]
    fn a_drop_in_stands_behind() {
        let mut unit = file("[Service]\nExecStart=/bin/a\n");
        unit.extend(UnitFile::parse("[Service]\nExecStart=\nExecStart=/bin/b\n", "y.conf").unwrap());
        let commands = unit.all("Service", "ExecStart");
        assert_eq!((commands.len(), commands[0].value.as_str(), commands[0].place.as_str()), (1, "/bin/b", "y.conf:3"));
    }

    #[test]
    fn blanks_ends_and_marks() {
        assert_eq!(values("\u{feff}[S]\r\n  A = 1 \r\nA=a=b\n\\\nA=c\n", "S", "A"), ["1", "a=b", "c"]);
        assert_eq!(values("[S]\nA=x\\\\\nB=y", "S", "A"), ["x\\\\"], "an escaped backslash continues nothing");
        assert_eq!(values("[S]\nA=x \\", "S", "A"), ["x"]);
    }

    #[test]
    fn what_is_no_unit_is_said_with_its_line() {
        let error = |text| UnitFile::parse(text, "x.service").unwrap_err().to_string();
        assert_eq!(error("A=1"), "x.service:1: it comes before the first section");
        assert_eq!(error("[S]\n\nhello"), "x.service:3: it is neither a section nor `Key=value`");
        assert_eq!(error("[S]\n=1"), "x.service:2: there is no key before the `=`");
        assert_eq!(error("[S"), "x.service:1: a section's name has to end in `]`");
    }
}
