//! The step of the base image: its name in Dockerfiles, how it is had, and what is changed in it.

use std::collections::BTreeMap;

use super::{BaseWork, QuirksWork};
use crate::{
    plan::{
        ContextFile, ContextSource, Inputs, Step,
        dockerfile::Template,
        maker::{Maker, PlanError},
        step::key_of,
    },
    platform::{Platform, Quirk},
    recipe::Recipe,
    work::Work,
};

impl Maker<'_> {
    /// The name under which this platform's base image is in Dockerfiles, and what it is made of.
    pub(crate) fn base_name(&self) -> &(String, Inputs) {
        &self.base
    }

    pub(crate) fn base(&self) -> Result<Step, PlanError> {
        let (local, mut inputs) = self.base_name().clone();
        let image = inputs["base image"].clone();
        let title = format!("base image {image}");
        let quirks = self.quirks(&mut inputs)?;
        let work = BaseWork {
            image,
            local,
            mode: self.recipe.base.bootstrap,
            bootstrap: self.platform.base.bootstrap.clone(),
            own_keys: self.has_own_keys(),
            mirror: self.recipe.base.mirror.clone(),
            refresh_days: self.recipe.base.refresh_days,
            quirks,
        };
        Ok(self.step("base", title, Work::Base(Box::new(work)), inputs))
    }

    /// Whether a platform file of the project names keys of the machine that the platform brought along does not name.
    fn has_own_keys(&self) -> bool {
        let keys = |platform: &Platform| platform.base.bootstrap.as_ref().and_then(|made| made.keyring.clone());
        let own = keys(self.platform);
        own.is_some()
            && !self.platform.is_brought_along()
            && Platform::brought_along(&self.platform.id).is_none_or(|known| keys(&known) != own)
    }

    /// The Dockerfile and files that change the base image; `None` where it is taken as it is.
    fn quirks(&self, inputs: &mut Inputs) -> Result<Option<QuirksWork>, PlanError> {
        let quirks = &self.platform.base.quirks;
        if quirks.is_empty() {
            return Ok(None);
        }
        let remove = |quirk: &Quirk| match &quirk.remove[..] {
            [] => Vec::new(),
            paths => ["rm", "-f", "--"].into_iter().map(str::to_owned).chain(paths.iter().cloned()).collect(),
        };
        // One by one: `COPY rootfs/ /` would give folders that are there, like /tmp, the mode of the context's.
        let write = |quirk: &Quirk| -> Vec<[String; 2]> {
            quirk.write.keys().map(|path| [format!("rootfs{path}"), path.clone()]).collect()
        };
        let files: Vec<ContextFile> = quirks
            .iter()
            .flat_map(|quirk| &quirk.write)
            .map(|(path, text)| ContextFile {
                path: format!("rootfs{path}"),
                source: ContextSource::Bytes(text.clone().into_bytes()),
                mode: 0o644,
            })
            .collect();
        let values = serde_json::json!({
            "platform": self.platform.id,
            "from": QuirksWork::FROM,
            "quirks": quirks
                .iter()
                .map(|quirk| {
                    serde_json::json!({ "reason": quirk.reason, "remove": remove(quirk), "write": write(quirk) })
                })
                .collect::<Vec<_>>(),
            "ca": false,
        });
        let template = Template::BuiltIn("base.hbs");
        let (dockerfile, digest) = self.rendered(&template, &values)?;
        inputs.insert("base.hbs".to_owned(), digest.to_string());
        Ok(Some(QuirksWork { dockerfile, files }))
    }
}

/// The name under which a platform's base image is in Dockerfiles: one per way of making it, shared by all projects on
/// the daemon.
pub(crate) fn name(recipe: &Recipe, platform: &Platform) -> (String, Inputs) {
    let mut inputs = Inputs::new();
    let image = whole_reference(recipe.base.image.as_ref().unwrap_or(&platform.base.image));
    inputs.insert("base image".to_owned(), image);
    inputs.insert("base.bootstrap".to_owned(), json_word(&recipe.base.bootstrap));
    inputs.insert("bootstrap".to_owned(), serde_json::json!(platform.base.bootstrap).to_string());
    inputs.insert("quirks".to_owned(), serde_json::json!(platform.base.quirks).to_string());
    inputs.insert("base.mirror".to_owned(), recipe.base.mirror.clone().unwrap_or_default());
    let digest = key_of("base name", &inputs, &BTreeMap::new());
    (format!("factory.local/base:{}-{}", platform.id, digest.short()), inputs)
}

/// An image's reference as the daemon lists it: with `:latest` where nothing is said.
fn whole_reference(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

fn json_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::whole_reference;

    #[test]
    fn a_reference_without_a_tag_is_the_latest() {
        for (given, whole) in [
            ("debian", "debian:latest"),
            ("debian:12", "debian:12"),
            ("r.example.org:5000/x", "r.example.org:5000/x:latest"),
            ("x@sha256:00", "x@sha256:00"),
        ] {
            assert_eq!(whole_reference(given), whole);
        }
    }
}
