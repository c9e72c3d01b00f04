//! The recipe's `contents`, applied: what of the container is taken and what it becomes, and the project's own files.

use std::{os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use globset::GlobMatcher;

use crate::{
    execute::{Session, StepError},
    recipe::{Content, ContentKind, FileInfo},
    source::{
        project::{Found, SourceKind},
        taken::Taken,
    },
    stage::{Entry, Kind, Owner, Role, Tree, TreeError, TreePath},
    util::{
        pattern,
        toml::{Issue, Report, Span, quoted},
    },
};

/// The contents that speak of the container, in the recipe's order: a later one refines an earlier one.
pub struct Rules {
    rules: Vec<Rule>,
    /// Folders of the package that are made, and shipped empty.
    made: Vec<TreePath>,
}

/// One of them.
pub struct Rule {
    /// As written.
    pub src: String,
    /// Where that is in the recipe.
    pub at: Span,
    /// Whether it may match nothing.
    pub optional: bool,
    /// What it names.
    pub pattern: Pattern,
    /// Its type.
    pub kind: ContentKind,
    /// Its `file_info`.
    pub info: FileInfo,
    /// Where a folder or file goes, when not to its own path.
    moved: Option<(TreePath, TreePath)>,
}

/// A path, or a glob.
pub enum Pattern {
    Path(TreePath),
    Glob(GlobMatcher),
}

impl Pattern {
    /// The pattern of a `src`.
    pub fn parse(src: &str) -> Result<Self, StepError> {
        if !pattern::is_glob(src) {
            return Ok(Self::Path(TreePath::new(&pattern::plain(src))?));
        }
        let matcher = pattern::glob(src.trim_start_matches('/')).map_err(|error| StepError::Contents {
            message: format!("`{src}` is not a glob: {error}"),
            help: "`*` and `?` stop at `/`, `**` does not, `{a,b}` means either".to_owned(),
        })?;
        Ok(Self::Glob(matcher))
    }

    /// Whether it names exactly this path.
    pub fn names(&self, path: &TreePath) -> bool {
        match self {
            Self::Path(named) => named == path,
            Self::Glob(matcher) => matcher.is_match(path.as_str()),
        }
    }

    /// Whether it names this path or a folder above it.
    fn covers(&self, path: &TreePath) -> bool {
        match self {
            Self::Path(named) => path.is_within(named),
            Self::Glob(matcher) => {
                matcher.is_match(path.as_str()) || path.ancestors().any(|above| matcher.is_match(above.as_str()))
            }
        }
    }
}

impl Rule {
    /// Whether it names this path or a folder above it.
    pub fn covers(&self, path: &TreePath) -> bool {
        self.pattern.covers(path)
    }

    /// Whether it names exactly this path.
    pub fn names(&self, path: &TreePath) -> bool {
        self.pattern.names(path)
    }
}

impl Rules {
    /// The rules of a package's contents.
    pub fn from_contents(contents: &[Content]) -> Result<Self, StepError> {
        let container = contents.iter().filter(|content| {
            content.in_container() && !matches!(content.kind, ContentKind::Symlink | ContentKind::Dir)
        });
        let rules = container.map(rule).collect::<Result<_, _>>()?;
        let made = contents.iter().filter(|content| content.kind == ContentKind::State && content.src.is_empty());
        let made = made.map(|content| TreePath::new(&content.dst)).collect::<Result<_, _>>()?;
        Ok(Self { rules, made })
    }

    /// All of them, in the recipe's order.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a path is in a folder that is shipped empty.
    pub fn is_below_state(&self, path: &TreePath) -> bool {
        let states = || self.rules.iter().filter(|rule| rule.kind == ContentKind::State);
        let is_made = || {
            let place = self.moved(path).unwrap_or_else(|_| path.clone());
            self.made.iter().any(|state| place != *state && place.is_within(state))
        };
        path.ancestors().any(|above| states().any(|rule| rule.pattern.names(&above))) || is_made()
    }

    /// Gives an entry of the container its role, mode and owner.
    fn refine(&self, path: &TreePath, entry: &mut Entry) {
        for rule in &self.rules {
            let exact = rule.kind == ContentKind::State;
            if !(if exact { rule.pattern.names(path) } else { rule.pattern.covers(path) }) {
                continue;
            }
            let file = matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
            match (&rule.kind, &entry.kind) {
                (ContentKind::Config { noreplace, missingok }, _) if file => {
                    entry.role = Role::Config { noreplace: *noreplace, missingok: *missingok };
                }
                (ContentKind::Doc, _) if file => entry.role = Role::Doc,
                (ContentKind::License, _) if file => entry.role = Role::License,
                (ContentKind::State, Kind::Dir) => entry.role = Role::State,
                _ => {}
            }
            give(entry, &rule.info, file || exact);
        }
    }

    /// The place of a path of the container in the package.
    pub fn moved(&self, path: &TreePath) -> Result<TreePath, StepError> {
        for (from, to) in self.rules.iter().filter_map(|rule| rule.moved.as_ref()) {
            if let Some(rest) = path.as_str().strip_prefix(from.as_str()) {
                match rest.strip_prefix('/') {
                    Some(rest) => return Ok(TreePath::new(rest)?.below(to)?),
                    None if rest.is_empty() => return Ok(to.clone()),
                    None => {}
                }
            }
        }
        Ok(path.clone())
    }
}

fn rule(content: &Content) -> Result<Rule, StepError> {
    let pattern = Pattern::parse(&content.src)?;
    let moved = match &pattern {
        Pattern::Path(from) if !content.dst.is_empty() => {
            Some((from.clone(), TreePath::new(&content.dst)?)).filter(|(from, to)| from != to)
        }
        // What a glob finds keeps its path below the glob's fixed part.
        Pattern::Glob(_) if content.dst != content.src && !content.dst.is_empty() => {
            Some((TreePath::new(&pattern::parts(&content.src).0)?, TreePath::new(&content.dst)?))
        }
        _ => None,
    };
    Ok(Rule {
        src: content.src.clone(),
        at: content.at.clone(),
        optional: content.optional,
        pattern,
        kind: content.kind.clone(),
        info: content.info.clone(),
        moved,
    })
}

/// Applies `file_info`; a mode of files is not a mode of folders.
fn give(entry: &mut Entry, info: &FileInfo, mode: bool) {
    if let (Some(bits), true) = (info.mode, mode) {
        entry.mode = bits;
    }
    if let Some(owner) = &info.owner {
        owner.as_str().clone_into(&mut entry.owner.user);
    }
    if let Some(group) = &info.group {
        group.as_str().clone_into(&mut entry.owner.group);
    }
}

/// The package's tree: the container's files as the rules say, and the project's own.
pub fn compose(contents: &[Content], taken: &Tree, session: &Session, epoch: i64) -> Result<Tree, StepError> {
    let rules = Rules::from_contents(contents)?;
    let mut tree = Tree::new(taken.spool().clone());
    for (path, entry) in taken.iter() {
        let mut entry = entry.clone();
        rules.refine(path, &mut entry);
        if let Kind::Hardlink { target } = &entry.kind {
            entry.kind = Kind::Hardlink { target: rules.moved(target)? };
        }
        tree.add(rules.moved(path)?, entry)?;
    }
    let found = Taken::from_contents(contents, |src| Ok(Arc::new(session.paths.roots.matching(src)?))).right()?;
    for (content, found) in contents.iter().zip(found).filter(|(content, _)| of_project(content)) {
        add(&mut tree, content, &found, session, epoch).map_err(|error| twice(error, content, contents, session))?;
    }
    Ok(tree)
}

/// A file that an entry brings to the place of another one, at its line.
fn twice(error: StepError, content: &Content, contents: &[Content], session: &Session) -> StepError {
    let StepError::Tree(TreeError::Twice { path, first, .. }) = &error else { return error };
    let place = quoted(&format!("/{path}"));
    let is_link = content.kind == ContentKind::Symlink;
    let what = if is_link { format!("the link to {}", quoted(&content.src)) } else { quoted(&content.src) };
    let what = if content.src.is_empty() { "this entry".to_owned() } else { what };
    let message = format!("{what} brings {place}, which {first} brings, too");
    let help = if is_link {
        let (src, dst) = (&content.src, &content.dst);
        format!(
            "a link is made at `dst` and leads to `src`: if it was meant the other way round, write `src = \"{dst}\", dst = \"{src}\"`; \
             else leave the file out before it, by an entry of type `exclude`"
        )
    } else {
        "give it another `dst`, or leave the other one out: an entry of type `exclude` before it names that".to_owned()
    };
    let mut issue = Issue::new(&content.at, message).label("again here").help(help);
    // A file of the project is known by its own path.
    let is_first = |one: &&Content| {
        one.at != content.at && !one.src.is_empty() && Path::new(first).starts_with(pattern::parts(&one.src).0.as_ref())
    };
    if let Some(earlier) = contents.iter().filter(|one| of_project(one)).find(is_first) {
        issue = issue.also(&earlier.at, "first here");
    }
    let report = Report::new(session.recipe.as_ref().clone(), vec![issue]);
    StepError::Reported { message: format!("two entries bring {place}"), report: Box::new(report) }
}

fn of_project(content: &Content) -> bool {
    let is_made = matches!(content.kind, ContentKind::Symlink | ContentKind::Dir);
    is_made || (!content.in_container() && content.kind != ContentKind::Exclude)
}

fn add(tree: &mut Tree, content: &Content, found: &Found, session: &Session, epoch: i64) -> Result<(), StepError> {
    let role = match &content.kind {
        ContentKind::Config { noreplace, missingok } => Role::Config { noreplace: *noreplace, missingok: *missingok },
        ContentKind::Doc => Role::Doc,
        ContentKind::License => Role::License,
        ContentKind::State => Role::State,
        _ => Role::Plain,
    };
    let origin: Arc<str> = if content.src.is_empty() { "the recipe".into() } else { content.src.as_str().into() };
    let mtime = epoch;
    let entry = |kind, mode| {
        let mut entry = Entry { kind, mode, owner: Owner::root(), mtime, role, origin: Arc::clone(&origin) };
        give(&mut entry, &content.info, true);
        entry
    };
    match &content.kind {
        ContentKind::Dir | ContentKind::State => {
            return Ok(tree.add(TreePath::new(&content.dst)?, entry(Kind::Dir, 0o755))?);
        }
        ContentKind::Symlink => {
            let kind = Kind::Symlink { target: content.src.clone() };
            return Ok(tree.add(TreePath::new(&content.dst)?, entry(kind, 0o777))?);
        }
        _ => {}
    }
    let mut paths = Vec::new();
    for file in &found.files {
        let path = if found.is_single || file.relative.is_empty() {
            content.dst.clone()
        } else {
            format!("{}/{}", content.dst.trim_end_matches('/'), file.relative)
        };
        let path = TreePath::new(&path)?;
        let made = match &file.kind {
            // What has a role is a file.
            SourceKind::Symlink { .. } if found.is_single && content.kind != ContentKind::Files => {
                let mut file = session.paths.roots.open(Path::new(pattern::plain(&content.src).as_ref()))?;
                let mode = if file.metadata()?.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
                entry(tree.spool().append(&mut file)?, mode)
            }
            // The mode of an entry is one of files.
            SourceKind::Symlink { target } => {
                let kind = Kind::Symlink { target: target.clone() };
                Entry { role: Role::Plain, mode: file.mode, ..entry(kind, file.mode) }
            }
            SourceKind::File { .. } => entry(tree.spool().append(&mut file.open()?)?, file.mode),
            SourceKind::Folder => of_folder(tree, &path, entry(Kind::Dir, file.mode), &content.info, file.mode),
        };
        paths.push(format!("/{path}"));
        // One of a fetched source is known by its entry.
        let own = file.path.strip_prefix(&session.paths.project).ok().filter(|_| !content.src.starts_with('@'));
        let origin = own.map_or_else(|| Arc::clone(&origin), |own| own.to_string_lossy().into());
        tree.add(path, Entry { origin, ..made })?;
    }
    if content.is_owned() && !found.is_single {
        for folder in content.own_folders(paths.iter().map(String::as_str)) {
            let path = TreePath::new(&folder)?;
            if tree.get(&path).is_none() {
                let made = Entry { role: Role::Plain, mode: 0o755, ..entry(Kind::Dir, 0o755) };
                tree.add(path, made)?;
            }
        }
    }
    Ok(())
}

/// A folder of the project that has nothing in it: one that is there already stays what it is, but for what the entry says.
fn of_folder(tree: &Tree, path: &TreePath, fresh: Entry, info: &FileInfo, bits: u32) -> Entry {
    let mut entry = match tree.get(path) {
        Some(there) if there.kind == Kind::Dir => there.clone(),
        // The mode of an entry is one of files.
        _ => Entry { role: Role::Plain, mode: bits, ..fresh },
    };
    give(&mut entry, info, false);
    entry
}
