//! `depends` and `conflicts`: packages, each with one condition on its version or none.

use super::{Refused, grammar, version};

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=` and `==`.
    Equal,
    /// `>`.
    Above,
    /// `<`.
    Below,
    /// `>=`.
    AtLeast,
    /// `<=`.
    AtMost,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" => Self::Equal,
            ">" => Self::Above,
            "<" => Self::Below,
            ">=" => Self::AtLeast,
            "<=" => Self::AtMost,
            _ => return None,
        })
    }

    /// Whether it holds of a version that compares so with the condition's.
    #[must_use]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Above => order.is_gt(),
            Self::Below => order.is_lt(),
            Self::AtLeast => order.is_ge(),
            Self::AtMost => order.is_le(),
        }
    }
}

/// One item, read as agents do: the package's name is everything before the bracket, blanks included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The package.
    pub package: String,
    /// The operator as written; empty where there is none.
    pub operator: String,
    /// The version as written; `None` where there is no condition.
    pub version: Option<String>,
}

/// Why an item cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// No package and a condition.
    #[error("this is no package with a condition")]
    Shape,
    /// An operator that agents break at.
    #[error("`{0}` is no operator: agents break off here")]
    Operator(String),
    /// A packaging number that is none.
    #[error("`{0}` is no packaging number: agents break off here")]
    Packaging(String),
}

impl Request {
    /// Reads an item: `tis-x`, `tis-x(>=1.0-0)`.
    ///
    /// # Errors
    /// [`BadRequest::Shape`].
    pub fn parse(text: &str) -> Result<Self, BadRequest> {
        let (package, rest) = text.split_at(text.find(['(', ')']).unwrap_or(text.len()));
        if package.is_empty() {
            return Err(BadRequest::Shape);
        }
        let condition =
            rest.strip_prefix('(').map(|rest| rest.rsplit_once(')').map_or(rest, |(inner, _)| inner).trim());
        let Some(condition) = condition.filter(|condition| !condition.is_empty()) else {
            return Ok(Self { package: package.to_owned(), operator: String::new(), version: None });
        };
        let (operator, version) = condition.split_at(condition.find(|c| !"<=>".contains(c)).unwrap_or(condition.len()));
        let version = version.trim_start();
        if version.is_empty() || version.contains(char::is_whitespace) {
            return Err(BadRequest::Shape);
        }
        Ok(Self { package: package.to_owned(), operator: operator.to_owned(), version: Some(version.to_owned()) })
    }

    /// The operator.
    ///
    /// # Errors
    /// [`BadRequest::Operator`] for none and for one that agents do not know.
    pub fn condition(&self) -> Result<Operator, BadRequest> {
        Operator::parse(&self.operator).ok_or_else(|| BadRequest::Operator(self.operator.clone()))
    }
}

/// A list that every agent reads in the same way.
pub(super) fn check(value: &str) -> Result<(), Refused> {
    // A comma in a condition ends the item: said of the item as it was meant.
    if let Some(open) = value.find('(') {
        let inner = value[open..].split_once(')').map_or("", |(inner, _)| inner);
        if inner.contains(',') {
            return Err(Refused::new(
                "two conditions in one bracket",
                "write the package twice: `tis-x(>=1.0-0),tis-x(<2.0-0)`",
            ));
        }
    }
    value.split(',').try_for_each(|item| check_item(item.trim()))
}

fn check_item(item: &str) -> Result<(), Refused> {
    const HELP: &str =
        "e.g. `tis-x`, `tis-x(>=1.0-0)`: no blank before the bracket, one of `=`, `<`, `>`, `<=` and `>=`";
    let shown: String = item.escape_debug().take(60).collect();
    let refuse = |why: &str| Err(Refused::new(format!("`{shown}`: {why}"), HELP));
    let Ok(request) = Request::parse(item) else { return refuse("this is no package with a condition") };
    if request.package.ends_with(' ') {
        return refuse("with a blank before the bracket, agents never find the package");
    }
    if !grammar::is_package(&request.package) {
        return refuse("this is no package's name");
    }
    let Some(version) = &request.version else {
        return if item == request.package { Ok(()) } else { refuse("the bracket is empty or not closed") };
    };
    if request.condition().is_err() {
        return refuse("agents break off at this operator");
    }
    if !item.ends_with(')') || !version::is_version(version) || !version::has_number(version) {
        return refuse("this is no version");
    }
    Ok(())
}
