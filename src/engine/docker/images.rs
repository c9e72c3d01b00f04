//! Images in the daemon: look up, list, import, tag, remove. It never talks to a registry and never pulls.

use std::collections::HashMap;

use bollard::{
    errors::Error,
    models::{ImageInspect, ImageSummary},
    query_parameters::{
        CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
    },
};

use super::{
    Docker,
    body::Outgoing,
    errors::{Doing, IMPORT, INSPECT_IMAGE, LIST_IMAGES, REMOVE_IMAGE, TAG},
    lines::tidy,
    names,
};
use crate::{
    engine::{EngineError, ImageId, ImageInfo, ImportSpec, Labels, Output},
    names::ImageReference,
};

pub(super) async fn inspect(docker: &Docker, reference: &str) -> Result<Option<ImageInfo>, EngineError> {
    let name = names::image(reference, INSPECT_IMAGE)?;
    match docker.client().await?.inspect_image(name).await {
        Ok(image) => Ok(Some(of_inspection(image))),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        // Images without a date of creation: some engines give an empty one, which the model does not take.
        Err(Error::JsonDataError { .. }) => of_reference(docker, name).await,
        Err(error) => Err(docker.translate(error, INSPECT_IMAGE)),
    }
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<ImageInfo>, EngineError> {
    let mut filters = HashMap::new();
    if !labels.is_empty() {
        filters.insert("label".to_owned(), label_filters(labels));
    }
    summaries(docker, &filters, LIST_IMAGES).await
}

/// Filters of the API for labels: `name` matches any value, `name=value` that one.
pub(super) fn label_filters(labels: &Labels) -> Vec<String> {
    labels.iter().map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") }).collect()
}

/// Reads the whole root file system, a gigabyte maybe, from a file of ours.
pub(super) async fn import(docker: &Docker, spec: ImportSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
    let name = ImageReference::new(names::image(&spec.reference, IMPORT)?);
    let options = CreateImageOptionsBuilder::default().from_src("-").repo(name.repository()).tag(name.tag()).build();
    let options = bollard::query_parameters::CreateImageOptions { changes: spec.changes, ..options };
    let (outgoing, body) = Outgoing::open(spec.tar, "read the root file system")?;
    let mut stream =
        Box::pin(docker.client().await?.create_image(Some(options), Some(bollard::body_try_stream(body)), None));
    let mut id = None;
    while let Some(message) = docker.next(&mut stream, IMPORT).await? {
        let message = message.map_err(|error| outgoing.blame(docker.translate(error, IMPORT)))?;
        if let Some(status) = message.status {
            out.line(&tidy(&status));
            id = image_id(&status).or(id);
        }
    }
    id.ok_or_else(|| IMPORT.lost("its answer ended before the image was there"))
}

pub(super) async fn tag(docker: &Docker, image: &str, reference: &str) -> Result<(), EngineError> {
    let image = names::image(image, TAG)?;
    let name = ImageReference::new(names::image(reference, TAG)?);
    let options = TagImageOptionsBuilder::default().repo(name.repository()).tag(name.tag()).build();
    docker.call(TAG, |client| client.tag_image(image, Some(options))).await
}

pub(super) async fn remove(docker: &Docker, reference: &str) -> Result<bool, EngineError> {
    let name = names::image(reference, REMOVE_IMAGE)?;
    let options = RemoveImageOptionsBuilder::default().force(false).noprune(false).build();
    Ok(docker.find(REMOVE_IMAGE, |client| client.remove_image(name, Some(options), None)).await?.is_some())
}

/// The id in `text`, with its algorithm in front.
pub(super) fn image_id(text: &str) -> Option<ImageId> {
    let digits = text.trim();
    let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
    let fine = digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    fine.then(|| ImageId(format!("sha256:{digits}")))
}

async fn of_reference(docker: &Docker, name: &str) -> Result<Option<ImageInfo>, EngineError> {
    let filters = HashMap::from([("reference".to_owned(), vec![name.to_owned()])]);
    Ok(summaries(docker, &filters, INSPECT_IMAGE).await?.into_iter().next())
}

async fn summaries(
    docker: &Docker,
    filters: &HashMap<String, Vec<String>>,
    doing: Doing,
) -> Result<Vec<ImageInfo>, EngineError> {
    let mut options = ListImagesOptionsBuilder::default().all(false).filters(filters);
    // Podman refuses the question, and tells them anyway.
    if !docker.peer().await?.podman {
        options = options.digests(true);
    }
    let options = options.build();
    let images = docker.call(doing, |client| client.list_images(Some(options))).await?;
    Ok(images.into_iter().map(of_summary).collect())
}

fn of_inspection(image: ImageInspect) -> ImageInfo {
    let id = image.id.unwrap_or_default();
    let created = image.created.map(|time| rfc3339(time.unix_timestamp(), time.nanosecond()));
    let (labels, env) = image.config.map(|config| (config.labels, config.env)).unwrap_or_default();
    ImageInfo {
        id: image_id(&id).unwrap_or(ImageId(id)),
        tags: real_names(image.repo_tags.unwrap_or_default()),
        repo_digests: real_names(image.repo_digests.unwrap_or_default()),
        size: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        created: created.unwrap_or_default(),
        labels: labels.into_iter().flatten().collect(),
        arch: image.architecture.unwrap_or_default(),
        layers: image.root_fs.and_then(|root| root.layers).unwrap_or_default(),
        env: env.unwrap_or_default(),
    }
}

fn of_summary(image: ImageSummary) -> ImageInfo {
    ImageInfo {
        id: image_id(&image.id).unwrap_or(ImageId(image.id)),
        tags: real_names(image.repo_tags),
        repo_digests: real_names(image.repo_digests),
        size: u64::try_from(image.size).unwrap_or_default(),
        created: rfc3339(image.created, 0),
        labels: image.labels.into_iter().collect(),
        arch: String::new(),
        layers: Vec::new(),
        env: Vec::new(),
    }
}

/// Leaves out the names that old engines give to an image without one, `<none>:<none>`.
fn real_names(names: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().filter(|name| !name.contains("<none>")).collect();
    names.sort();
    names
}

/// Empty for a time that no calendar has.
fn rfc3339(seconds: i64, nanoseconds: u32) -> String {
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or_default();
    jiff::Timestamp::new(seconds, nanoseconds).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sixty_four_digits_with_their_algorithm() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(image_id(&digits), Some(ImageId(format!("sha256:{digits}"))));
        assert_eq!(image_id(&format!("sha256:{digits}\n")), Some(ImageId(format!("sha256:{digits}"))));
        assert_eq!(image_id("Importing from -"), None);
        assert_eq!(image_id(&digits.to_uppercase()), None);
    }

    #[test]
    fn labels_without_a_value_match_any() {
        let labels = Labels::from([("a".into(), String::new()), ("b".into(), "c=d".into())]);
        assert_eq!(label_filters(&labels), ["a", "b=c=d"]);
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000, 0), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(i64::MAX, 0), "");
        assert_eq!(real_names(vec!["<none>:<none>".into(), "b:1".into(), "a:1".into()]), ["a:1", "b:1"]);
    }
}
