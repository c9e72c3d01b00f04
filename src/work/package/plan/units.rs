//! Units of the project whose lines systemd would not take: said at the recipe's line, before anything is made. What a unit needs
//! beside it is asked once the package's files are known.

use std::io::Read as _;

use crate::{
    names::Concern,
    recipe::{Content, ContentKind},
    source::{
        listing::Files,
        project::{SourceFile, SourceKind},
    },
    unit::{UnitError, UnitFile, UnitName, advice, judge::judge, misspelt},
    util::{
        allowance::{covers, line},
        pattern,
        toml::Issue,
    },
    work::package::recipe::Package,
};

/// The largest unit file that is read, in bytes: 1 MiB. A larger one is refused when the package is made.
const LARGEST: u64 = 1 << 20;
/// So many lines of one file are told.
const SHOWN: usize = 5;

/// Looks at the units that entries of `contents` name; what is wrong with their lines goes into `found`.
pub(super) fn look(package: &Package, taken: &[Files], found: &mut Vec<Issue>) {
    for (content, files) in package.contents.iter().zip(taken) {
        if matches!(content.kind, ContentKind::Service(_)) {
            found.extend(files.files.iter().filter_map(|file| mistake(package, content, files, file)));
        }
    }
}

fn mistake(package: &Package, content: &Content, files: &Files, file: &SourceFile) -> Option<Issue> {
    let unit =
        UnitName::new(content.dst.rsplit('/').next().filter(|_| files.is_single).unwrap_or(&file.relative)).ok()?;
    let shown = shown(content, files, file);
    let text = text(file)?;
    let wrong = match UnitFile::parse(&text, &shown) {
        Ok(parsed) => judge(&parsed, &unit, &shown).0,
        Err(error) => vec![error],
    };
    let folder = content.dst.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = format!("{folder}/{unit}").trim_start_matches('/').to_owned();
    let is_allowed = package.allow.iter().any(|one| covers(one, Concern::Unit, &path));
    let of_line = |error: &UnitError| -> Option<(String, String)> {
        // A drop-in may bring what the whole lacks.
        let line = error.place.strip_prefix(shown.as_str())?.strip_prefix(':')?;
        (!is_allowed).then(|| (line.to_owned(), error.reason.clone()))
    };
    let all: Vec<(String, String)> = wrong.iter().filter_map(of_line).collect();
    let (_, first) = all.first()?;
    let told = all.iter().take(SHOWN).map(|(line, one)| format!("line {line}: {}", one.escape_debug()));
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let help = format!("{}; where it is meant: {}", advice(first), line(Concern::Unit, &format!("/{path}")));
    let message = format!("`{shown}`: {}{more}", told.collect::<Vec<_>>().join("; "));
    Some(Issue::new(&content.at, message).label("systemd does not take it").help(help))
}

/// What is said of units that name a target which is nearly one of systemd's: it would pass over that word.
pub(super) fn doubts(package: &Package, taken: &[Files], all: &[Package]) -> Vec<Issue> {
    let own = |name: &str| {
        let contents = all.iter().flat_map(|package| &package.contents);
        contents.flat_map(|content| [&content.dst, &content.src]).any(|path| path.rsplit('/').next() == Some(name))
    };
    let mut found = Vec::new();
    for (content, files) in package.contents.iter().zip(taken) {
        if !matches!(content.kind, ContentKind::Service(_)) {
            continue;
        }
        for file in &files.files {
            let shown = shown(content, files, file);
            let Some(parsed) = text(file).and_then(|text| UnitFile::parse(&text, &shown).ok()) else { continue };
            found.extend(misspelt(&parsed, &own).into_iter().map(|one| {
                let message = format!("{}: {} is no target of systemd or of this recipe", one.place, one.said);
                Issue::new(&content.at, message).help(format!("did you mean `{}`?", one.meant))
            }));
        }
    }
    found
}

/// How the user calls a unit's file.
fn shown(content: &Content, files: &Files, file: &SourceFile) -> String {
    if files.is_single {
        pattern::plain(&content.src).into_owned()
    } else {
        format!("{}/{}", pattern::parts(&content.src).0, file.relative)
    }
}

/// The text of a unit; `None` where it is met again, and said, when the package is made.
fn text(file: &SourceFile) -> Option<String> {
    if !matches!(file.kind, SourceKind::File { .. }) {
        return None;
    }
    let mut bytes = Vec::new();
    file.open().ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LARGEST)
}
