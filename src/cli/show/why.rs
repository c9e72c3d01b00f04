//! `factory show --why`: which files of a package ask for what it needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::json;

use super::{open, unread};
use crate::{
    cli::{
        artifact::{Artifact, reader_of},
        context::Context,
    },
    depends::{Shipped, deb, rpm},
    diag::{Exit, Failure},
    execute::Records,
    format::{PackageFormat, reader::Description},
    pipeline::places,
    report::{ListColumn, ListKind, PackageView, Section, Sheet, units},
    work::package::run::read_listing,
};

/// Files by what asks for them.
type Asked = BTreeMap<String, BTreeSet<String>>;

/// The words of relations that installing a package heeds.
const NEEDS: [&str; 3] = ["Depends", "Pre-Depends", "Requires"];

/// A relation, and the files because of which the package has it.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
struct Reason {
    kind: String,
    text: String,
    /// How that is known.
    by: Way,
    files: BTreeSet<String>,
}

/// How it is known which files ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// The files in the package say it.
    Package,
    /// The record of its build says it.
    Record,
    /// A package with such a library is usually called so.
    Name,
    /// No file asks for it.
    Nothing,
}

/// Shows them all, or those of what is called so.
pub fn show(path: &Path, it: &Description, name: Option<&str>, context: &Context) -> Result<(), Failure> {
    let Artifact::Package(format, _) = Artifact::from_path(path)? else { return Ok(()) };
    let shipped = reader_of(format, path)?.shipped(open(path, context)?).ok_or_else(|| {
        let what = format!("`{}` says nothing of what it needs", path.display());
        Failure::new(Exit::Usage, what).help("`--why` is for Debian and rpm packages")
    })?;
    let shipped = shipped.map_err(|refused| unread(path, refused, context))?;
    let (mut reasons, mut libraries) = if format == PackageFormat::Rpm {
        (of_rpm(it, &shipped), Asked::new())
    } else {
        let recorded = recorded(it, context)?;
        if recorded.is_none() {
            context.events().info(
                "this project has no record of the package's build: which package has a library is told by the usual names",
            );
        }
        let libraries = libraries(&shipped);
        (of_deb(it, &libraries, recorded.as_ref()), libraries)
    };
    if let Some(name) = name {
        reasons.retain(|reason| is_on(&reason.text, name));
        libraries.retain(|library, _| library == name);
        if reasons.is_empty() && libraries.is_empty() {
            let what = format!("{} needs no `{}`", it.title, name.escape_debug());
            let help = format!("all that it needs: `factory show {} --why`", path.display());
            return Err(Failure::new(Exit::Usage, what).help(help));
        }
    }
    context.reporter.print(view(it, &reasons, &libraries));
    Ok(())
}

/// The libraries that the programs of a package are loaded with and that it does not have itself.
fn libraries(shipped: &Shipped) -> Asked {
    let mut found = Asked::new();
    for native in shipped.natives() {
        for name in native.elf.needed.iter().filter(|name| !shipped.has_library(name)) {
            found.entry(name.clone()).or_default().insert(native.path.clone());
        }
    }
    found
}

/// The relations of a Debian package.
fn of_deb(it: &Description, libraries: &Asked, recorded: Option<&Asked>) -> Vec<Reason> {
    let usual = |text: &str| -> BTreeSet<String> {
        let fits = |library: &str| deb::names_of(library).iter().any(|name| is_on(text, name));
        libraries.iter().filter(|(library, _)| fits(library)).flat_map(|(_, files)| files.clone()).collect()
    };
    reasons(it, |text| match recorded {
        Some(recorded) => (Way::Record, recorded.get(text).cloned().unwrap_or_default()),
        None => (Way::Name, usual(text)),
    })
}

/// Those of an rpm, whose own words its files have.
fn of_rpm(it: &Description, shipped: &Shipped) -> Vec<Reason> {
    let asked = rpm::asked(shipped);
    reasons(it, |text| (Way::Package, asked.get(text).cloned().unwrap_or_default()))
}

fn reasons(it: &Description, files: impl Fn(&str) -> (Way, BTreeSet<String>)) -> Vec<Reason> {
    // `Requires(post)` is said, too: by scripts.
    let is_need = |kind: &str| NEEDS.contains(&kind.split('(').next().unwrap_or_default());
    let needed =
        it.relations.iter().filter(|relation| is_need(&relation.kind) && !relation.text.starts_with("rpmlib("));
    let reason = |relation: &crate::format::reader::Relation| {
        let (way, files) = files(&relation.text);
        let by = if files.is_empty() { Way::Nothing } else { way };
        Reason { kind: relation.kind.clone(), text: relation.text.clone(), by, files }
    };
    needed.map(reason).collect()
}

/// Whether a relation, or one of its alternatives, is on what is called so: on a package, on a library in any version of its symbols, or
/// it is the relation itself.
fn is_on(text: &str, name: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '(', ':']);
    text == name || text.split('|').any(|one| one.trim().strip_prefix(name).is_some_and(ends))
}

