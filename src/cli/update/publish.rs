//! `factory publish` for update feeds.

use std::path::{Path, PathBuf};

use factory_tuf::{Says, TargetPath, Window};
use semver::Version;

use super::{HEADING, ends, root};
use crate::{
    cli::{context::Context, env},
    diag::{Exit, Failure},
    publish::feed::update::{
        Change, Choice, Feed, Keys, NewFile, Published, SOON, Until, is_known, meant, platform_of, remedy,
    },
    report::{ListColumn, ListKind, ListView, units},
    util::clock,
};

/// What `factory publish` has for update feeds.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "update_feed")]
pub struct Args {
    /// The keys that sign, files or folders, as `factory keys update` wrote them; once for each
    #[arg(long, value_name = "PATH", env = env::FACTORY_UPDATE_KEYS, value_delimiter = ':', help_heading = HEADING)]
    keys: Vec<PathBuf>,
    /// The root that updaters are installed with; `update_root.json` beside the keys when not given
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    root: Option<PathBuf>,
    /// The program's name, as updaters know it; the file's name without its ending when not given
    #[arg(long, value_name = "NAME", value_parser = word, help_heading = HEADING)]
    product: Option<String>,
    /// The machines that it is for, `linux-x86_64` or `windows-x86_64`; told by the file itself when not given
    #[arg(long = "for", value_name = "MACHINES", value_parser = machines, help_heading = HEADING)]
    machines: Option<String>,
    /// Who gets it, separated by commas; `stable` when not given
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = word, help_heading = HEADING)]
    channel: Vec<String>,
    /// To how many of a hundred machines it is rolled out; 100 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100), help_heading = HEADING)]
    percent: Option<u8>,
    /// The least version that can become this one at once
    #[arg(long, value_name = "VERSION", help_heading = HEADING)]
    minimum: Option<Version>,
    /// Hours of the day in UTC in which it may be installed, as in `22:00-06:00`
    #[arg(long, value_name = "HOURS", value_parser = window, help_heading = HEADING)]
    window: Option<Window>,
    /// Publish a file under this name; it is no release of a program
    #[arg(long = "as", value_name = "NAME", value_parser = path, help_heading = HEADING,
          conflicts_with_all = ["product", "machines", "channel", "percent", "minimum", "window"])]
    name: Option<TargetPath>,
    /// Say something else of a release that is there: with `--channel`, `--percent`, `--minimum` and `--window`
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["name", "withdraw", "refresh", "files"], help_heading = HEADING)]
    change: Option<Version>,
    /// Take a release back: nobody goes there any more
    #[arg(long, value_name = "VERSION", help_heading = HEADING,
          conflicts_with_all = ["name", "refresh", "files", "channel", "percent", "minimum", "window"])]
    withdraw: Option<Version>,
    /// Sign snapshot and timestamp again for longer, with the online key alone; the targets, too, where they end within 14 days and
    /// their keys are at hand
    #[arg(long, help_heading = HEADING,
          conflicts_with_all = ["name", "files", "product", "machines", "channel", "percent", "minimum", "window"])]
    refresh: bool,
    /// Days until snapshot and timestamp end; 30 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=365), help_heading = HEADING)]
    days: Option<u16>,
    /// Days until the targets end; 365 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650), help_heading = HEADING)]
    targets_days: Option<u16>,
}

impl Args {
    /// An option that was given. Keys may be in a variable, for whatever is published.
    #[must_use]
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--root", self.root.is_some()),
            ("--product", self.product.is_some()),
            ("--for", self.machines.is_some()),
            ("--channel", !self.channel.is_empty()),
            ("--percent", self.percent.is_some()),
            ("--minimum", self.minimum.is_some()),
            ("--window", self.window.is_some()),
            ("--as", self.name.is_some()),
            ("--change", self.change.is_some()),
            ("--withdraw", self.withdraw.is_some()),
            ("--refresh", self.refresh),
            ("--days", self.days.is_some()),
            ("--targets-days", self.targets_days.is_some()),
        ];
        given.into_iter().find_map(|(option, is)| is.then_some(option))
    }

    fn until(&self, now: i64) -> Result<Until, Failure> {
        Ok(Until { targets: ends(now, self.targets_days.unwrap_or(365))?, online: ends(now, self.days.unwrap_or(30))? })
    }
}

