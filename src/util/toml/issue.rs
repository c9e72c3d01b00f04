//! [`Issue`]: one mistake in a text, and [`Issues`], the collector that a reading fills. Knows nothing of files or
//! terminals.

use std::{num::NonZeroU32, ops::Range, sync::Arc};

use super::{
    Source, nearest,
    source::{is_unsafe, without_userinfo},
};

/// A place in a text: a range of bytes.
pub type Span = Range<usize>;

/// One mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong, a sentence fragment.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A few words under the place: what was expected there.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub also: Box<[(Span, String)]>,
    /// The text that all of these places are in, where it is another one than that which was read.
    pub(super) within: Option<Arc<Source>>,
    /// Whether it depends on other parts of the text, so that a syntax error elsewhere may be its cause.
    pub(super) relational: bool,
    /// Whether the first word in backticks of the message is what is meant of its place.
    is_of_word: bool,
    /// Where in the message the platforms are named, should only some have it.
    of_platforms: Option<NonZeroU32>,
}

impl Issue {
    /// A mistake at `span`.
    pub(crate) fn new(span: &Span, message: impl Into<String>) -> Self {
        let message = message.into();
        let (span, label) = (span.clone(), "here".to_owned());
        Self {
            message,
            span,
            label,
            help: None,
            also: Box::default(),
            within: None,
            relational: false,
            is_of_word: false,
            of_platforms: None,
        }
    }

    /// A name at `span` that none of `known` is. Depends on the whole text.
    pub(crate) fn unknown(span: &Span, what: &str, name: &str, known: &[&str]) -> Self {
        let issue = Self::new(span, format!("unknown {what} {}", quoted(name))).relational();
        let issue = match nearest(name, known.iter().copied().take(COMPARED)) {
            Some(near) => issue.label(format!("did you mean `{near}`?")),
            None => issue.label(format!("no such {what}")),
        };
        match known {
            [] => issue.help(format!("there is no {what} to refer to")),
            _ => issue.help(format!("known: {}", super::listed(known))),
        }
    }

    /// The same with words under the place.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with a line of help.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with another place that belongs to it.
    pub(crate) fn also(mut self, span: &Span, label: impl Into<String>) -> Self {
        let mut also = self.also.into_vec();
        also.push((span.clone(), label.into()));
        self.also = also.into_boxed_slice();
        self
    }

    /// The same, where only some platforms may have it: they are named here, at the end of the message so far.
    pub(crate) fn for_platforms(mut self) -> Self {
        self.of_platforms = u32::try_from(self.message.len()).ok().and_then(NonZeroU32::new);
        self
    }

    /// The same with more behind its message.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// The same in another text: a file that the one that was read names.
    pub(crate) fn within(mut self, name: &str, text: &str) -> Self {
        self.within = Some(Arc::new(Source::new(name, text)));
        self
    }

    /// The same about the first word in backticks of its message: in a text of many lines it is marked where it is.
    pub(crate) fn of_word(mut self) -> Self {
        self.is_of_word = true;
        self
    }

    /// The same with the place of its word alone, in the text that its places are in.
    pub(crate) fn narrowed(mut self, text: &str) -> Self {
        let word = self.message.split('`').nth(1).filter(|word| self.is_of_word && !word.is_empty());
        if let Some((start, length)) =
            word.and_then(|word| Some((text.get(self.span.clone())?.find(word)?, word.len())))
        {
            let start = self.span.start + start;
            self.span = start..start + length;
        }
        self
    }

    /// The text that its places are in, where it is another one than that which was read.
    pub(crate) fn source(&self) -> Option<&Source> {
        self.within.as_deref()
    }

    /// The same, marked as depending on other parts of the text.
    pub(crate) fn relational(mut self) -> Self {
        self.relational = true;
        self
    }
}

/// A reading stops to collect at so many: more are not read, and looking for equal ones and drawing each takes time.
const MOST: usize = 200;

/// A misspelt name is compared with so many others.
const COMPARED: usize = 2000;

/// What a reading found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Issues(Vec<Issue>);

impl Issues {
    /// Takes one, unless the same was said of the same place already.
    pub(crate) fn add(&mut self, issue: Issue) {
        let known = |issues: &[Issue]| issues.iter().any(|old| old.span == issue.span && old.message == issue.message);
        if self.are_wanted() && !known(&self.0) {
            self.0.push(issue);
        }
    }

    /// Takes what each of several platforms found. What not all of the recipe's platforms found names those that did.
    pub(crate) fn add_of_platforms(&mut self, found: Vec<(&str, Self)>, all: usize) {
        let mut groups: Vec<(Issue, Vec<&str>)> = Vec::new();
        for (platform, issues) in found {
            for issue in issues.0 {
                match groups.iter_mut().find(|(known, _)| *known == issue) {
                    Some((_, platforms)) => platforms.push(platform),
                    None => groups.push((issue, vec![platform])),
                }
            }
        }
        for (mut issue, platforms) in groups {
            if let Some(place) = issue.of_platforms.take().filter(|_| platforms.len() < all) {
                issue.message.insert_str(place.get() as usize, &format!(" for {}", super::listed(&platforms)));
            }
            self.add(issue);
        }
    }

    /// Whether more of them are kept: what is costly to say need not be said any more.
    pub(crate) fn are_wanted(&self) -> bool {
        self.0.len() < MOST
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of the text.
    pub(crate) fn into_sorted(mut self) -> Vec<Issue> {
        self.0.sort_by_key(|issue| (issue.span.start, issue.span.end));
        self.0
    }

    /// All of them that still hold though the text has a syntax error at `offset`: what comes before it was read well.
    pub(super) fn before(&mut self, offset: usize) {
        self.0.retain(|issue| !issue.relational && issue.span.end <= offset);
    }
}

/// A word of the user in backticks: nothing that a terminal acts on, no password, and not endless.
pub(crate) fn quoted(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::from("`");
    for (place, c) in without_userinfo(word).chars().enumerate() {
        if place == LONGEST {
            shown.push('…');
            break;
        }
        if is_unsafe(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown + "`"
}
