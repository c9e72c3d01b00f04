//! What each entry of `contents` did in the container: one that matched nothing, or changed nothing, is a mistake of the
//! recipe, and all of them are said at once, each at its line.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::{Pattern, Rule, Rules};
use crate::{
    execute::{Session, StepError},
    recipe::ContentKind,
    stage::{Entry, Kind, Tree, TreePath},
    util::{
        pattern::{is_glob, plain},
        toml::{Issue, Issues, Report, listed, nearest, quoted},
    },
};

/// Most names of the container that are kept for messages.
const MOST_NAMES: usize = 200_000;
/// How many names of a folder a message shows.
const SHOWN: usize = 5;

/// What the rules met so far in a container.
#[derive(Debug, Default)]
pub struct Tally {
    met: BTreeMap<usize, Met>,
    names: BTreeSet<TreePath>,
}

/// What one rule met.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    /// Something in the container is what it names.
    matched: bool,
    /// It left out something that was taken before it.
    left_out: bool,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    NotTaken,
    LeftOut,
    NoFile,
    NoFolder,
    NoMode,
}

/// Whose contents they are, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// The image, as the recipe calls it.
    pub image: &'p str,
    /// Whether only files count: some packages have no folders of their own.
    pub files_only: bool,
}

impl Tally {
    /// Notes a path of the container; whether it goes into the package.
    pub fn see(&mut self, path: &TreePath, rules: &Rules) -> bool {
        if self.names.len() < MOST_NAMES && !path.is_strange() {
            self.names.insert(path.clone());
        }
        let mut taken = false;
        for (number, rule) in rules.all().iter().enumerate() {
            if !rule.covers(path) {
                continue;
            }
            let met = self.met.entry(number).or_default();
            met.matched |= rule.kind != ContentKind::State || rule.names(path);
            if rule.kind == ContentKind::Exclude {
                met.left_out |= taken;
                taken = false;
            } else {
                taken = true;
            }
        }
        taken && !rules.is_below_state(path)
    }

    /// Notes a name that is in the container, for messages.
    pub fn name(&mut self, path: TreePath) {
        self.names.insert(path);
    }

    /// Whether something of the container was what an entry names.
    fn matched(&self, number: usize) -> bool {
        self.met.get(&number).is_some_and(|met| met.matched)
    }

    /// Holds all entries against what was taken.
    ///
    /// # Errors
    /// [`StepError::Reported`] with every entry that does nothing. The texts of those that may: what to write into the log.
    pub fn check(
        &self,
        rules: &Rules,
        taken: &Tree,
        of: Place<'_>,
        session: &Session,
    ) -> Result<Vec<String>, StepError> {
        let mut issues = Issues::default();
        let mut allowed = Vec::new();
        for (number, rule) in rules.all().iter().enumerate() {
            let Some(wrong) = self.wrong(number, rule, taken, of) else { continue };
            let message = wrong.sentence(rule, of.image);
            if rule.optional && wrong == Wrong::Nothing {
                allowed.push(message);
                continue;
            }
            let (label, help) = self.hint(rule, wrong);
            issues.add(Issue::new(&rule.at, message).label(label).help(help));
        }
        if issues.is_empty() {
            return Ok(allowed);
        }
        let issues = issues.into_sorted();
        let message = match issues.len() {
            1 => "an entry of `contents` does nothing".to_owned(),
            many => format!("{many} entries of `contents` do nothing"),
        };
        let report = Report::new(session.recipe.as_ref().clone(), issues);
        Err(StepError::Reported { message, report: Box::new(report) })
    }

    fn wrong(&self, number: usize, rule: &Rule, taken: &Tree, of: Place<'_>) -> Option<Wrong> {
        if !self.matched(number) {
            return Some(Wrong::Nothing);
        }
        let is_file = |entry: &Entry| matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
        let some = |fits: &dyn Fn(&Entry) -> bool| taken.iter().any(|(path, entry)| fits(entry) && rule.covers(path));
        match rule.kind {
            ContentKind::Exclude => {
                let left_out = self.met.get(&number).is_some_and(|met| met.left_out);
                (!left_out).then_some(Wrong::LeftOut)
            }
            _ if !some(&|_| true) => Some(Wrong::NotTaken),
            ContentKind::State => {
                let found = taken.iter().any(|(path, entry)| entry.kind == Kind::Dir && rule.names(path));
                (!found).then_some(Wrong::NoFolder)
            }
            ContentKind::Config { .. } | ContentKind::Doc | ContentKind::License => {
                (!some(&is_file)).then_some(Wrong::NoFile)
            }
            _ if rule.info.mode.is_some() => (!some(&is_file)).then_some(Wrong::NoMode),
            _ if of.files_only => (!some(&|entry| entry.kind != Kind::Dir)).then_some(Wrong::NoFile),
            _ => None,
        }
    }

