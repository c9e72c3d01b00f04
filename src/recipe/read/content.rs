//! `contents`: which keys each type of entry takes, and where its files go when nothing is said. Looks at no file.

use std::borrow::Cow;

use super::{
    scalars::{Kind, is_unit},
    tables::{RawContent, RawFileInfo},
};
use crate::{
    names::{Account, PackageName},
    platform::{Family, Platform},
    recipe::{Content, ContentKind, FileInfo, Service},
    unit::UnitName,
    util::{
        pattern::{self, is_glob, plain},
        toml::{BadPath, Given, Issue, Issues, Span, check_glob, in_container, inside, quoted, required},
    },
};

/// Whose contents they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of<'p> {
    /// An image's: every `src` is in the project.
    Image,
    /// A package's: an absolute `src` is in the container.
    Package(Packed<'p>),
}

/// What entries of a package go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'p> {
    /// Its name.
    pub(crate) name: &'p PackageName,
    /// Its `dir`: what an entry names below it goes where that has it.
    pub(crate) dir: Option<&'p str>,
    /// Whether it comes out of an image.
    pub(crate) has_image: bool,
}

/// Where the `src` of an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the project.
    Project,
    /// In the container.
    Container,
    /// In the container when it is absolute, in the project otherwise.
    Either,
    /// Nowhere: the text is a link's target.
    Link,
    /// There is none.
    Nothing,
}

/// Where the `src` of an entry of this type is.
pub(crate) fn origin(kind: Option<Kind>, is_image: bool) -> Origin {
    match kind {
        Some(Kind::Dir) => Origin::Nothing,
        Some(Kind::Symlink) => Origin::Link,
        Some(Kind::Service) => Origin::Project,
        Some(Kind::State) => Origin::Container,
        None | Some(Kind::Exclude) if is_image => Origin::Project,
        None
        | Some(
            Kind::Exclude
            | Kind::Config
            | Kind::ConfigNoReplace
            | Kind::ConfigMissingOk
            | Kind::ConfigNoReplaceMissingOk
            | Kind::Doc
            | Kind::License,
        ) => Origin::Either,
    }
}

const PLACE: &str = "an entry of `contents`";

/// Whether it is a folder for what comes at run time that the container does not have: `dst` alone names it.
fn is_made_state(raw: &RawContent, kind: Option<Kind>) -> bool {
    kind == Some(Kind::State) && raw.dst.at().is_some() && matches!(raw.src, Given::No)
}

/// Checks one entry and fills in what it leaves out.
pub(crate) fn content(raw: &RawContent, of: Of<'_>, platform: &Platform, issues: &mut Issues) -> Option<Content> {
    if let Given::Wrong(_) = raw.kind {
        return None;
    }
    let kind = raw.kind.value().copied();
    check_type(raw, kind, of, issues)?;
    check_extras(raw, kind, issues);
    check_image(raw, kind, of, issues)?;
    let src = if is_made_state(raw, kind) {
        String::new()
    } else {
        source(raw, origin(kind, matches!(of, Of::Image)), issues)?
    };
    let dst = destination(raw, kind, &src, of, platform, issues)?;
    Some(Content {
        kind: kind_of(raw, kind, &src, issues)?,
        info: file_info(raw.file_info.value(), of, issues)?,
        optional: optional(raw, &src, issues)?,
        at: raw.src.span().unwrap_or(&raw.span).clone(),
        src,
        dst,
    })
}

fn check_type(raw: &RawContent, kind: Option<Kind>, of: Of<'_>, issues: &mut Issues) -> Option<()> {
    let fits = matches!(of, Of::Package(_)) || matches!(kind, None | Some(Kind::Dir | Kind::Symlink | Kind::Exclude));
    if !fits {
        let span = raw.kind.span().unwrap_or(&raw.span);
        let issue = Issue::new(span, "this type means something in a package only").label("not in an image");
        issues.add(issue.help("the contents of an image are files (no type), `dir`, `symlink` or `exclude`"));
    }
    fits.then_some(())
}

