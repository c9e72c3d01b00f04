//! Accounts that a recipe names and that nobody of it makes: the base image has them, or the step fails at the line that names
//! them.

use super::{Session, StepContext, StepError, records::noted};
use crate::{
    check::{
        Refusal,
        owners::{self, Foreign},
    },
    stage::{Accounts, Tree},
    util::toml::{Issue, Issues, Report, nearest, quoted},
    work::{
        image::{AccountKind, Asked, ImageWork},
        package::{PackageWork, run as package},
    },
};

/// How `owners.sh` says that an account is not there.
const SAID: &str = "factory: no ";

/// The accounts that an image asks for and does not have, by what its build said; `None` where it failed for another reason.
pub fn said(work: &ImageWork, at: StepContext<'_>) -> Option<StepError> {
    let StepContext { session, output, .. } = at;
    let tail = output.tail();
    let said: Vec<&str> =
        tail.iter().filter_map(|line| line.split_once(SAID)).map(|(_, account)| account.trim()).collect();
    if let Some((kind, name)) = tail.iter().find_map(|line| there_already(line)) {
        return Some(StepError::Contents {
            message: format!("the image `{}` has the {kind} `{name}` before `users` makes it", work.name),
            help: format!(
                "leave the `[[user]]` out: `{name}` can own files of images and packages, and run programs, as it is; or give yours another \
                 name"
            ),
        });
    }
    let is_missing = |one: &&Asked| said.contains(&format!("{} {}", one.kind.as_str(), one.name).as_str());
    let missing: Vec<&Asked> = work.accounts.iter().filter(is_missing).collect();
    (!missing.is_empty()).then(|| refused(work, &missing, None, session))
}

/// What a tool that makes accounts says of one that is there: those of shadow, and of busybox.
fn there_already(line: &str) -> Option<(&'static str, &str)> {
    let tools = [
        ("groupadd: group '", "group"),
        ("useradd: user '", "user"),
        ("addgroup: group '", "group"),
        ("adduser: user '", "user"),
    ];
    let (said, kind) = tools.iter().find_map(|(start, kind)| Some((line.split_once(start)?.1, *kind)))?;
    let (name, rest) = said.split_once('\'')?;
    let is_there = [" already exists", " in use"].iter().any(|end| rest.starts_with(end));
    is_there.then_some((kind, name))
}

/// Looks up the accounts of an image that the project's own Dockerfile made, where nothing did it before.
///
/// # Errors
/// Those that are not there, each at its line.
pub async fn look_up(work: &ImageWork, image: &str, at: StepContext<'_>) -> Result<(), StepError> {
    let StepContext { session, .. } = at;
    if !work.is_own || work.accounts.is_empty() {
        return Ok(());
    }
    let accounts = package::accounts_of(image, at).await?;
    let is_there = |one: &Asked| match one.kind {
        AccountKind::User => accounts.has_user(one.name.as_str()),
        AccountKind::Group => accounts.has_group(one.name.as_str()),
    };
    let missing: Vec<&Asked> = work.accounts.iter().filter(|one| !is_there(one)).collect();
    if missing.is_empty() { Ok(()) } else { Err(refused(work, &missing, Some(&accounts), session)) }
}

fn refused(work: &ImageWork, missing: &[&Asked], accounts: Option<&Accounts>, session: &Session) -> StepError {
    let mut issues = Issues::default();
    for one in missing {
        let (kind, name) = (one.kind.as_str(), &one.name);
        let known = accounts.map(|accounts| of_kind(accounts, one.kind)).unwrap_or_default();
        let label = nearest(name.as_str(), known.iter().copied())
            .map_or_else(|| format!("no such {kind}"), |near| format!("did you mean {}?", quoted(near)));
        let issue = Issue::new(&one.at, format!("the image `{}` has no {kind} `{name}`", work.name)).label(label);
        issues.add(issue.help(format!(
            "declare `{name}` as a `[[user]]` and name it in the image's `users`, or name an account that the base image or one of \
             its packages has; a number needs none"
        )));
    }
    reported(format!("the image `{}` lacks an account that the recipe names", work.name), issues, session)
}