/// A word of a target's path: it becomes part of one, and names are compared as they are.
fn word(text: &str) -> Result<String, String> {
    match TargetPath::new(text) {
        Ok(path) if !text.contains('/') => Ok(path.as_str().to_owned()),
        _ => Err("letters, digits and `. _ - + ~`, neither begun nor ended with a dot".to_owned()),
    }
}

fn machines(text: &str) -> Result<String, String> {
    match meant(text) {
        Some(meant) => Err(format!("updaters call these machines `{meant}`")),
        None => word(text),
    }
}

fn path(text: &str) -> Result<TargetPath, String> {
    TargetPath::new(text).map_err(|error| error.to_string())
}

fn window(text: &str) -> Result<Window, String> {
    Window::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// Publishes into a feed.
pub fn run(files: &[PathBuf], into: &Path, args: &Args, context: &Context) -> Result<(), Failure> {
    let now = clock::now();
    let until = args.until(now)?;
    // What cannot be meant is said before a key is read.
    let new = if args.change.is_some() || args.withdraw.is_some() || args.refresh {
        Vec::new()
    } else {
        new_files(files, args, context)?
    };
    let change = change(args)?;
    let root = root::read(args.root.as_deref(), root::some(&args.keys)?)?;
    let keys = Keys::read(&args.keys)?;
    let mut feed = Feed::open(into, &root)?;
    if args.refresh {
        feed.refresh(&keys, until, now)?;
        refreshed(&feed, now, context);
        return Ok(());
    }
    let done = match &change {
        Some((choice, change)) => feed.change(choice, change, &keys, until)?,
        None => feed.publish(&new, &keys, until)?,
    };
    for doubt in &done.doubts {
        context.events().warn(doubt.clone());
    }
    context.reporter.print(view(&done));
    warn_of_ends(&feed, now, context);
    Ok(())
}

/// What is said of a release from now on.
fn change(args: &Args) -> Result<Option<(Choice, Change)>, Failure> {
    let Some(version) = args.change.clone().or_else(|| args.withdraw.clone()) else { return Ok(None) };
    let channels = Some(args.channel.clone()).filter(|channels| !channels.is_empty());
    let withdrawn = args.withdraw.is_some();
    let Args { percent, minimum, window, .. } = args.clone();
    let change = Change { channels, percent, minimum, window, withdrawn };
    if change == Change::default() {
        let failure = Failure::new(Exit::Usage, format!("nothing says what changes of release {version}"));
        return Err(
            failure.help("`--channel`, `--percent`, `--minimum` or `--window`; `--withdraw VERSION` takes it back")
        );
    }
    Ok(Some((Choice { version, product: args.product.clone(), platform: args.machines.clone() }, change)))
}

/// The files, with what is said of each.
fn new_files(files: &[PathBuf], args: &Args, context: &Context) -> Result<Vec<NewFile>, Failure> {
    let refuse = |why: String, help: &str| Err(Failure::new(Exit::Usage, why).help(help));
    match (files, &args.name) {
        ([], _) => {
            refuse("nothing says which file is published".to_owned(), "name it: `factory publish FILE --into DIR`")
        }
        ([file], Some(name)) => Ok(vec![NewFile { source: file.clone(), path: name.clone(), says: None }]),
        (_, Some(name)) => refuse(format!("two files cannot both be `{name}`"), "publish one after the other"),
        (files, None) => {
            let version = version(context)?;
            files.iter().map(|file| release(file, &version, args)).collect()
        }
    }
}

/// The version of `--tag`, which may begin with a `v` as git tags do.
fn version(context: &Context) -> Result<Version, Failure> {
    let Some(tag) = context.tag() else {
        let failure = Failure::new(Exit::Usage, "nothing says which version is published");
        return Err(failure.help("name it: `--tag 2.8.1`; `--as NAME` publishes a file that is no release"));
    };
    tag.strip_prefix('v').unwrap_or(tag).parse().map_err(|error| {
        let failure = Failure::new(
            Exit::Usage,
            format!("`{}` is no version of Semantic Versioning: {error}", tag.escape_debug()),
        );
        failure.help("three numbers, as in `--tag 2.8.1` or `--tag 2.9.0-beta.1`")
    })
}

fn release(file: &Path, version: &Version, args: &Args) -> Result<NewFile, Failure> {
    let shown = file.display();
    let refuse = |why: String, help: &str| Failure::new(Exit::Usage, why).help(help);
    let name =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let product = match &args.product {
        Some(product) => product.clone(),
        None => word(&name(file.file_stem())).map_err(|why| {
            refuse(format!("the name of `{shown}` cannot be a program's: {why}"), "name the program: `--product NAME`")
        })?,
    };
    let told = platform_of(file).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let platform = match (&args.machines, told) {
        (Some(machines), Some(told)) if *machines != told && is_known(machines) => {
            let why = format!("`{shown}` is a program for {told}, not for {machines}");
            return Err(refuse(why, "leave `--for` out: the file tells it"));
        }
        (Some(machines), _) => machines.clone(),
        (None, Some(told)) => told,
        (None, None) => {
            return Err(refuse(
                format!("`{shown}` does not tell which machines it is for"),
                "say it: `--for linux-x86_64` or `--for windows-x86_64`",
            ));
        }
    };
    let path = format!("{product}/{version}/{platform}/{}", name(file.file_name()));
    let path = TargetPath::new(path).map_err(|error| refuse(error.to_string(), "rename the file"))?;
    let channels = if args.channel.is_empty() { vec!["stable".to_owned()] } else { args.channel.clone() };
    let says = Says {
        product,
        platform,
        version: version.clone(),
        channels,
        percent: args.percent.unwrap_or(100),
        minimum: args.minimum.clone(),
        window: args.window,
        withdrawn: false,
    };
    Ok(NewFile { source: file.to_owned(), path, says: Some(says) })
}

fn view(done: &Published) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |(path, says): &(TargetPath, Option<Says>)| {
        let Some(says) = says else { return vec![path.to_string(), String::new(), String::new(), String::new()] };
        let who = if says.withdrawn { "withdrawn".to_owned() } else { format!("{} %", says.percent) };
        vec![path.to_string(), says.version.to_string(), says.channels.join(","), who]
    };
    let files = if done.total == 1 { "file" } else { "files" };
    let bytes = done.deltas.iter().map(|(_, bytes)| bytes).sum();
    let deltas = match done.deltas.len() {
        0 => String::new(),
        1 => format!(", with a delta of {}", units::size(bytes)),
        some => format!(", with {some} deltas of {} together", units::size(bytes)),
    };
    let what =
        if done.changed.is_empty() { "nothing new".to_owned() } else { format!("{} published", done.changed.len()) };
    ListView {
        title: String::new(),
        columns: vec![
            column("file", ListKind::Text),
            column("version", ListKind::Word),
            column("channels", ListKind::Word),
            column("machines", ListKind::Number),
        ],
        rows: done.changed.iter().map(row).collect(),
        summary: format!("{what}{deltas}, {} {files} in the feed", done.total),
    }
}

fn refreshed(feed: &Feed, now: i64, context: &Context) {
    let column = |name, kind| ListColumn { name, kind };
    let ends = feed.expiries();
    context.reporter.print(ListView {
        title: String::new(),
        columns: vec![column("role", ListKind::Word), column("ends", ListKind::Word)],
        rows: ends.iter().map(|(role, ends)| vec![(*role).to_owned(), clock::day(ends.seconds())]).collect(),
        summary: String::new(),
    });
    warn_of_ends(feed, now, context);
}

/// What cron sees each day is where an offline key that is needed soon is noticed in time.
fn warn_of_ends(feed: &Feed, now: i64, context: &Context) {
    let shown = feed.path().display().to_string();
    for (role, ends) in feed.expiries().into_iter().filter(|(_, ends)| ends.seconds() - now < SOON) {
        context.events().warn(format!(
            "the {role} of the feed ends on {}: {}",
            clock::day(ends.seconds()),
            remedy(role, &shown)
        ));
    }
}
