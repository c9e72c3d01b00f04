//! Values with their places, and the readers of the plain types. A reader takes a value, and either gives what it
//! stands for or adds the reason to the issues.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt::Display,
    ops::RangeInclusive,
    str::FromStr,
};

use toml::{Spanned, de::DeValue};

use super::{Issue, Issues, Span, listed, nearest, quoted};
use crate::names::InvalidName;

/// A value of the text, not yet read.
pub(crate) type Value<'v> = &'v Spanned<DeValue<'v>>;

/// A thing and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    /// The thing.
    pub(crate) value: T,
    /// Where it is.
    pub(crate) span: Span,
}

/// What a key gave.
#[derive(Debug, Clone)]
pub(crate) enum Given<T> {
    /// The key is not there.
    No,
    /// It is there, and its value is wrong: said already.
    Wrong(Span),
    /// A value.
    Yes(At<T>),
}

impl<T> Given<T> {
    /// The value with its place.
    pub(crate) fn at(&self) -> Option<&At<T>> {
        match self {
            Self::Yes(at) => Some(at),
            Self::No | Self::Wrong(_) => None,
        }
    }

    /// The value.
    pub(crate) fn value(&self) -> Option<&T> {
        self.at().map(|at| &at.value)
    }

    /// Where the value is, right or wrong.
    pub(crate) fn span(&self) -> Option<&Span> {
        match self {
            Self::No => None,
            Self::Wrong(span) | Self::Yes(At { span, .. }) => Some(span),
        }
    }
}

impl<T: Clone> Given<T> {
    /// A copy of the value, or `other`.
    pub(crate) fn or(&self, other: impl Into<T>) -> T {
        self.value().cloned().unwrap_or_else(|| other.into())
    }

    /// A copy of the value, or the default of its type.
    pub(crate) fn or_default(&self) -> T
    where
        T: Default,
    {
        self.value().cloned().unwrap_or_default()
    }
}

impl<T> Given<Vec<T>> {
    /// The items; none where the key is not there.
    pub(crate) fn items(&self) -> &[T] {
        self.value().map_or(&[], Vec::as_slice)
    }
}

impl<T: Clone> Given<Vec<At<T>>> {
    /// Copies of the items without their places.
    pub(crate) fn values(&self) -> Vec<T> {
        self.items().iter().map(|item| item.value.clone()).collect()
    }
}

/// Adds "expected this, found that".
pub(crate) fn wrong_type(value: Value<'_>, expected: &str, issues: &mut Issues) {
    issues.add(wrong_type_issue(value, expected));
}

fn wrong_type_issue(value: Value<'_>, expected: &str) -> Issue {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Issue::new(&value.span(), format!("wrong type: expected {expected}, found {found}"))
        .label(format!("expected {expected}"))
}

/// A string.
pub(crate) fn string<'v>(value: Value<'v>, issues: &mut Issues) -> Option<&'v str> {
    let text = value.get_ref().as_str();
    if text.is_none() {
        let issue = wrong_type_issue(value, "a string");
        issues.add(match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => issue.help(format!("write `\"{number}\"`")),
            _ => issue,
        });
    }
    text
}

/// `true` or `false`.
pub(crate) fn boolean(value: Value<'_>, issues: &mut Issues) -> Option<bool> {
    let flag = value.get_ref().as_bool();
    if flag.is_none() {
        wrong_type(value, "`true` or `false`", issues);
    }
    flag
}

