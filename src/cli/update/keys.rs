//! `factory keys update`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{HEADING, ends, root};
use crate::{
    cli::{context::Context, env, keys::file::write_new},
    diag::{Exit, Failure},
    publish::feed::update::{Feed, Keys, NewKey, ROOT, RoleChange, RootChange, Until, UpdateError, is_feed},
    report::{ListColumn, ListKind, ListView},
    util::clock,
};

/// What is typed, and what that does.
const EXAMPLES: &str = "\
Examples:
  factory keys update --feed /srv/updates --into keys
      A new feed: a root key, a targets key and an online key, and `update_root.json` for the updaters
  factory keys update --feed /srv/updates --into keys --root-keys 3 --root-threshold 2
      With three root keys, of which two have to sign
  factory keys update --feed /srv/updates --keys keys --into new --replace online
      Another online key, after a machine was lost
  factory keys update --feed /srv/updates --keys keys --renew
      The same keys, and a root that ends later";

/// Make an update feed with its keys, or give its roles other keys
///
/// Writes `root-ID.pem` and `targets-ID.pem`, which belong on a medium that lies in a safe place, `online-ID.pem`, which renews the feed each
/// day, and `update_root.json`, which updaters are installed with. Later calls write the next root: updaters that are behind follow one after
/// the other, each signed by the keys before it. Nothing is overwritten, and no key is encrypted.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The feed's folder
    #[arg(long, value_name = "DIR")]
    feed: PathBuf,
    /// Where new keys go
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// The role that gets new keys, of a feed that is there; several are separated by commas
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    replace: Vec<Role>,
    /// Write a root with the same keys that ends later
    #[arg(long)]
    renew: bool,
    /// Root keys to make; 1 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    root_keys: Option<u8>,
    /// How many of them have to sign; 1 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    root_threshold: Option<u8>,
    /// Targets keys to make; 1 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    targets_keys: Option<u8>,
    /// How many of them have to sign; 1 when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    targets_threshold: Option<u8>,
    /// Days until the root ends
    #[arg(long, value_name = "N", default_value = "365", value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// The keys of a feed that is there, files or folders: its root keys, and for a role whose word is renewed its keys; once for each
    #[arg(long, value_name = "PATH", env = env::FACTORY_UPDATE_KEYS, value_delimiter = ':', help_heading = HEADING)]
    keys: Vec<PathBuf>,
    /// The root that updaters are installed with; `update_root.json` beside the keys when not given
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    root: Option<PathBuf>,
}

/// A role that gets keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Says which keys there are.
    Root,
    /// Signs what is published.
    Targets,
    /// Signs snapshot and timestamp.
    Online,
}

/// How long what is signed again by new keys is good, in days: as `factory publish` has it.
const TARGETS_DAYS: u16 = 365;
const ONLINE_DAYS: u16 = 30;

/// Makes them.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    if is_feed(&args.feed) { change(args, context) } else { create(args, context) }
}

fn create(args: &Args, context: &Context) -> Result<(), Failure> {
    if !args.replace.is_empty() || args.renew {
        let option = if args.renew { "--renew" } else { "--replace" };
        let failure = Failure::new(
            Exit::Usage,
            format!("`{option}` is for a feed that is there, and `{}` is none", args.feed.display()),
        );
        return Err(failure.help("leave it out to make one"));
    }
    let kept = args.into.join(ROOT);
    if kept.exists() {
        let failure = Failure::new(Exit::Usage, format!("`{}` is there already", kept.display()));
        return Err(failure.help("it belongs to another feed: take another folder for the keys, `--into DIR`"));
    }
    let count = |keys: Option<u8>, threshold: Option<u8>| RoleChange {
        keys: keys.unwrap_or(1),
        threshold: threshold.unwrap_or(1),
    };
    let change = RootChange {
        expires: ends(clock::now(), args.days)?,
        root: Some(count(args.root_keys, args.root_threshold)),
        targets: Some(count(args.targets_keys, args.targets_threshold)),
        online: Some(count(None, None)),
    };
    let (new, root) = Feed::first(&change)?;
    write_keys(args, &new)?;
    Feed::create(&args.feed, &root)?;
    write_new(&kept, &root.bytes, 0o644)?;
    let rows = shown(args, &new)
        .chain([row("root for updaters", kept.display().to_string()), row("feed", args.feed.display().to_string())]);
    print(context, rows.collect(), format!("the root ends on {}", clock::day(change.expires.seconds())));
    Ok(())
}

fn change(args: &Args, context: &Context) -> Result<(), Failure> {
    if args.replace.is_empty() && !args.renew {
        return Err(UpdateError::IsFeed(args.feed.display().to_string()).into());
    }
    let root = root::read(args.root.as_deref(), root::some(&args.keys)?)?;
    let keys = Keys::read(&args.keys)?;
    let feed = Feed::open(&args.feed, &root)?;
    let now = clock::now();
    let change = RootChange {
        expires: ends(now, args.days)?,
        root: wanted(args, Role::Root, args.root_keys, args.root_threshold)?,
        targets: wanted(args, Role::Targets, args.targets_keys, args.targets_threshold)?,
        online: wanted(args, Role::Online, None, None)?,
    };
    let until = Until { targets: ends(now, TARGETS_DAYS)?, online: ends(now, ONLINE_DAYS)? };
    let (new, files) = feed.next_root(&change, keys, until)?;
    write_keys(args, &new)?;
    feed.write(&files)?;
    let version = feed.root().version + 1;
    let rows = shown(args, &new).collect();
    print(context, rows, format!("root {version} ends on {}", clock::day(change.expires.seconds())));
    Ok(())
}

/// The new keys of a role, where it gets some.
fn wanted(args: &Args, role: Role, keys: Option<u8>, threshold: Option<u8>) -> Result<Option<RoleChange>, Failure> {
    if args.replace.contains(&role) {
        return Ok(Some(RoleChange { keys: keys.unwrap_or(1), threshold: threshold.unwrap_or(1) }));
    }
    if keys.or(threshold).is_some() {
        let failure = Failure::new(Exit::Usage, "how many keys a role has changes only where it gets new ones");
        return Err(failure.help("name it: `--replace root` or `--replace targets`"));
    }
    Ok(None)
}

fn write_keys(args: &Args, new: &[NewKey]) -> Result<(), Failure> {
    new.iter().try_for_each(|key| write_new(&args.into.join(key.file_name()), key.pem().as_bytes(), 0o600))
}

fn row(what: &str, value: String) -> Vec<String> {
    vec![what.to_owned(), value]
}

fn shown(args: &Args, new: &[NewKey]) -> impl Iterator<Item = Vec<String>> {
    new.iter()
        .map(|key| row(&format!("{} key", key.role.word()), args.into.join(key.file_name()).display().to_string()))
}

fn print(context: &Context, rows: Vec<Vec<String>>, summary: String) {
    let column = |name, kind| ListColumn { name, kind };
    let columns = vec![column("what", ListKind::Word), column("value", ListKind::Text)];
    context.reporter.print(ListView { title: String::new(), columns, rows, summary });
}