fn of_kind(accounts: &Accounts, kind: AccountKind) -> Vec<&str> {
    let (users, groups) = accounts.names();
    match kind {
        AccountKind::User => users.collect(),
        AccountKind::Group => groups.collect(),
    }
}

fn reported(message: String, issues: Issues, session: &Session) -> StepError {
    let report = Report::new(session.recipe.as_ref().clone(), issues.into_sorted());
    StepError::Reported { message, report: Box::new(report) }
}

/// Holds the owners of a package's files against the accounts that a machine begins with. The base image is looked at only where
/// there is one that the package does not make.
///
/// # Errors
/// The owners that may be missing where it is installed: at the line that names them, where one does.
pub async fn hold(work: &PackageWork, tree: &Tree, at: StepContext<'_>) -> Result<(), StepError> {
    let StepContext { records, session, .. } = at;
    let mut foreign = owners::foreign(tree, &work.package.users);
    if foreign.is_empty() {
        return Ok(());
    }
    let name = work.package.name.as_str();
    let Some(image) = &work.image else {
        let users: Vec<&str> = work.package.users.iter().map(|user| user.name.as_str()).collect();
        return refuse(work, &foreign, |one| unmade(one, name), |_| users.clone(), session);
    };
    let base = package::accounts_of(noted(records, &image.base)?.image(), at).await?;
    foreign.retain(|one| !one.is_of(&base));
    if foreign.is_empty() {
        return Ok(());
    }
    let made = package::accounts_of(noted(records, &image.step)?.image(), at).await?;
    let finding = |one: &Foreign| one.finding(name, &image.base_name, one.is_of(&made));
    let own = || work.package.users.iter().map(|user| user.name.as_str());
    let near = |kind| own().chain(of_kind(&base, kind)).collect();
    refuse(work, &foreign, finding, near, session)
}

/// What is said of an owner where there is no image whose accounts could be looked at.
fn unmade(one: &Foreign, package: &str) -> Refusal {
    let (kind, name, path) = (if one.is_group { "group" } else { "user" }, &one.name, &one.path);
    Refusal {
        message: format!(
            "/{path} of {package} belongs to the {kind} `{name}`, whom the package does not make, and there is no image to look into"
        ),
        help: format!(
            "declare `{name}` as a `[[user]]` and name it in the package's `users` (one that is there already is left as it is); or name \
             an image in `from`: accounts of its base image may own files, too"
        ),
    }
}

/// Refuses owners that may be missing, each at the line that names it, where one does. `near` are the accounts that may have been meant.
fn refuse<'n>(
    work: &PackageWork,
    missing: &[Foreign],
    finding: impl Fn(&Foreign) -> Refusal,
    near: impl Fn(AccountKind) -> Vec<&'n str>,
    session: &Session,
) -> Result<(), StepError> {
    let mut issues = Issues::default();
    for one in missing {
        let finding = finding(one);
        let says = |content: &&crate::recipe::Content| {
            let named = if one.is_group { &content.info.group } else { &content.info.owner };
            named.as_ref().is_some_and(|named| named.as_str() == one.name)
        };
        if let Some(content) = work.package.contents.iter().rfind(says) {
            let kind = if one.is_group { AccountKind::Group } else { AccountKind::User };
            let near = nearest(&one.name, near(kind));
            let label = near.map_or_else(|| "its owner".to_owned(), |near| format!("did you mean {}?", quoted(near)));
            let at = if one.is_group { &content.info.group_at } else { &content.info.owner_at };
            issues.add(Issue::new(at, finding.message).label(label).help(finding.help));
        }
    }
    if let (true, Some(first)) = (issues.is_empty(), missing.first()) {
        return Err(finding(first).into());
    }
    let name = &work.package.name;
    Err(reported(format!("{name} has files whose owner may be missing where it is installed"), issues, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_already() {
        for (line, found) in [
            ("#4 groupadd: group 'adm' already exists", Some(("group", "adm"))),
            ("#4 useradd: user 'www-data' already exists", Some(("user", "www-data"))),
            ("addgroup: group 'adm' in use", Some(("group", "adm"))),
            ("adduser: user 'ftp' in use", Some(("user", "ftp"))),
            ("groupadd: group 'x' is no name", None),
            ("RUN echo groupadd", None),
        ] {
            assert_eq!(there_already(line), found, "{line}");
        }
    }
}