/// A decimal integer within `range`.
pub(crate) fn number<T: TryFrom<i64> + Display + PartialOrd>(
    range: RangeInclusive<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<T> {
    move |value, issues| {
        let expected = if range.start() == range.end() {
            format!("`{}`", range.start())
        } else {
            format!("an integer from {} to {}", range.start(), range.end())
        };
        let DeValue::Integer(digits) = value.get_ref() else {
            wrong_type(value, &expected, issues);
            return None;
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok().and_then(|n| T::try_from(n).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("{} is out of range", quoted(&digits.to_string()));
            issues.add(Issue::new(&value.span(), message).label(format!("expected {expected}")));
        }
        number
    }
}

/// A name of one of the validated types.
pub(crate) fn parsed<T: FromStr<Err = InvalidName>>(value: Value<'_>, issues: &mut Issues) -> Option<T> {
    let text = string(value, issues)?;
    text.parse()
        .map_err(|error: InvalidName| {
            let message = format!("{} is not a valid {}", quoted(text), error.kind);
            let lower = text.to_ascii_lowercase();
            let label = match lower.parse::<T>() {
                Ok(_) => format!("did you mean {}?", quoted(&lower)),
                Err(_) => error.kind.to_owned(),
            };
            issues.add(Issue::new(&value.span(), message).label(label).help(format!("expected {}", error.expected)));
        })
        .ok()
}

/// One word of a fixed set, which stands for something.
pub(crate) fn one_of<T: Copy>(what: &str, words: &[(&str, T)]) -> impl Fn(Value<'_>, &mut Issues) -> Option<T> {
    move |value, issues| {
        let text = string(value, issues)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let near = nearest(text, known.iter().copied());
            let label = near.map_or_else(|| format!("no such {what}"), |near| format!("did you mean `{near}`?"));
            let issue = Issue::new(&value.span(), format!("unknown {what} {}", quoted(text))).label(label);
            issues.add(issue.help(format!("expected one of {}", listed(&known))));
        }
        found
    }
}

/// A list of things that `reader` reads. One bad item spoils the list, so that nothing is said twice.
pub(crate) fn list<T>(
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<Vec<At<T>>> {
    move |value, issues| {
        let Some(array) = value.get_ref().as_array() else {
            let issue = wrong_type_issue(value, "a list");
            issues.add(match in_brackets(value, &reader) {
                Some(list) => issue.help(format!("put it in brackets: `{list}`")),
                None => issue,
            });
            return None;
        };
        let items: Vec<_> =
            array.iter().map(|item| reader(item, issues).map(|value| At { value, span: item.span() })).collect();
        items.into_iter().collect()
    }
}

/// A [`list`] of words in which each occurs once: the second one does nothing, and is a slip for something else.
pub(crate) fn set<T>(
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<Vec<At<T>>> {
    let list = list(reader);
    move |value, issues| {
        let mut first: HashMap<&str, Span> = HashMap::new();
        for item in value.get_ref().as_array().into_iter().flatten() {
            let Some(word) = item.get_ref().as_str() else { continue };
            // One folder has several names.
            let place = word.strip_prefix("./").unwrap_or(word).trim_end_matches('/');
            match first.entry(if place.is_empty() && word.starts_with('.') { "." } else { place }) {
                Entry::Vacant(slot) => {
                    slot.insert(item.span());
                }
                Entry::Occupied(slot) => {
                    let issue = Issue::new(&item.span(), format!("{} is twice in this list", quoted(word)));
                    issues.add(issue.label("again here").also(slot.get(), "first here").help("leave one of them out"));
                }
            }
        }
        list(value, issues)
    }
}

/// A [`set`] of which what can be read is judged further, though something else of it cannot: then an issue says so, and nothing comes of the
/// text.
pub(crate) fn set_in_part<T>(
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<Vec<At<T>>> {
    let items =
        set(move |value, issues| Some(reader(value, issues).map(|read| At { value: read, span: value.span() })));
    move |value, issues| Some(items(value, issues)?.into_iter().filter_map(|item| item.value).collect())
}

/// Words that are in one text as a list, as a shell would take them apart; one word of a placeholder's length where there are many.
fn words(text: &str) -> String {
    const MOST: usize = 8;
    let split = shlex::split(text).filter(|words| words.len() > 1 && words.len() <= MOST);
    match split.filter(|words| words.iter().all(|word| !word.contains(['"', '\\', '\n']))) {
        Some(words) => format!("[{}]", words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")),
        None => "[\"…\"]".to_owned(),
    }
}

/// How a value is written that is there without its list; a number in quotes where `reader` takes none.
fn in_brackets<T>(value: Value<'_>, reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(words(text)),
        DeValue::Integer(number) if number.radix() == 10 => {
            let is_taken = reader(value, &mut Issues::default()).is_some();
            Some(if is_taken { format!("[{number}]") } else { format!("[\"{number}\"]") })
        }
        _ => None,
    }
}

/// A table of free keys, each checked by `key`, with values that `reader` reads.
pub(crate) fn map<T>(
    key: impl Fn(&str) -> Result<(), String>,
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<BTreeMap<String, T>> {
    move |value, issues| {
        let Some(table) = value.get_ref().as_table() else {
            wrong_type(value, "a table", issues);
            return None;
        };
        let entries: Vec<_> = table
            .iter()
            .map(|(name, value)| {
                let value = reader(value, issues);
                if let Err(expected) = key(name.get_ref()) {
                    let message = format!("{} is not a valid key here", quoted(name.get_ref()));
                    issues.add(Issue::new(&name.span(), message).label("bad key").help(format!("expected {expected}")));
                    return None;
                }
                Some((name.get_ref().to_string(), value?))
            })
            .collect();
        entries.into_iter().collect()
    }
}