/// What is in a container needs an image.
fn check_image(raw: &RawContent, kind: Option<Kind>, of: Of<'_>, issues: &mut Issues) -> Option<()> {
    let Of::Package(Packed { has_image: false, .. }) = of else { return Some(()) };
    let place = origin(kind, false);
    let is_inside = |src: &str| match place {
        Origin::Container => true,
        Origin::Project | Origin::Either => src.starts_with('/'),
        Origin::Link | Origin::Nothing => false,
    };
    let Some(src) = raw.src.at().filter(|src| is_inside(&src.value)) else { return Some(()) };
    let issue = Issue::new(&src.span, format!("{} would come out of an image, and there is none", quoted(&src.value)));
    issues.add(issue.label("the package has no `from`").help(match place {
        Origin::Container => {
            "`dst` alone names a folder that the package makes; for one of an image name that: `from = \"core\"`"
        }
        _ => "name the image, `from = \"core\"`; a file of the project is named without `/` at the beginning",
    }));
    None
}

/// Keys that only some types take.
fn check_extras(raw: &RawContent, kind: Option<Kind>, issues: &mut Issues) {
    if kind != Some(Kind::Service) {
        for (key, given) in [("enable", &raw.enable), ("start", &raw.start)] {
            if let Some(span) = given.span() {
                let issue = Issue::new(span, format!("`{key}` is for units only")).label("not of this type");
                issues.add(issue.help("add `type = \"service\"`, or leave it out"));
            }
        }
    }
    if matches!(kind, Some(Kind::Symlink | Kind::Exclude))
        && let Some(span) = raw.file_info.span()
    {
        let issue = Issue::new(span, "`file_info` is for files and folders only").label("not of this type");
        issues.add(issue.help("leave it out"));
    }
}

fn source(raw: &RawContent, origin: Origin, issues: &mut Issues) -> Option<String> {
    if origin == Origin::Nothing {
        if let Some(span) = raw.src.span() {
            let issue = Issue::new(span, "a folder of type `dir` is made, not copied").label("not of this type");
            issues.add(issue.help("leave `src` out; without `type`, `src` may be a folder"));
        }
        return Some(String::new());
    }
    let example = if origin == Origin::Container { "\"/opt/example\"" } else { "\"etc/example.conf\"" };
    let src = required(&raw.src, ("src", example), (PLACE, &raw.span), issues)?;
    let path = match origin {
        Origin::Link => link_target(&src.value),
        Origin::Container => in_container(&src.value),
        Origin::Either if src.value.starts_with('/') => in_container(&src.value),
        Origin::Project | Origin::Either | Origin::Nothing => inside(&src.value),
    };
    let path = path.and_then(|path| if origin == Origin::Link { Ok(path) } else { check_glob(&path).map(|()| path) });
    path.map(|path| if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path })
        .map_err(|bad| issues.add(bad.at(&src.span)))
        .ok()
}

/// A link's target stays as written, `..` included.
fn link_target(text: &str) -> Result<String, BadPath> {
    inside(&text.replace("..", "up").replace('/', "|")).map(|_| text.to_owned())
}

