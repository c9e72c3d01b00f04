//! Entries of one `contents` that bring different things to one place: who wins would be a matter of their order.

use std::collections::{HashMap, hash_map::Entry};

use crate::{
    plan::{ContextFile, ContextSource, maker::Maker},
    recipe::{Content, ContentKind},
    source::listing::Files,
    util::toml::{Issue, quoted},
};

/// Whose contents they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// An image's: an entry that takes a file once more gives it another mode or owner.
    Image,
    /// A package's: what it takes of the project may be named once. What is in the container is not known here.
    Package,
}

/// What one entry brings where another one has brought something else.
struct Clash {
    place: String,
    earlier: usize,
    more: usize,
}

/// The later of two entries that bring something to one place, each at its line.
pub(crate) fn find(contents: &[Content], taken: &[Files], of: Of) -> Vec<Issue> {
    let mut brought: HashMap<String, (usize, ContextSource)> = HashMap::new();
    let mut found = Vec::new();
    for (number, (content, files)) in contents.iter().zip(taken).enumerate() {
        let is_made = matches!(content.kind, ContentKind::Symlink | ContentKind::Dir);
        if !(is_made || content.is_of_project()) {
            continue;
        }
        // What cannot be taken is said at its place.
        let Ok(made) = Maker::content_files(content, files) else { continue };
        if let Some(clash) = bring(&mut brought, number, made, of) {
            found.push(issue(content, &contents[clash.earlier], &clash));
        }
    }
    found
}

fn bring(
    brought: &mut HashMap<String, (usize, ContextSource)>,
    number: usize,
    files: Vec<ContextFile>,
    of: Of,
) -> Option<Clash> {
    let mut clash: Option<Clash> = None;
    for file in files {
        match brought.entry(file.path) {
            Entry::Vacant(slot) => {
                slot.insert((number, file.source));
            }
            Entry::Occupied(mut slot) => {
                let (earlier, source) = slot.get();
                if differ(source, &file.source, of) {
                    match &mut clash {
                        Some(clash) => clash.more += 1,
                        None => clash = Some(Clash { place: slot.key().clone(), earlier: *earlier, more: 0 }),
                    }
                }
                slot.insert((number, file.source));
            }
        }
    }
    clash
}

/// Whether one of two things at a place would be lost.
fn differ(one: &ContextSource, two: &ContextSource, of: Of) -> bool {
    match (one, two) {
        (ContextSource::Dir, ContextSource::Dir) => false,
        (ContextSource::File(_, one), ContextSource::File(_, two)) if of == Of::Image => one != two,
        _ => of == Of::Package || one != two,
    }
}

fn issue(later: &Content, earlier: &Content, clash: &Clash) -> Issue {
    let place = quoted(clash.place.strip_prefix("rootfs").unwrap_or(&clash.place));
    let more = match clash.more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("{} brings {place}{more}, which {} brings, too", called(later), called(earlier));
    Issue::new(&later.at, message).label("again here").also(&earlier.at, "first here").help(
        "give one of them another `dst`, or leave the file out of the earlier one: an entry of type `exclude` between them \
         names it",
    )
}

fn called(content: &Content) -> String {
    match content.kind {
        ContentKind::Dir => format!("the folder {}", quoted(&content.dst)),
        ContentKind::Symlink => format!("the link to {}", quoted(&content.src)),
        _ => quoted(&content.src),
    }
}
