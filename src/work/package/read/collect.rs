//! A `[[package]]` with `collect`: packages that were built in the image say everything of themselves, so the recipe may
//! only say where they are.

use super::RawPackage;
use crate::{
    names::{ImageName, PackageName, Scripts},
    recipe::read::allow::allowances_of_system,
    util::toml::{Given, Issue, Issues, Span, Table as _},
    work::package::recipe::{Copyright, Package},
};

/// The keys that such an entry has.
const KEYS: [&str; 4] = ["name", "from", "collect", "allow"];

/// Checks one entry that collects.
pub(crate) fn collected(
    raw: &RawPackage,
    name: &PackageName,
    from: Option<&ImageName>,
    issues: &mut Issues,
) -> Option<Package> {
    let mut fits = true;
    if let (None, Given::No) = (from, &raw.from) {
        let span = raw.collect.span().unwrap_or(&raw.span);
        let issue = Issue::new(span, "`collect` takes packages out of an image, and there is none");
        issues.add(
            issue.label("the package has no `from`").help("name the image that has built them: `from = \"core\"`"),
        );
    }
    for (key, span) in raw.given().into_iter().filter(|(key, _)| !KEYS.contains(key)) {
        issues.add(foreign(key, span, raw.collect.span().unwrap_or(&raw.span)));
        fits = false;
    }
    if let Some(list) = raw.collect.at().filter(|list| list.value.is_empty()) {
        let issue = Issue::new(&list.span, "nothing to collect").label("expected a path or a glob at least");
        issues.add(issue.help("for example `collect = [\"/packages/*.deb\"]`"));
        fits = false;
    }
    // One that is not a path was said when it was read.
    let allow = allowances_of_system(&raw.allow, issues);
    raw.collect.value().filter(|_| fits)?;
    Some(Package {
        name: name.clone(),
        from: Some(from?.clone()),
        epoch: 0,
        formats: Vec::new(),
        summary: String::new(),
        description: String::new(),
        section: String::new(),
        priority: String::new(),
        contents: Vec::new(),
        collect: raw.collect.values(),
        without: Vec::new(),
        users: Vec::new(),
        scripts: Scripts::default(),
        auto_depends: true,
        maintainer: None,
        license: None,
        architecture: None,
        pre_depends: Vec::new(),
        enhances: Vec::new(),
        depends: Vec::new(),
        recommends: Vec::new(),
        suggests: Vec::new(),
        conflicts: Vec::new(),
        breaks: Vec::new(),
        replaces: Vec::new(),
        provides: Vec::new(),
        copyright: Copyright::default(),
        changelog: None,
        overrides: Vec::new(),
        allow: allow?,
    })
}

/// A key that says what the packages say themselves.
fn foreign(key: &str, span: &Span, collect: &Span) -> Issue {
    let help = match key {
        "contents" | "dir" => {
            "keep `collect` for packages that the image has built, or `contents` for files to be packed; for both, write \
             two [[package]]"
        }
        "without" => "what a finished package ships was decided when it was built: leave the files out there",
        "users" | "scripts" => {
            "make users and run scripts in the package's own scripts: `%pre` and `%post`, or `debian/preinst` and `debian/postinst`"
        }
        "lintian" => "put the overrides into the package: `debian/<package>.lintian-overrides`",
        _ => "say it where the packages are built: in the spec file, or in `debian/control`",
    };
    let issue =
        Issue::new(span, format!("`{key}` and `collect` in one package")).label("not of packages already built");
    issue.also(collect, "they are collected").help(help)
}