    /// A few words under the entry, and what to do.
    fn hint(&self, rule: &Rule, wrong: Wrong) -> (String, String) {
        let (label, help) = match wrong {
            Wrong::Nothing => return self.nearest(rule),
            Wrong::NotTaken => {
                ("nothing is left of it", "a later entry leaves all of it out, or it is below a folder of type `state`")
            }
            Wrong::LeftOut => (
                "nothing was taken before",
                "a later entry refines an earlier one: put this one behind the entry that takes the files",
            ),
            Wrong::NoFile => ("expected a file", "folders and symbolic links cannot be of this type"),
            Wrong::NoFolder => ("expected a folder", "`state` is for folders; a file of its own is `config`"),
            Wrong::NoMode => ("no file", "`mode` is one of files: folders keep theirs, and `type = \"dir\"` makes one"),
        };
        (label.to_owned(), help.to_owned())
    }

    /// The nearest path that is there.
    fn nearest(&self, rule: &Rule) -> (String, String) {
        let src = rule.src.trim_matches('/');
        let mut folder = String::new();
        for (number, part) in src.split('/').enumerate() {
            let name = plain(part);
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            if !is_glob(part) && TreePath::new(&path).is_ok_and(|path| self.is_there(&path)) {
                folder = path;
                continue;
            }
            let there = self.within(&folder);
            let near = if is_glob(part) { None } else { nearest(&name, there.iter().copied()) };
            let label = near.map(|near| {
                let rest: Vec<&str> = src.split('/').skip(number + 1).collect();
                let path = [folder.as_str(), near].into_iter().chain(rest).filter(|part| !part.is_empty());
                let path = format!("/{}", path.collect::<Vec<_>>().join("/"));
                format!("did you mean {}?", quoted(&path))
            });
            return (label.unwrap_or_else(|| "nothing there".to_owned()), help(rule, &folder, &there));
        }
        ("nothing there".to_owned(), help(rule, &folder, &[]))
    }

    /// Whether there is such a path, or something below it.
    fn is_there(&self, path: &TreePath) -> bool {
        self.names.range(path..).next().is_some_and(|next| next.is_within(path))
    }

    /// What is in a folder.
    fn within(&self, folder: &str) -> Vec<&str> {
        let top = TreePath::new(folder).ok();
        let names = match &top {
            Some(top) => self.names.range(top..),
            None => self.names.range::<TreePath, _>(..),
        };
        let below = names.map(TreePath::as_str).map_while(|name| match folder {
            "" => Some(name),
            folder => name.strip_prefix(folder),
        });
        let mut there: Vec<&str> = below
            .map_while(|rest| if folder.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') })
            .filter_map(|rest| rest.split('/').next().filter(|name| !name.is_empty()))
            .collect();
        there.dedup();
        there
    }
}

impl Wrong {
    fn sentence(self, rule: &Rule, image: &str) -> String {
        let src = quoted(&rule.src);
        match self {
            // What is outside of what is taken is not looked at.
            Self::Nothing if rule.kind == ContentKind::Exclude => {
                format!("{src} leaves nothing out: nothing that is taken matches it")
            }
            Self::Nothing => format!("{src} matches nothing in the image `{image}`"),
            Self::NotTaken => format!("nothing of {src} goes into the package"),
            Self::LeftOut => format!("{src} leaves nothing out: no entry before it takes that"),
            Self::NoFile => format!("{src} matches no file in the image `{image}`"),
            Self::NoFolder => format!("{src} matches no folder in the image `{image}`"),
            Self::NoMode => format!("{src} matches no file that could get this mode"),
        }
    }
}

fn help(rule: &Rule, folder: &str, there: &[&str]) -> String {
    let mut help = if there.is_empty() {
        String::new()
    } else {
        let more = there.len().saturating_sub(SHOWN);
        let shown: Vec<String> = there.iter().take(SHOWN).map(|name| name.escape_debug().to_string()).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("in `/{folder}` there: {}{more}; ", listed(&shown))
    };
    if rule.kind == ContentKind::State && matches!(rule.pattern, Pattern::Path(_)) {
        help.push_str("an entry `type = \"dir\"` of the image's `contents` makes the folder; ");
    }
    help.push_str("`optional = true` is for what only some platforms have");
    help
}

/// The folder that must be looked at to say what is there instead of a path: the one that it is in.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    let fixed = path.trim_end_matches('/');
    fixed.rsplit_once('/').map(|(parent, _)| if parent.is_empty() { "/" } else { parent }).filter(|_| fixed != "/")
}
