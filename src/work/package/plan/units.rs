//! Units of the project whose lines systemd would not take: said at the recipe's line, before anything is made. What a unit needs
//! beside it is asked once the package's files are known.

use std::{collections::BTreeMap, io::Read as _};

use crate::{
    format::facts::PackageFormat,
    names::Concern,
    plan::maker::Maker,
    recipe::{Content, ContentKind},
    source::{
        listing::Files,
        project::{SourceFile, SourceKind},
    },
    unit::{Misspelt, UnitError, UnitFile, UnitName, advice, is_installing, is_requiring, judge::judge, misspelt},
    util::{
        allowance::{covers, line},
        pattern,
        toml::{Issue, quoted},
    },
    work::package::{Foretold, recipe::Package},
};

/// The largest unit file that is read, in bytes: 1 MiB. A larger one is refused when the package is made.
const LARGEST: u64 = 1 << 20;
/// So many lines of one file are told.
const SHOWN: usize = 5;

/// Looks at the units that entries of `contents` name; what is wrong with their lines goes into `found`.
pub(super) fn look(package: &Package, taken: &[Files], all: &[Package], found: &mut Vec<Issue>) {
    for (content, files) in package.contents.iter().zip(taken) {
        if matches!(content.kind, ContentKind::Service(_)) {
            found.extend(files.files.iter().filter_map(|file| mistake(package, content, files, file)));
        }
    }
    found.extend(slips(package, taken, all).iter().filter(|slip| slip.concern != Concern::UnitWants).map(|slip| {
        let (said, meant, place) = (&slip.misspelt.said, &slip.misspelt.meant, &slip.misspelt.place);
        let message = format!("{place}: {said} is no unit of systemd, of a well-known package or of this recipe");
        Issue::new(&slip.content.at, format!("{message} [{}]", slip.concern.as_str()))
            .label(format!("did you mean `{meant}`?"))
            .help(format!("{}; where it is meant: {}", slip.concern.why(), slip.line()))
    }));
}

impl Maker<'_> {
    /// Units that no package manager would start: in another folder than its formats have for them, or there twice.
    pub(super) fn odd_units(&self, package: &Package) -> Vec<Issue> {
        let formats = self.formats(package);
        let natives: Vec<(PackageFormat, &[&str])> =
            formats.iter().filter_map(|(format, _)| Some((*format, format.facts().native.as_ref()?.units))).collect();
        let usual = &self.platform.package.units;
        let mut seen: BTreeMap<&str, &Content> = BTreeMap::new();
        let mut found = Vec::new();
        for content in package.contents.iter().filter(|one| matches!(one.kind, ContentKind::Service(_))) {
            let Some((folder, name)) = content.dst.rsplit_once('/').filter(|_| !natives.is_empty()) else { continue };
            let is_one = |units: &[&str]| units.contains(&folder.trim_start_matches('/'));
            if let Some((format, _)) = natives.iter().find(|(_, units)| !is_one(units)) {
                found.push(elsewhere(content, name, *format, usual));
            }
            // Two at one place are said as of any file.
            if let Some(first) = seen.insert(name, content).filter(|first| first.dst != content.dst) {
                let issue = Issue::new(&content.at, format!("the unit {} is there twice", quoted(name)));
                let help = "keep one of the entries: a package has one unit of a name";
                found.push(issue.label("again here").also(&first.at, "first here").help(help));
            }
        }
        found
    }
}

fn elsewhere(content: &Content, name: &str, format: PackageFormat, usual: &str) -> Issue {
    let format = format.facts().title;
    let message = format!("{} goes to {}, where a {format} has no units", quoted(name), quoted(&content.dst));
    Issue::new(&content.at, message).label("no folder of units").help(format!(
        "leave `dst` out: the platform says that units are in `{usual}`; a file that nothing is to enable or start needs no `type = \"service\"`"
    ))
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
    let path = path_of(content, files, file);
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
    let message = format!("`{shown}`: {}{more} [{}]", told.collect::<Vec<_>>().join("; "), Concern::Unit.as_str());
    Some(Issue::new(&content.at, message).label("systemd does not take it").help(help))
}

/// A unit that a unit of the project names, and the well-known one that is probably meant.
struct Slip<'c> {
    content: &'c Content,
    concern: Concern,
    /// Where the unit is in the package, without a slash at its beginning.
    path: String,
    misspelt: Misspelt,
}

impl Slip<'_> {
    /// What allows it.
    fn line(&self) -> String {
        line(self.concern, &format!("/{}", self.path))
    }
}

/// Those of a package that it does not allow.
fn slips<'c>(package: &'c Package, taken: &[Files], all: &[Package]) -> Vec<Slip<'c>> {
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
            let path = path_of(content, files, file);
            let of = |misspelt: Misspelt| {
                let concern = match misspelt.key.as_str() {
                    key if is_requiring(key) => Concern::UnitRequires,
                    key if is_installing(key) => Concern::UnitInstall,
                    _ => Concern::UnitWants,
                };
                Slip { content, concern, path: path.clone(), misspelt }
            };
            found.extend(misspelt(&parsed, &own).into_iter().map(of));
        }
    }
    found.retain(|slip| !package.allow.iter().any(|one| covers(one, slip.concern, &slip.path)));
    found
}

/// What is said of units that want one which is nearly a well-known one, and is passed over: the warnings, and what of it is found again when
/// the package is made.
pub(super) fn doubts(package: &Package, taken: &[Files], all: &[Package]) -> (Vec<Issue>, Vec<Foretold>) {
    let slips = slips(package, taken, all).into_iter().filter(|slip| slip.concern == Concern::UnitWants);
    let both = slips.map(|slip| {
        let (said, meant, place) = (&slip.misspelt.said, &slip.misspelt.meant, &slip.misspelt.place);
        let message = format!(
            "{place}: {said} is no unit of systemd, of a well-known package or of this recipe, did you mean `{meant}`?"
        );
        let help = format!("where it is meant: {} [{}]", slip.line(), slip.concern.as_str());
        let foretold = Foretold { concern: slip.concern, path: slip.path.clone(), said: said.clone() };
        (Issue::new(&slip.content.at, message).help(help), foretold)
    });
    both.unzip()
}

/// Where a unit is in the package, without a slash at its beginning.
fn path_of(content: &Content, files: &Files, file: &SourceFile) -> String {
    let name = content.dst.rsplit('/').next().filter(|_| files.is_single).unwrap_or(&file.relative);
    let folder = content.dst.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{name}").trim_start_matches('/').to_owned()
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
