//! The step of a WAPT package.

use super::{
    GOAL, WaptWork,
    recipe::{Wapt, WaptSource},
};
use crate::{
    event::StepId,
    format::wapt::facts::attributes::attribute,
    names::Sha256,
    plan::{
        Holdings, Inputs, Plan, Step,
        context::{as_they_are, digest_into, hold_into},
        make::look::issue,
        maker::{Maker, PlanError, Planned},
    },
    source::git::Parts,
    util::toml::Issue,
    work::{
        Work,
        image::plan::context::of_ignored,
        package::plan::{keys_of, package_step},
    },
};

impl Planned for Wapt {
    fn look(all: &[Self], maker: &Maker<'_>, found: &mut Vec<Issue>) {
        for content in all.iter().flat_map(|wapt| &wapt.contents) {
            if let WaptSource::Project(src) = &content.src {
                found.extend(maker.context.listing.taken(src).err().map(|error| issue(&error, &content.at)));
            }
        }
    }

    fn steps(all: &[Self], maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        for wapt in all {
            plan.steps.push(maker.wapt(wapt)?);
        }
        Ok(())
    }
}

impl Maker<'_> {
    fn wapt(&self, wapt: &Wapt) -> Result<Step, PlanError> {
        let release = &self.context.release;
        let attributes = self.attributes(wapt)?;
        let mut inputs = Inputs::new();
        keys_of("[[wapt]]", &serde_json::json!(wapt), &mut inputs);
        inputs.insert(
            "attributes of the WAPT package".to_owned(),
            Sha256::of(serde_json::json!(attributes).to_string()).to_string(),
        );
        inputs.insert("version".to_owned(), release.version.to_string());
        inputs.insert("release".to_owned(), release.release.to_string());
        inputs.insert("signer".to_owned(), self.context.signer.clone().unwrap_or_default());
        let (mut parts, mut notes, mut holdings) = (Parts::default(), Vec::new(), Holdings::new());
        if let Some(dir) = &wapt.dir {
            let found = self.context.roots.whole(dir)?;
            let files = as_they_are(&found);
            notes.extend(of_ignored(&dir.to_string_lossy(), &found));
            digest_into(&mut inputs, &dir.display().to_string(), &files);
            hold_into(&mut holdings, &dir.display().to_string(), &files);
            self.add_files(&mut parts, &files);
            parts.folders.insert(dir.clone());
        }
        for file in wapt.setup.iter().chain(&wapt.icon) {
            inputs.insert(file.display().to_string(), self.context.listing.digest(file)?.to_string());
            parts.files.insert(file.clone());
        }
        let mut needs: Vec<StepId> = wapt.from.iter().map(|image| self.id(image.as_str())).collect();
        let mut packages = Vec::new();
        for content in &wapt.contents {
            match &content.src {
                WaptSource::Container(_) => {}
                WaptSource::Project(src) => {
                    let found = self.context.listing.matching(src)?;
                    let files = as_they_are(&found);
                    notes.extend(of_ignored(src, &found));
                    digest_into(&mut inputs, src, &files);
                    hold_into(&mut holdings, src, &files);
                    self.add_files(&mut parts, &files);
                }
                WaptSource::Package(name) if !self.is_made(name) => {
                    let is_asked = self.platform.package.native().is_some_and(|native| native.is_written);
                    let unmade = self.unmade(is_asked, vec![name.clone()]);
                    let of = format!("[[wapt]] `{}`", wapt.package);
                    return Err(PlanError::Unmade { of, package: name.clone(), unmade });
                }
                WaptSource::Package(name) => {
                    let step = self.id(&package_step(name.as_str()));
                    needs.push(step.clone());
                    packages.push((name.clone(), step));
                }
            }
        }
        let own = self.context.times.last(&format!("files {:?} {:?}", parts.files, parts.folders), || parts);
        let mut times: Vec<Option<i64>> = wapt.from.iter().map(|image| self.made_of(image.as_str()).time).collect();
        times.extend(packages.iter().map(|(name, _)| self.made_of(&package_step(name.as_str())).time));
        times.push(own);
        let epoch = self.context.times.latest(&times);
        inputs.insert("time".to_owned(), crate::util::clock::rfc3339(epoch));
        let work = WaptWork {
            wapt: wapt.clone(),
            attributes,
            image: wapt.from.as_ref().map(|image| self.id(image.as_str())),
            packages,
            epoch,
        };
        let name = format!("wapt-{}", step_word(&wapt.package));
        let title = format!("WAPT package {}", wapt.package);
        let mut step = self.step(&name, title, Work::Wapt(Box::new(work)), inputs);
        step.needs = needs;
        step.holdings = holdings;
        step.notes = notes;
        step.wanted = self.wants(GOAL);
        Ok(step)
    }

    /// The attributes with the release filled in.
    fn attributes(&self, wapt: &Wapt) -> Result<Vec<(String, String)>, PlanError> {
        let release = &self.context.release;
        let number = release.release.to_string();
        let own = wapt
            .attributes
            .get("version")
            .map(|version| version.replace("{{version}}", release.version.as_str()).replace("{{release}}", &number));
        let full = own.clone().unwrap_or_else(|| format!("{}-{number}", release.version));
        let mut filled = Vec::new();
        for (name, value) in &wapt.attributes {
            let value = match (name.as_str(), &own) {
                ("version", Some(own)) => own.clone(),
                _ => value.replace("{{version}}", &full).replace("{{release}}", &number),
            };
            let checked = attribute(name).filter(|_| value != "random").map_or(Ok(()), |known| known.check(&value));
            checked.map_err(|refused| PlanError::Unfit {
                of: format!("[[wapt]] `{}`", wapt.package),
                key: name.clone(),
                message: refused.message,
                help: "agents compare one to four numbers, `-` and a number: write such a `version` in [[wapt]], or take another tag",
            })?;
            filled.push((name.clone(), value));
        }
        Ok(filled)
    }
}

/// A package's name as a part of a step's: letters, digits, `-`, `_` and `.`; others are told apart by a digest.
fn step_word(package: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if package.chars().all(plain) && package.len() <= 100 {
        return package.to_owned();
    }
    Sha256::of(package).as_str()[..16].to_owned()
}
