//! What a recipe names of its project is looked at before a plan is made: everything that is not there, or does not count, is a
//! mistake at its line, and all of them are said at once.

use super::{Maker, PlanError, twice};
use crate::{
    names::is_name_of,
    recipe::Content,
    source::{listing::Files, project::SourceError, taken::Taken},
    util::toml::{Issue, Span},
    work::wapt::recipe::WaptSource,
};

impl Maker<'_> {
    /// What is wrong with the files of images and packages.
    pub(crate) fn look(&self) -> Vec<Issue> {
        let listing = &self.context.listing;
        let mut found = Vec::new();
        for image in &self.recipe.images {
            let taken = self.look_at(&image.contents, &mut found);
            for (content, files) in image.contents.iter().zip(&taken) {
                found.extend(Self::content_files(content, files).err().and_then(|error| at(error, &content.at)));
            }
            found.extend(twice::find(&image.contents, &taken, twice::Of::Image));
            let place = image.places.get("python");
            let folders = image.python.iter().filter_map(|folder| listing.python(folder).err());
            found.extend(folders.zip(place.into_iter().cycle()).map(|(error, place)| issue(&error, place)));
        }
        found.extend(self.names_of_bases());
        for package in &self.recipe.packages {
            let taken = self.look_at(&package.contents, &mut found);
            found.extend(twice::find(&package.contents, &taken, twice::Of::Package));
        }
        for wapt in &self.recipe.wapts {
            for content in &wapt.contents {
                if let WaptSource::Project(src) = &content.src {
                    found.extend(listing.taken(src).err().map(|error| issue(&error, &content.at)));
                }
            }
        }
        found
    }

    /// Images that would be called as base images are: whoever builds on that name later would build on them.
    fn names_of_bases(&self) -> Vec<Issue> {
        let mut found = Vec::new();
        for image in &self.recipe.images {
            let tags = self.tags(image);
            let taken = |reference: &String| tags.iter().find(|tag| is_name_of(tag, reference));
            let taken = self.context.bases.iter().find_map(|(base, whose)| Some((taken(base)?, whose)));
            if let (Some((tag, whose)), Some(place)) = (taken, image.places.get("repository")) {
                let message = format!("`{tag}` is the name of the base image of {whose}");
                let issue = Issue::new(place, message).label("with this tag it takes that name");
                found.push(issue.help("name another repository, with a part of your own: `shop/…`"));
            }
        }
        found
    }

    /// What entries take of the project; what is wrong with them goes into `found`.
    fn look_at(&self, contents: &[Content], found: &mut Vec<Issue>) -> Vec<Files> {
        let Taken { entries, mistakes } = Taken::of(contents, |src| self.context.listing.taken(src));
        found.extend(mistakes.iter().map(|(place, error)| issue(error, place)));
        entries
    }
}

fn at(error: PlanError, place: &Span) -> Option<Issue> {
    match error {
        PlanError::Source(error) => Some(issue(&error, place)),
        // It is met again, and said, where it matters.
        _ => None,
    }
}

fn issue(error: &SourceError, place: &Span) -> Issue {
    let label = match error {
        SourceError::NoMatch { .. } => "matches nothing",
        SourceError::LeftOut { .. } => "left out",
        SourceError::Never { .. } => "never an input",
        SourceError::NothingLeftOut(_) => "nothing was taken before",
        SourceError::NothingLeft(_) => "nothing is left of it",
        _ => "cannot be taken",
    };
    let issue = Issue::new(place, error.to_string()).label(label);
    match error.help() {
        Some(help) => issue.help(help),
        None => issue,
    }
}
