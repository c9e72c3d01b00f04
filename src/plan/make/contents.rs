//! An image's `contents`: the files of the context they become, and the commands of the Dockerfile that put them into the
//! image.

use serde_json::{Value, json};

use super::{
    super::{ContextFile, ContextSource},
    Maker, PlanError,
};
use crate::recipe::{Content, ContentKind};

impl Maker<'_> {
    pub(super) fn content_files(&self, content: &Content) -> Result<Vec<ContextFile>, PlanError> {
        let target = format!("rootfs{}", content.dst.trim_end_matches('/'));
        let entry = |path: String, source, mode| ContextFile { path, source, mode };
        match &content.kind {
            ContentKind::Dir | ContentKind::State => {
                Ok(vec![entry(target, ContextSource::Dir, content.info.mode.unwrap_or(0o755))])
            }
            ContentKind::Symlink => Ok(vec![entry(target, ContextSource::Symlink(content.src.clone()), 0o777)]),
            _ => {
                let single = self.context.listing.is_file(&content.src);
                let found = self.context.listing.matching(&content.src)?;
                Ok(found
                    .iter()
                    .map(|file| {
                        let path = if single { target.clone() } else { format!("{target}/{}", file.relative) };
                        let mut made = ContextFile::of_project(path, file);
                        if let (Some(mode), ContextSource::File(..)) = (content.info.mode, &made.source) {
                            made.mode = mode;
                        }
                        made
                    })
                    .collect())
            }
        }
    }

    /// The commands that put a content into the image, in exec form. Each for itself: `COPY rootfs/ /` would give folders
    /// that are there, like `/tmp` and `/root`, the mode of the context's.
    pub(super) fn put_commands(&self, content: &Content) -> Vec<Value> {
        let dst = content.dst.trim_end_matches('/');
        let place = if dst.is_empty() { "/" } else { dst };
        match &content.kind {
            ContentKind::Dir | ContentKind::State => {
                let mode = format!("{:o}", content.info.mode.unwrap_or(0o755));
                vec![json!({ "run": ["install", "-d", "-m", mode, "--", place] })]
            }
            // COPY would follow the link.
            ContentKind::Symlink => {
                let parent = place.rsplit_once('/').map_or("/", |(parent, _)| parent);
                let parent = if parent.is_empty() { "/" } else { parent };
                vec![
                    json!({ "run": ["mkdir", "-p", "--", parent] }),
                    json!({ "run": ["ln", "-sfn", "--", content.src, place] }),
                ]
            }
            _ if self.context.listing.is_file(&content.src) => {
                vec![json!({ "run": null, "copy": [format!("rootfs{dst}"), place] })]
            }
            _ => vec![json!({ "run": null, "copy": [format!("rootfs{dst}/"), format!("{dst}/")] })],
        }
    }
}

/// The command that gives a content its owner; `None` when it stays root's.
pub(super) fn owner_command(content: &Content, files: &[ContextFile]) -> Option<Vec<String>> {
    if content.info.owner.is_none() && content.info.group.is_none() {
        return None;
    }
    let name = |name: &Option<crate::names::UserName>| name.as_ref().map_or("root", |name| name.as_str()).to_owned();
    let owner = format!("{}:{}", name(&content.info.owner), name(&content.info.group));
    let target = format!("rootfs{}", content.dst.trim_end_matches('/'));
    let below = format!("{target}/");
    let paths = files
        .iter()
        .filter(|file| file.path == target || file.path.starts_with(&below))
        .filter_map(|file| file.path.strip_prefix("rootfs").map(str::to_owned));
    Some(["chown".to_owned(), "-h".to_owned(), "--".to_owned(), owner].into_iter().chain(paths).collect())
}