/// What the record of the build of this very file says: each relation, with the files because of which it was written. `None` where this
/// project has none.
fn recorded(it: &Description, context: &Context) -> Result<Option<Asked>, Failure> {
    let Some(digest) = it.digests.iter().find(|digest| digest.of == "file") else { return Ok(None) };
    if !context.folder().join("factory.toml").is_file() {
        return Ok(None);
    }
    places::check(context.folder(), false)?;
    let unread = |error: std::io::Error| Failure::new(Exit::StepFailed, "a record cannot be read").because(error);
    let records = Records::for_project(context.folder());
    for platform in records.platforms()? {
        for (step, record) in records.all(&platform)? {
            if !record.files.iter().any(|file| file.sha256.as_str() == digest.value) {
                continue;
            }
            let mut asked = Asked::new();
            for line in read_listing(&records.listing(&step)).map_err(unread)? {
                let path = format!("/{}", line.path);
                for text in line.needs {
                    asked.entry(text).or_default().insert(path.clone());
                }
            }
            return Ok(Some(asked));
        }
    }
    Ok(None)
}

fn view(it: &Description, reasons: &[Reason], libraries: &Asked) -> PackageView {
    let column = |name, kind| ListColumn { name, kind };
    let mut rows = Vec::new();
    for reason in reasons {
        rows.extend(under(&reason.text, reason.files.iter(), "no file asks for it: somebody named it"));
    }
    let relations = Section::Rows {
        heading: String::new(),
        columns: vec![column("needs", ListKind::Word), column("because of", ListKind::Text)],
        rows,
    };
    let rows = libraries.iter().flat_map(|(library, files)| under(library, files.iter(), ""));
    let of_libraries = Section::Rows {
        heading: "Libraries that it does not have itself".to_owned(),
        columns: vec![column("", ListKind::Word), column("", ListKind::Text)],
        rows: rows.collect(),
    };
    let summary = match reasons.len() {
        0 => "no relation".to_owned(),
        count => units::count(count, "relation", "relations"),
    };
    PackageView(Sheet {
        title: it.title.clone(),
        sections: vec![relations, of_libraries],
        summary,
        data: json!({ "format": it.format, "needs": reasons, "libraries": libraries }),
    })
}

/// A row for each file, the first beside what it asks for.
fn under<'f>(what: &str, files: impl Iterator<Item = &'f String>, nothing: &str) -> Vec<Vec<String>> {
    let mut what = what.to_owned();
    let mut rows: Vec<Vec<String>> = files.map(|file| vec![std::mem::take(&mut what), file.clone()]).collect();
    if rows.is_empty() {
        rows.push(vec![what, nothing.to_owned()]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::reader::Relation;

    fn described(relations: &[(&str, &str)]) -> Description {
        let relation = |(kind, text): &(&str, &str)| Relation { kind: (*kind).to_owned(), text: (*text).to_owned() };
        Description { relations: relations.iter().map(relation).collect(), ..Description::default() }
    }

    fn asked(all: &[(&str, &str)]) -> Asked {
        let one = |(what, file): &(&str, &str)| ((*what).to_owned(), BTreeSet::from([(*file).to_owned()]));
        all.iter().map(one).collect()
    }

    #[test]
    fn names_of_relations() {
        for (text, name, is) in [
            ("libssl3 (>= 3.0.0)", "libssl3", true),
            ("libssl3t64 (>= 3.0.0)", "libssl3", false),
            ("libssl3 | libssl3t64", "libssl3t64", true),
            ("python3:any", "python3", true),
            ("libssl.so.3(OPENSSL_3.0.0)(64bit)", "libssl.so.3", true),
            ("libssl.so.3()(64bit)", "libssl.so", false),
            ("libssl3 (>= 3.0.0)", "libssl3 (>= 3.0.0)", true),
        ] {
            assert_eq!(is_on(text, name), is, "{text} {name}");
        }
    }

    #[test]
    fn a_record_says_more_than_names() {
        let it =
            described(&[("Depends", "zlib1g (>= 1:1.1.4)"), ("Depends", "libssl3 (>= 3.0.0)"), ("Suggests", "less")]);
        let libraries = asked(&[("libz.so.1", "/usr/bin/z"), ("libssl.so.3", "/usr/bin/s")]);
        let found = |recorded| {
            of_deb(&it, &libraries, recorded).into_iter().map(|one| (one.by, one.files.len())).collect::<Vec<_>>()
        };
        assert_eq!(found(None), [(Way::Nothing, 0), (Way::Name, 1)]);
        let recorded = asked(&[("zlib1g (>= 1:1.1.4)", "/usr/bin/z")]);
        assert_eq!(found(Some(&recorded)), [(Way::Record, 1), (Way::Nothing, 0)]);
    }
}