fn destination(
    raw: &RawContent,
    kind: Option<Kind>,
    src: &str,
    of: Of<'_>,
    platform: &Platform,
    issues: &mut Issues,
) -> Option<String> {
    if let Some(dst) = raw.dst.at() {
        if kind == Some(Kind::Exclude) || (kind == Some(Kind::State) && !is_made_state(raw, kind)) {
            let issue = Issue::new(&dst.span, "an entry of this type has no `dst`").label("not of this type");
            issues.add(issue.help(match kind {
                Some(Kind::State) => {
                    "`src` names a folder of the container, `dst` alone one that the package makes: keep one of them"
                }
                _ => "`src` says which files of the package are meant",
            }));
            return None;
        }
        let path = in_container(&dst.value).and_then(|path| no_glob(path, src, kind));
        let path = path.map_err(|bad| issues.add(bad.at(&dst.span))).ok()?;
        return Some(in_folder(&path, src, kind));
    }
    let default = match (kind, of) {
        (Some(Kind::Service), _) => Some(format!("{}/{}", platform.package.units, file_name(src))),
        (Some(Kind::Exclude), _) => Some(src.to_owned()),
        (Some(Kind::Dir | Kind::Symlink), _) | (_, Of::Image) => None,
        (_, Of::Package(Packed { dir: Some(dir), .. })) if below(dir, src).is_some() => below(dir, src),
        _ if src.starts_with('/') => Some(if is_glob(src) { src.to_owned() } else { plain(src).into_owned() }),
        (Some(Kind::Doc), Of::Package(Packed { name, .. })) => {
            Some(format!("/usr/share/doc/{name}/{}", file_name(src)))
        }
        (Some(Kind::License), Of::Package(Packed { name, .. })) => {
            Some(format!("{}/{name}/{}", license_folder(platform), file_name(src)))
        }
        _ => None,
    };
    default.or_else(|| {
        required(&raw.dst, ("dst", "\"/opt/example\""), (PLACE, &raw.span), issues).map(|dst| dst.value.clone())
    })
}

/// Where a folder that is taken as `/` has what a `src` names of it; `None` where that is elsewhere.
fn below(dir: &str, src: &str) -> Option<String> {
    let (fixed, _) = pattern::parts(src);
    let rest = if dir == "." { (!fixed.starts_with(['/', '@'])).then_some(&*fixed) } else { fixed.strip_prefix(dir) };
    let rest = rest.filter(|rest| dir == "." || rest.is_empty() || rest.starts_with('/'))?;
    Some(format!("/{}", rest.trim_start_matches('/')))
}

/// `dst` is a name as it is, but a wildcard is not meant in the folder for what a pattern finds.
fn no_glob(path: String, src: &str, kind: Option<Kind>) -> Result<String, BadPath> {
    if kind != Some(Kind::Symlink) && is_glob(src) && path.contains(['*', '?']) {
        return Err(BadPath::new(
            &path,
            "is a pattern",
            "only `src` may be one; `dst` is the folder for what it finds",
        ));
    }
    Ok(path)
}

/// `dst` with a slash at its end is the folder that `src` goes into.
fn in_folder(dst: &str, src: &str, kind: Option<Kind>) -> String {
    let folder = dst.strip_suffix('/').filter(|folder| !folder.is_empty());
    match folder {
        Some(folder) if is_glob(src) || matches!(kind, Some(Kind::Dir | Kind::State | Kind::Symlink)) => {
            folder.to_owned()
        }
        Some(folder) => format!("{folder}/{}", file_name(src)),
        None => dst.to_owned(),
    }
}

/// The name of what a `src` names that is no pattern.
fn file_name(src: &str) -> Cow<'_, str> {
    plain(src.rsplit('/').next().unwrap_or(src))
}

fn license_folder(platform: &Platform) -> &'static str {
    match platform.family {
        Family::Debian => "/usr/share/doc",
        Family::Rhel | Family::Suse | Family::Alpine | Family::Windows => "/usr/share/licenses",
    }
}

fn kind_of(raw: &RawContent, kind: Option<Kind>, src: &str, issues: &mut Issues) -> Option<ContentKind> {
    Some(match kind {
        None => ContentKind::Files,
        Some(Kind::Dir) => ContentKind::Dir,
        Some(Kind::Config) => ContentKind::Config { noreplace: false, missingok: false },
        Some(Kind::ConfigNoReplace) => ContentKind::Config { noreplace: true, missingok: false },
        Some(Kind::ConfigMissingOk) => ContentKind::Config { noreplace: false, missingok: true },
        Some(Kind::ConfigNoReplaceMissingOk) => ContentKind::Config { noreplace: true, missingok: true },
        Some(Kind::State) => ContentKind::State,
        Some(Kind::Doc) => ContentKind::Doc,
        Some(Kind::License) => ContentKind::License,
        Some(Kind::Symlink) => ContentKind::Symlink,
        Some(Kind::Exclude) => ContentKind::Exclude,
        Some(Kind::Service) => ContentKind::Service(service(raw, src, issues)?),
    })
}

