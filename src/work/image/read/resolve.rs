//! The images of one platform: their order, and what one of them takes over from those below it.

use std::collections::BTreeMap;

use super::RawImage;
use crate::{
    names::{Account, RunAs, User, UserName},
    recipe::read::{
        allow::allowances_of_system,
        content::Of,
        graph::{circle_issue, numbers, ordered},
        layers::Layered,
        view::View,
    },
    util::toml::{At, Issue, Issues, Span, Table as _, required},
    work::image::recipe::{Image, ImageSource},
};

impl View<'_> {
    /// `[[image]]`, parents before children.
    pub(crate) fn images(&self, tables: &[At<Layered<RawImage>>], issues: &mut Issues) -> Option<Vec<Image>> {
        let raw: Vec<RawImage> = tables.iter().map(|image| image.value.on(self.platform)).collect();
        let numbers = numbers(raw.iter().map(|image| image.name.value()));
        let parent = |image: &RawImage| numbers.get(image.from.value()?.as_str()).copied();
        let parents: Vec<Vec<usize>> = raw.iter().map(|image| parent(image).into_iter().collect()).collect();
        check_repositories(&raw, issues);
        let order = ordered(raw.len(), |image| &parents[image]).map_err(|circle| {
            let step = |image: usize| Some((raw[image].name.value()?.as_str(), raw[image].from.at()?));
            issues.add(circle_issue(
                "images start from each other in a circle",
                "from",
                circle.into_iter().filter_map(step),
            ));
        });
        let order = order.ok()?;
        for image in &order {
            check_accounts(&raw, *image, &parents, &self.users, issues);
        }
        let images: Vec<_> = order.into_iter().map(|image| self.image(&raw[image], issues)).collect();
        images.into_iter().collect()
    }

    fn image(&self, raw: &RawImage, issues: &mut Issues) -> Option<Image> {
        let example = ("repository", "\"canopsis/canopsis-core\"");
        let repository = required(&raw.repository, example, ("[[image]]", &raw.span), issues);
        let contents = self.contents(&raw.contents, Of::Image, issues);
        let allow = allowances_of_system(&raw.allow, issues);
        Some(Image {
            name: raw.name.value()?.clone(),
            from: raw.from.value().map_or(ImageSource::Base, |from| ImageSource::Image(from.clone())),
            repository: repository?.value.clone(),
            dockerfile: raw.dockerfile.value().cloned(),
            requirements: raw.requirements.value().cloned(),
            python: raw.python.values(),
            packages: raw.packages.values(),
            users: self.accounts(&raw.users),
            contents: contents?,
            env: raw.env.or_default(),
            expose: raw.expose.values(),
            user: raw.user.value().cloned(),
            workdir: raw.workdir.value().cloned(),
            entrypoint: raw.entrypoint.values(),
            cmd: raw.cmd.values(),
            labels: raw.labels.or_default(),
            description: raw.description.or_default(),
            places: raw.given().into_iter().map(|(key, span)| (key, span.clone())).collect(),
            allow: allow?,
        })
    }
}

/// Where base images and builders are, whoever made them.
const OURS: &str = "factory.local";

/// No image is one of those that factory makes for itself. Two images of one repository would push over each other.
fn check_repositories(raw: &[RawImage], issues: &mut Issues) {
    let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
    for repository in raw.iter().filter_map(|image| image.repository.at()) {
        let word = repository.value.as_str();
        if word.split('/').any(|part| part == OURS) {
            let issue = Issue::new(&repository.span, format!("`{word}` is a name of factory's own")).label("not yours");
            issues.add(issue.help(format!(
                "images below `{OURS}/` are base images and builders of all projects: name another repository"
            )));
        }
        if let Some(before) = first.get(word) {
            let issue = Issue::new(&repository.span, format!("two images go to the repository `{word}`"));
            issues.add(issue.label("again here").also(before, "first here").help("their tags would be the same"));
        } else {
            first.insert(word, &repository.span);
        }
    }
}

/// Users that an image runs as or gives files to must be made in it or in one that it starts from, and made once.
/// What the project's own Dockerfile makes is not known here.
fn check_accounts(
    raw: &[RawImage],
    image: usize,
    parents: &[Vec<usize>],
    known: &BTreeMap<&UserName, User>,
    issues: &mut Issues,
) {
    let own = &raw[image];
    if own.users.items().is_empty() && own.user.at().is_none() && own.contents.items().is_empty() {
        return;
    }
    let way: Vec<usize> = std::iter::successors(Some(image), |image| parents[*image].first().copied()).collect();
    let made = |name: &UserName, images: &[usize]| {
        let mut users = images.iter().flat_map(|image| raw[*image].users.items());
        users.find(|user| user.value == *name).map(|user| user.span.clone())
    };
    for user in own.users.items() {
        if let Some(before) = made(&user.value, &way[1..]) {
            let issue = Issue::new(&user.span, format!("the user `{}` is there already", user.value)).relational();
            issues.add(issue.label("again here").also(&before, "made here, in an image below").help("leave it out"));
        }
    }
    if way.iter().any(|image| raw[*image].dockerfile.at().is_some()) {
        return;
    }
    let infos = own.contents.items().iter().filter_map(|entry| entry.value.file_info.value());
    let mut named: Vec<(Account, &Span)> = Vec::new();
    if let Some(user) = own.user.at() {
        of_both(user, &mut named);
    }
    for info in infos {
        if let Some(owner) = info.owner.at() {
            of_both(owner, &mut named);
        }
        named.extend(info.group.at().map(|group| (group.value.clone(), &group.span)));
    }
    let mut said: Vec<UserName> = Vec::new();
    for (account, span) in named {
        // Another name is the base image's own, or none's, which is known when it is built.
        let Ok(name) = UserName::new(account.as_str()) else { continue };
        if known.contains_key(&name) && made(&name, &way).is_none() && !said.contains(&name) {
            let issue = Issue::new(span, format!("the user `{name}` is not made in this image"));
            let help = format!("add it: `users = [\"{name}\"]`");
            issues.add(issue.relational().label("not in this image").help(help));
            said.push(name);
        }
    }
}

/// The user and the group of a text that may name both.
fn of_both<'r>(of: &'r At<RunAs>, named: &mut Vec<(Account, &'r Span)>) {
    let (user, group) = of.value.parts();
    named.extend(std::iter::once(user).chain(group).map(|account| (account, &of.span)));
}
