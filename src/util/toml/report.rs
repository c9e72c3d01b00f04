//! [`Report`]: every mistake of one or more files, ready to be shown. Decides nothing about how it looks.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::{Issue, Source, Span, excerpt::Excerpt};

/// Every mistake of one or more files.
#[derive(Debug, Clone)]
pub struct Report(Vec<Located>);

/// A mistake with the file that it is in.
#[derive(Debug, Clone)]
pub struct Located {
    /// The mistake.
    pub issue: Issue,
    /// The file.
    pub source: Arc<Source>,
    excerpt: OnceLock<Excerpt>,
}

impl Report {
    /// What is wrong with one file.
    pub(crate) fn new(source: Source, issues: Vec<Issue>) -> Self {
        let source = Arc::new(source);
        let located = |issue: Issue| {
            let source = Arc::clone(issue.within.as_ref().unwrap_or(&source));
            Located { issue: issue.narrowed(source.text()), source, excerpt: OnceLock::new() }
        };
        Self(issues.into_iter().map(located).collect())
    }

    /// A report of several files, or nothing when there is nothing to report.
    pub(crate) fn merge(reports: Vec<Self>) -> Option<Self> {
        let mut all: Vec<Located> = Vec::new();
        for located in reports.into_iter().flat_map(|report| report.0) {
            // Several platforms may find one mistake.
            let known = |other: &Located| other.issue == located.issue && other.source.name() == located.source.name();
            if !all.iter().any(known) {
                all.push(located);
            }
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// The mistakes, file by file, in the order of their texts.
    #[must_use]
    pub fn issues(&self) -> &[Located] {
        &self.0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut files: Vec<&str> = self.0.iter().map(|located| located.source.name()).collect();
        files.dedup();
        let errors = match self.0.len() {
            1 => "an error".to_owned(),
            number => format!("{number} errors"),
        };
        match files.as_slice() {
            [file] => write!(f, "`{file}` has {errors}"),
            _ => write!(f, "{} files have {errors}", files.len()),
        }
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.0.iter().map(|located| -> &dyn Diagnostic { located })))
    }
}

impl Located {
    /// The line and the column of its place, both from 1.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.issue.span.start)
    }

    fn excerpt(&self) -> &Excerpt {
        self.excerpt.get_or_init(|| {
            let also = self.issue.also.iter().map(|(span, _)| span.clone());
            let places: Vec<Span> = std::iter::once(self.issue.span.clone()).chain(also).collect();
            Excerpt::new(&self.source, &places)
        })
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.issue.message)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.issue.help.as_ref().map(|help| -> Box<dyn fmt::Display> { Box::new(help) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.excerpt())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.source.text().trim().is_empty() {
            return None;
        }
        let also = self.issue.also.iter().map(|(_, label)| label);
        let labels = std::iter::once(&self.issue.label).chain(also);
        let places = self.excerpt().places().iter().map(|place| (place.start, place.len()));
        Some(Box::new(labels.zip(places).enumerate().map(|(number, (label, place))| match number {
            0 => LabeledSpan::new_primary_with_span(Some(label.clone()), place),
            _ => LabeledSpan::new_with_span(Some(label.clone()), place),
        })))
    }
}
