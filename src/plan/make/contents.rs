//! An image's `contents`: the files of the context they become, and the commands of the Dockerfile that put them into the
//! image.

use serde_json::{Value, json};

use crate::{
    names::Account,
    plan::{
        ContextFile, ContextSource,
        maker::{Maker, PlanError},
    },
    recipe::{Content, ContentKind},
    source::{
        listing::Files,
        project::{Found, SourceError, SourceFile, SourceKind},
        taken::Taken,
    },
};

impl Maker<'_> {
    /// What each entry takes of the project.
    pub(crate) fn taken(&self, contents: &[Content]) -> Result<Vec<Files>, PlanError> {
        Ok(Taken::from_contents(contents, |src| self.context.listing.matching(src)).right()?)
    }

    pub(crate) fn content_files(content: &Content, found: &Found) -> Result<Vec<ContextFile>, PlanError> {
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
    pub(crate) fn put_commands(content: &Content, found: &Found) -> Vec<Value> {
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
                _ if found.is_single => vec![copy(&format!("rootfs{dst}"), place)],
                _ => vec![copy(&format!("rootfs{dst}/"), &format!("{dst}/"))],
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

/// What COPY reads as these two paths. Its JSON form, too, takes `$`, quotes and backslashes as a shell does (Dockerfile
/// reference, "Environment replacement"), and then the source as a pattern, in which a class of one letter is that letter.
fn copy(from: &str, to: &str) -> Value {
    json!({ "run": null, "copy": [as_word(&as_pattern(from)), as_word(to)] })
}

fn as_word(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '$' | '"' | '\'' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// A pattern whose only match is this path. BuildKit sees a pattern only where a wildcard has no backslash, so that one
/// does not do.
fn as_pattern(path: &str) -> String {
    if !path.contains(['*', '?', '[', '\\']) {
        return path.to_owned();
    }
    path.chars().fold(String::new(), |mut text, c| {
        match c {
            '*' | '?' | '[' => text.extend(['[', c, ']']),
            '\\' => text.push_str(r"[\\]"),
            _ => text.push(c),
        }
        text
    })
}

/// What an entry gives to another owner than root: `owner:group`, and its absolute paths, folders first.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) owner: String,
    pub(crate) paths: Vec<String>,
}

/// What an entry gives to another owner than root.
pub(crate) fn owned(content: &Content, files: &[ContextFile]) -> Option<Owned> {
    if !content.is_owned() {
        return None;
    }
    let name = |name: &Option<Account>| name.as_ref().map_or("root", |name| name.as_str()).to_owned();
    let owner = format!("{}:{}", name(&content.info.owner), name(&content.info.group));
    let files: Vec<&str> = files.iter().filter_map(|file| file.path.strip_prefix("rootfs")).collect();
    let folders = content.own_folders(files.iter().copied());
    let paths = files.iter().map(|path| (*path).to_owned()).filter(|path| !folders.contains(path));
    let paths: Vec<String> = folders.iter().cloned().chain(paths).collect();
    (!paths.is_empty()).then_some(Owned { owner, paths })
}

/// The longest command of a Dockerfile, in bytes: BuildKit reads lines of less than 64 KiB.
const LONGEST: usize = 48 * 1024;

impl Owned {
    /// Its list in the context of an image, a path a line.
    pub(crate) fn list(&self) -> Vec<u8> {
        self.paths.iter().flat_map(|path| [path.as_str(), "\n"]).collect::<String>().into_bytes()
    }

    /// The commands in exec form that do it without a list, each short enough for a line.
    pub(crate) fn commands(&self) -> Vec<Vec<String>> {
        let start = || ["chown", "-h", "--", self.owner.as_str()].map(str::to_owned).to_vec();
        let (mut all, mut length) = (Vec::new(), 0);
        for path in &self.paths {
            // In JSON, with quotes and a comma.
            let size = json!(path).to_string().len() + 1;
            if all.is_empty() || length + size > LONGEST {
                all.push(start());
                length = 0;
            }
            length += size;
            if let Some(command) = all.last_mut() {
                command.push(path.clone());
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_takes_names_as_they_are() {
        for (path, from, to) in [
            ("/srv/a b", "/srv/a b", "/srv/a b"),
            ("/a$HOME", r"/a\$HOME", r"/a\$HOME"),
            (r#"/a"b'c"#, r#"/a\"b\'c"#, r#"/a\"b\'c"#),
            ("/[id]*?.js", "/[[]id][*][?].js", "/[id]*?.js"),
            (r"/a\b", r"/a[\\\\]b", r"/a\\b"),
            ("/{a,b}#!é", "/{a,b}#!é", "/{a,b}#!é"),
        ] {
            assert_eq!(copy(path, path)["copy"], json!([from, to]), "{path}");
        }
    }

    #[test]
    fn commands_fit_a_line() {
        let paths: Vec<String> =
            (0..2500).map(|number| format!("/srv/{}/{number}", "long \" name".repeat(20))).collect();
        let owned = Owned { owner: "web:web".to_owned(), paths: paths.clone() };
        let commands = owned.commands();
        assert!(commands.iter().all(|command| json!(command).to_string().len() < 65_000));
        let all: Vec<&String> = commands.iter().flat_map(|command| &command[4..]).collect();
        assert_eq!(all, paths.iter().collect::<Vec<_>>());
    }
}
