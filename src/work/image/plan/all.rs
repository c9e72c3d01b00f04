//! All images of a recipe: what they name is looked at, and their steps are made with those of their wheels.

use crate::{
    names::ImageReference,
    plan::{
        Plan,
        make::{
            look::{at, issue},
            odd, twice,
        },
        maker::{Maker, PlanError, Planned},
    },
    util::toml::Issue,
    work::image::recipe::Image,
};

impl Planned for Image {
    fn look(all: &[Self], maker: &Maker<'_>, found: &mut Vec<Issue>) {
        let listing = &maker.context.listing;
        for image in all {
            let taken = maker.look_at(&image.contents, found);
            for (content, files) in image.contents.iter().zip(&taken) {
                found.extend(Maker::content_files(content, files).err().and_then(|error| at(error, &content.at)));
            }
            found.extend(odd::over_folders(&image.contents, &taken));
            found.extend(twice::find(&image.contents, &taken, twice::Of::Image));
            let place = image.places.get("python");
            let folders = image.python.iter().filter_map(|folder| listing.python(folder).err());
            found.extend(folders.zip(place.into_iter().cycle()).map(|(error, place)| issue(&error, place)));
        }
        found.extend(maker.names_of_bases());
    }

    fn steps(all: &[Self], maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        for image in all {
            let wheels = maker.wheels(image)?;
            let step = maker.image(image, wheels.as_ref())?;
            plan.steps.extend(wheels);
            plan.steps.push(step);
        }
        Ok(())
    }
}

impl Maker<'_> {
    /// Images that would be called as base images are: whoever builds on that name later would build on them.
    fn names_of_bases(&self) -> Vec<Issue> {
        let mut found = Vec::new();
        for image in &self.recipe.images {
            let tags = self.tags(image);
            let taken = |reference: &String| tags.iter().find(|tag| ImageReference::new(reference).is_named(tag));
            let taken = self.context.bases.iter().find_map(|(base, whose)| Some((taken(base)?, whose)));
            if let (Some((tag, whose)), Some(place)) = (taken, image.places.get("repository")) {
                let message = format!("`{tag}` is the name of the base image of {whose}");
                let issue = Issue::new(place, message).label("with this tag it takes that name");
                found.push(issue.help("name another repository, with a part of your own: `shop/…`"));
            }
        }
        found
    }
}
