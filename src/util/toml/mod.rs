//! Strict reading of the TOML files that people write: every value keeps its place in the text, and every mistake is
//! found in one go, each with what was expected and the nearest valid word. Knows no recipe and no platform, and
//! touches no file.

mod document;
mod excerpt;
mod issue;
mod nearest;
mod path;
mod placeholder;
mod relation;
mod report;
mod source;
mod table;
mod value;
mod words;

pub(crate) use document::{read, unreadable};
pub use issue::{Issue, Span};
pub(crate) use issue::{Issues, quoted};
pub(crate) use nearest::{listed, nearest, some_of};
pub(crate) use path::{BadPath, check_glob, in_container, in_project, inside, plain_absolute, project};
pub(crate) use placeholder::{only_placeholders, unfilled};
pub(crate) use relation::{alternatives, plain as relation};
pub use report::{Located, Report};
pub use source::Source;
pub(crate) use table::{Table, TableAt, few, one, required, sub_table, table};
pub(crate) use value::{
    At, Given, Value, boolean, list, map, number, one_of, parsed, set, set_in_part, string, wrong_type,
};
pub(crate) use words::{
    image_reference, is_host, line, one_line, os_package, paragraphs, service_url, url, web_url, word,
};
