//! Overrides: a table and what other tables put over it on some platforms. Knows which selector is more specific;
//! not what a key means.

use std::collections::BTreeMap;

use crate::{
    format::facts::PackageFormat,
    platform::{Catalogue, Family, Platform},
    util::toml::{At, Issue, Issues, Table, TableAt, Value, listed, nearest, quoted, wrong_type},
};

/// The package formats that may select an override; a platform of each need not exist.
fn formats() -> Vec<&'static str> {
    PackageFormat::native().map(|(format, _)| format.as_str()).collect()
}

/// A table with its overrides.
#[derive(Debug, Clone)]
pub(crate) struct Layered<T> {
    /// What holds everywhere.
    pub(crate) base: T,
    /// What holds where a selector fits, in the order of the text.
    pub(crate) overrides: Vec<Layer<T>>,
}

/// One table of `overrides`.
#[derive(Debug, Clone)]
pub(crate) struct Layer<T> {
    /// A platform, a family or a format.
    pub(crate) selector: At<String>,
    /// What it puts over the base.
    pub(crate) table: T,
}

impl<T> Layer<T> {
    /// Whether it is put over the base on this platform.
    pub(crate) fn fits(&self, platform: &Platform) -> bool {
        rank(&self.selector.value, platform).is_some()
    }
}

impl<T: Table> Layered<T> {
    /// The table as one platform sees it: the more specific override wins.
    pub(crate) fn on(&self, platform: &Platform) -> T {
        let mut fitting: Vec<(Rank, &T)> = self
            .overrides
            .iter()
            .filter_map(|layer| Some((rank(&layer.selector.value, platform)?, &layer.table)))
            .collect();
        fitting.sort_by_key(|(rank, _)| *rank);
        let mut table = self.base.clone();
        for (_, layer) in fitting {
            table.overlay(layer);
        }
        table
    }

    /// The base and every override: all that is written.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.base).chain(self.overrides.iter().map(|layer| &layer.table))
    }

    /// Unknown selectors, and keys that two selectors of the same platform give.
    pub(crate) fn check(&self, catalogue: &Catalogue, issues: &mut Issues) {
        for layer in &self.overrides {
            check_selector(&layer.selector, catalogue, issues);
        }
        let mut same: BTreeMap<&str, Vec<&Layer<T>>> = BTreeMap::new();
        for later in &self.overrides {
            let earlier = same.entry(canonical(&later.selector.value, catalogue)).or_default();
            for earlier in earlier.iter() {
                check_tie(earlier, later, issues);
            }
            earlier.push(later);
        }
    }
}

/// How specific a selector is: the later the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Format,
    Family,
    Platform,
}

fn rank(selector: &str, platform: &Platform) -> Option<Rank> {
    if platform.id.as_str() == selector || platform.aliases.iter().any(|alias| alias == selector) {
        Some(Rank::Platform)
    } else if platform.family.as_str() == selector {
        Some(Rank::Family)
    } else if platform.package.format.as_str() == selector {
        Some(Rank::Format)
    } else {
        None
    }
}

/// One word for all the words that mean the same platform.
fn canonical<'w>(selector: &'w str, catalogue: &'w Catalogue) -> &'w str {
    catalogue.meant(selector).map_or(selector, |platform| platform.id.as_str())
}

fn check_selector(selector: &At<String>, catalogue: &Catalogue, issues: &mut Issues) {
    let word = selector.value.as_str();
    let (families, formats) = (Family::ALL.map(Family::as_str), formats());
    let groups = families.iter().chain(&formats).copied();
    if !issues.are_wanted() || catalogue.words().chain(groups.clone()).any(|known| known == word) {
        return;
    }
    let near = nearest(word, catalogue.words().chain(groups));
    let label = near.map_or_else(|| "not known".to_owned(), |near| format!("did you mean `{near}`?"));
    let ids: Vec<&str> = catalogue.iter().map(|platform| platform.id.as_str()).collect();
    let help = format!(
        "expected a platform ({}), a family ({}) or a package format ({})",
        listed(&ids),
        listed(&families),
        listed(&formats)
    );
    let message = format!("unknown platform, family or format {}", quoted(word));
    issues.add(Issue::new(&selector.span, message).label(label).help(help));
}

fn check_tie<T: Table>(earlier: &Layer<T>, later: &Layer<T>, issues: &mut Issues) {
    for (key, span) in later.table.given() {
        if let Some((_, other)) = earlier.table.given().into_iter().find(|(given, _)| *given == key) {
            let (one, two) = (&earlier.selector.value, &later.selector.value);
            let message = format!("`{key}` is overridden twice: `{one}` and `{two}` are the same platform");
            let issue = Issue::new(span, message).label("which one holds?").also(other, "given here too");
            issues.add(issue.help("keep one of them"));
        }
    }
}

/// Reads a table with its `overrides`.
pub(crate) fn layered<T: Table>(value: Value<'_>, issues: &mut Issues) -> Option<Layered<T>> {
    let table = TableAt::new(value, issues)?;
    let keys: Vec<&str> = T::KEYS.iter().copied().chain(["overrides"]).collect();
    table.only(T::PLACE, &keys, issues);
    let base = T::fields(&table, issues);
    let overrides = table.field("overrides", &keys, layers, issues);
    Some(Layered { base, overrides: overrides.or_default() })
}

fn layers<T: Table>(value: Value<'_>, issues: &mut Issues) -> Option<Vec<Layer<T>>> {
    let overrides = TableAt::new(value, issues)?;
    let keys: Vec<&str> = T::KEYS.iter().copied().filter(|key| *key != "name").collect();
    let mut layers = Vec::new();
    for (selector, value) in overrides.entries() {
        if value.get_ref().is_table() {
            let table = TableAt::new(value, issues)?;
            table.only(&format!("the overrides of {}", T::PLACE), &keys, issues);
            layers.push(Layer { selector, table: T::fields(&table, issues) });
        } else {
            wrong_type(value, "a table of overrides", issues);
        }
    }
    Some(layers)
}