/// `optional` is for what is in the container: files of the project are there or not, whatever the platform.
fn optional(raw: &RawContent, src: &str, issues: &mut Issues) -> Option<bool> {
    let optional = raw.optional.or(false);
    if let (Some(span), false) = (raw.optional.span(), src.starts_with('/')) {
        let issue = Issue::new(span, "`optional` is for what is in the container").label("not of this entry");
        issues.add(issue.help("leave it out; what only some platforms need belongs into `overrides`"));
        return None;
    }
    Some(optional)
}

fn service(raw: &RawContent, src: &str, issues: &mut Issues) -> Option<Service> {
    let name = file_name(src);
    let name = name.as_ref();
    let span: &Span = raw.src.span().unwrap_or(&raw.span);
    if is_glob(src) || !is_unit(name) {
        let issue = Issue::new(span, format!("{} is not the name of a systemd unit", quoted(name)));
        let help = "name one file, e.g. `units/example.service`; also .socket, .timer, .target, .path, .mount, .automount, .swap, .slice";
        issues.add(issue.label("not a unit").help(help));
        return None;
    }
    let is_template = UnitName::new(name).is_ok_and(|unit| unit.is_template());
    if is_template && let Some(enable) = raw.enable.at().filter(|enable| enable.value) {
        let issue = Issue::new(&enable.span, "a template unit cannot be enabled").label("which instance?");
        issues.add(issue.help("leave it out: the administrator enables instances"));
    }
    let asked = raw.enable.value().is_some_and(|enable| *enable);
    Some(Service { enable: !is_template && raw.enable.or(true), start: raw.start.or(true), asked })
}

fn file_info(raw: Option<&RawFileInfo>, of: Of<'_>, issues: &mut Issues) -> Option<FileInfo> {
    let Some(raw) = raw else { return Some(FileInfo::default()) };
    let owner = raw.owner.at().map(|owner| (owner.value.parts(), &owner.span));
    let group = raw.group.at().map(|group| (group.value.clone(), &group.span));
    let mut fits = true;
    if let (Some(((_, Some(_)), span)), Some((_, again))) = (&owner, &group) {
        let issue = Issue::new(again, "the group is named twice").label("again here").also(span, "first here");
        issues.add(issue.help("keep one of them"));
        fits = false;
    }
    let (user, own_group, span) = match owner {
        Some(((user, group), span)) => (Some((user, span)), group, Some(span)),
        None => (None, None, None),
    };
    let group = group.or_else(|| own_group.zip(span));
    for (account, span) in user.iter().chain(&group) {
        if matches!(of, Of::Package(_)) && account.is_number() && !account.is_root() {
            let issue = Issue::new(span, "a package names the owners of its files").label("a number");
            issues.add(issue.help(
                "a number is somebody else on each machine, and rpm stores names only: name one of the package's `users`, or an \
                 account that the base image has, e.g. `www-data`",
            ));
            fits = false;
        }
    }
    let place = |named: &Option<(Account, &Span)>| named.as_ref().map(|(_, span)| (*span).clone()).unwrap_or_default();
    let (owner_at, group_at) = (place(&user), place(&group));
    let name = |named: Option<(Account, &Span)>| {
        named.map(|(account, _)| if account.is_root() { Account::root() } else { account })
    };
    let mode = raw.mode.value().copied();
    fits.then(|| FileInfo { mode, owner: name(user), group: name(group), owner_at, group_at })
}
