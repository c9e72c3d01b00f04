//! An image's `contents`: the files of the context they become, and the commands of the Dockerfile that put them into the
//! image.

use serde_json::{Value, json};

use super::{
    super::{ContextFile, ContextSource},
    Maker, PlanError,
};
use crate::{
    recipe::{Content, ContentKind},
    source::{
        listing::Files,
        project::{Found, SourceError, SourceFile, SourceKind},
        taken::Taken,
    },
};

impl Maker<'_> {
    /// What each entry takes of the project.
    pub(super) fn taken(&self, contents: &[Content]) -> Result<Vec<Files>, PlanError> {
        Ok(Taken::of(contents, |src| self.context.listing.matching(src)).right()?)
    }

    pub(super) fn content_files(content: &Content, found: &Found) -> Result<Vec<ContextFile>, PlanError> {
        let target = format!("rootfs{}", content.dst.trim_end_matches('/'));
        let entry = |path: String, source, mode| ContextFile { path, source, mode };
        match &content.kind {
            ContentKind::Dir | ContentKind::State => {
                Ok(vec![entry(target, ContextSource::Dir, content.info.mode.unwrap_or(0o755))])
            }
            ContentKind::Symlink => Ok(vec![entry(target, ContextSource::Symlink(content.src.clone()), 0o777)]),
            _ => {
                let make = |file: &SourceFile| {
                    let path = match (found.is_single, file.relative.as_str()) {
                        (true, _) | (_, "") => target.clone(),
                        (false, below) => format!("{target}/{below}"),
                    };
                    no_whiteout(&path)?;
                    let mut made = ContextFile::of_project(path, file);
                    let is_meant = matches!(made.source, ContextSource::File(..)) || is_empty_folder(found);
                    if let (Some(mode), true) = (content.info.mode, is_meant) {
                        made.mode = mode;
                    }
                    Ok(made)
                };
                found.files.iter().map(make).collect()
            }
        }
    }

    /// The commands that put a content into the image, in exec form. Each for itself: `COPY rootfs/ /` would give folders
    /// that are there, like `/tmp` and `/root`, the mode of the context's.
    pub(super) fn put_commands(content: &Content, found: &Found) -> Vec<Value> {
        let dst = content.dst.trim_end_matches('/');
        let place = if dst.is_empty() { "/" } else { dst };
        // COPY would follow a link.
        let link = |target: &str| {
            let parent = place.rsplit_once('/').map_or("/", |(parent, _)| parent);
            let parent = if parent.is_empty() { "/" } else { parent };
            vec![json!({ "run": ["mkdir", "-p", "--", parent] }), json!({ "run": ["ln", "-sfn", "--", target, place] })]
        };
        match &content.kind {
            ContentKind::Dir | ContentKind::State => {
                let mode = format!("{:o}", content.info.mode.unwrap_or(0o755));
                vec![json!({ "run": ["install", "-d", "-m", mode, "--", place] })]
            }
            ContentKind::Symlink => link(&content.src),
            ContentKind::Exclude => Vec::new(),
            // As COPY would not give it to a folder.
            _ if content.info.mode.is_some() && is_empty_folder(found) => {
                let mode = format!("{:o}", content.info.mode.unwrap_or(0o755));
                vec![json!({ "run": ["install", "-d", "-m", mode, "--", place] })]
            }
            _ => match found.files.as_slice() {
                [SourceFile { kind: SourceKind::Symlink { target }, .. }] if found.is_single => link(target),
                _ if found.is_single => vec![json!({ "run": null, "copy": [format!("rootfs{dst}"), place] })],
                _ => vec![json!({ "run": null, "copy": [format!("rootfs{dst}/"), format!("{dst}/")] })],
            },
        }
    }
}

/// Whether an entry names a folder with nothing in it.
fn is_empty_folder(found: &Found) -> bool {
    matches!(found.files.as_slice(), [SourceFile { relative, kind: SourceKind::Folder, .. }] if relative.is_empty())
}

/// Refuses names that mean in an image's layer that something is gone (OCI image-spec, "Whiteouts").
fn no_whiteout(path: &str) -> Result<(), PlanError> {
    if path.split('/').any(|name| name.starts_with(".wh.")) {
        let reason = "no image can hold a name that begins with `.wh.`: it says that a file is gone";
        return Err(SourceError::Name { path: path.trim_start_matches("rootfs").to_owned(), reason }.into());
    }
    Ok(())
}

/// The command that gives a content its owner; `None` when it stays root's.
pub(super) fn owner_command(content: &Content, files: &[ContextFile]) -> Option<Vec<String>> {
    if !content.is_owned() {
        return None;
    }
    let name = |name: &Option<crate::names::UserName>| name.as_ref().map_or("root", |name| name.as_str()).to_owned();
    let owner = format!("{}:{}", name(&content.info.owner), name(&content.info.group));
    let files: Vec<&str> = files.iter().filter_map(|file| file.path.strip_prefix("rootfs")).collect();
    let folders = content.own_folders(files.iter().copied());
    let paths = files.iter().map(|path| (*path).to_owned()).filter(|path| !folders.contains(path));
    let words = ["chown".to_owned(), "-h".to_owned(), "--".to_owned(), owner];
    Some(words.into_iter().chain(folders.iter().cloned()).chain(paths).collect())
}
