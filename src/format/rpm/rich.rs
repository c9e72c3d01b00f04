//! Rich relations: `(a or b >= 2)`, `(a if b else c)`, nested at will (rpm.org, "Boolean Dependencies"). All that rpm
//! checks when it reads a spec file is checked here, because only the machine that installs would do it later.

use super::simple::{Relation, simple};

/// Reads a whole rich relation and writes it anew, with one space between words.
///
/// # Errors
/// What is wrong with it.
pub(super) fn rich(text: &str, context: Context) -> Result<Relation, &'static str> {
    let words = rich_words(text);
    let mut reader = Reader { words: &words, deep: 0 };
    let whole = reader.group()?;
    if !reader.words.is_empty() {
        return Err("something follows its last parenthesis");
    }
    whole.check(context)?;
    let mut name = words.join(" ");
    for (spaced, plain) in [("( ", "("), (" )", ")")] {
        name = name.replace(spaced, plain);
    }
    Ok(Relation::named(name, 0))
}

/// Splits off the parentheses that group, and leaves those of names.
fn rich_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for raw in text.split_ascii_whitespace() {
        let inner = raw.trim_start_matches('(');
        words.extend(std::iter::repeat_n("(".to_owned(), raw.len() - inner.len()));
        let surplus = inner.matches(')').count().saturating_sub(inner.matches('(').count());
        let closing = inner.len() - inner.trim_end_matches(')').len();
        let (word, groups) = inner.split_at(inner.len() - surplus.min(closing));
        words.extend((!word.is_empty()).then(|| word.to_owned()));
        words.extend(groups.chars().map(String::from));
    }
    words
}

/// A rich relation, taken apart.
enum Rich {
    Simple,
    Group { operator: String, operands: Vec<Self> },
}

/// What a group is in, which decides between `if` and `unless`: the one reads as "or not", the other as "and not".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// All of it has to hold.
    All,
    /// Any of it will do.
    Any,
    /// It is the condition of another one.
    Condition,
    /// One package has to fit.
    OnePackage,
}

impl Rich {
    /// Checks what rpm checks of nested groups (`rpmdsParseRichDep`).
    fn check(&self, context: Context) -> Result<(), &'static str> {
        let Self::Group { operator, operands } = self else { return Ok(()) };
        let operator = operator.as_str();
        if context == Context::OnePackage && !["or", "with", "without"].contains(&operator) {
            return Err("`with` and `without` take `or`, `with` and `without` only");
        }
        let inner = match (operator, context) {
            ("if", Context::Any) => {
                return Err("`if` is not allowed here: rpm wants `and` or, in a conflict, `unless`");
            }
            ("unless", Context::All) => return Err("`unless` is not allowed here: rpm wants `or` or `if`"),
            (_, Context::OnePackage) | ("with" | "without", _) => Context::OnePackage,
            ("and" | "if", _) => Context::All,
            _ => Context::Any,
        };
        let is_conditional = ["if", "unless"].contains(&operator);
        for (at, operand) in operands.iter().enumerate() {
            operand.check(if is_conditional && at == 1 { Context::Condition } else { inner })?;
        }
        Ok(())
    }
}

/// What is left to read of a rich relation.
struct Reader<'w> {
    words: &'w [String],
    deep: usize,
}

impl Reader<'_> {
    /// `(a op b)`, `(a op b op c)` with one operator, or `(a if b else c)`.
    fn group(&mut self) -> Result<Rich, &'static str> {
        const SHAPE: &str = "it is no rich dependency: `(a or b)`, `(a if b else c)` and the like";
        self.deep += 1;
        if !self.take("(") || self.deep > 32 {
            return Err(SHAPE);
        }
        let mut operands = vec![self.operand()?];
        let operator = self.words.first().cloned().unwrap_or_default();
        match operator.as_str() {
            "and" | "or" | "with" => {
                while self.take(&operator) {
                    operands.push(self.operand()?);
                }
            }
            "if" | "unless" | "without" => {
                self.take(&operator);
                operands.push(self.operand()?);
                if operator != "without" && self.take("else") {
                    operands.push(self.operand()?);
                }
            }
            _ => return Err(SHAPE),
        }
        self.deep -= 1;
        if self.take(")") { Ok(Rich::Group { operator, operands }) } else { Err(SHAPE) }
    }

    fn operand(&mut self) -> Result<Rich, &'static str> {
        if self.words.first().is_some_and(|word| word == "(") {
            return self.group();
        }
        let ends =
            |word: &String| ["and", "or", "with", "if", "unless", "without", "else", "(", ")"].contains(&word.as_str());
        let length = self.words.iter().position(ends).unwrap_or(self.words.len());
        let (words, rest) = self.words.split_at(length);
        self.words = rest;
        simple(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(|_| Rich::Simple)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first().is_some_and(|first| first == word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::relation::{Takes, read};

    #[test]
    fn rich_relations_are_read() {
        for (text, name) in [
            ("(a or b)", "(a or b)"),
            ("( a >= 1  or ( b and c )or d )", ""),
            ("( a >= 1  or ( b and c ) or d )", "(a >= 1 or (b and c) or d)"),
            ("(a if b else c)", "(a if b else c)"),
            ("(libx()(64bit) if (y(z) unless w))", "(libx()(64bit) if (y(z) unless w))"),
            ("((a with b < 2) without c)", "((a with b < 2) without c)"),
        ] {
            match read("depends", text, Takes::Needs) {
                Ok(relation) => assert_eq!((relation.name.as_str(), relation.flags), (name, 0)),
                Err(error) => assert_eq!(name, "", "{text}: {error}"),
            }
        }
    }

    /// rpm's own verdict on every nesting of two operators. (It takes `(a)` as well, which is more likely a slip.)
    #[test]
    fn rpm_agrees_on_rich_relations() {
        const OPERATORS: [&str; 6] = ["and", "or", "if", "unless", "with", "without"];
        let folder = tempfile::tempdir().unwrap();
        let mut shapes = vec!["(a if b if c)".to_owned(), "(a or b and c)".to_owned()];
        for outer in OPERATORS {
            shapes.push(format!("(a {outer} b)"));
            shapes.push(format!("(a {outer} b else c)"));
            for inner in OPERATORS {
                shapes.push(format!("(a {outer} (b {inner} c))"));
                shapes.push(format!("((a {inner} b) {outer} c)"));
                shapes.push(format!("(a if b else ((c {inner} d) {outer} e))"));
            }
        }
        let spec = folder.path().join("x.spec");
        for (shape, (tag, takes)) in shapes
            .iter()
            .flat_map(|shape| [("Requires", Takes::Needs), ("Conflicts", Takes::Bars)].map(|it| (shape, it)))
        {
            let text =
                format!("Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\n{tag}: {shape}\n%description\n");
            fs_err::write(&spec, text).unwrap();
            let Ok(output) = std::process::Command::new("rpmspec").arg("-q").arg(&spec).output() else {
                return eprintln!("skipped: rpmspec is not installed");
            };
            let ours = read("x", shape, takes).map_err(|error| error.to_string());
            let theirs = String::from_utf8_lossy(&output.stderr);
            assert_eq!(ours.is_ok(), output.status.success(), "{tag}: {shape}: {ours:?}, {theirs}");
        }
    }
}
