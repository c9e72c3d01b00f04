//! The client as the tuf-conformance suite asks for it (its CLIENT-CLI.md); docs/updates.md says how it is run, and what came of it.

use std::{
    error::Error,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Parser;
use factory_tuf::{Check, Client, Fetch, FetchError, Limits, METADATA, Remembered, TARGETS, TargetPath};
use factory_update::feed::{Feed, Patience};

#[derive(Debug, Parser)]
struct Args {
    #[arg(long)]
    metadata_dir: PathBuf,
    #[arg(long)]
    metadata_url: Option<String>,
    #[arg(long)]
    target_name: Vec<String>,
    #[arg(long)]
    target_base_url: Option<String>,
    #[arg(long)]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Init { root: PathBuf },
    Refresh,
    Download,
}

/// A feed whose two folders are at two addresses.
struct Two(Feed, Option<Feed>);

impl Fetch for Two {
    fn fetch(&mut self, path: &str) -> Result<Box<dyn Read + '_>, FetchError> {
        match path.split_once('/') {
            Some((METADATA, path)) => self.0.fetch(path),
            Some((TARGETS, path)) => self.1.as_mut().ok_or(FetchError::NotFound)?.fetch(path),
            _ => Err(FetchError::NotFound),
        }
    }
}

const ROLES: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let file = |role: &str| args.metadata_dir.join(format!("{role}.json"));
    if let What::Init { root } = &args.what {
        fs_err::copy(root, file("root"))?;
        return Ok(());
    }
    let url = args.metadata_url.as_deref().ok_or("--metadata-url is missing")?;
    let targets = args.target_base_url.as_deref().map(|url| Feed::at(url, Patience::default())).transpose()?;
    let mut feed = Two(Feed::at(url, Patience::default())?, targets);
    let [root, timestamp, snapshot, targets] = ROLES.map(|role| kept(&file(role)));
    let root = root?.ok_or("there is no root")?;
    let remembered = Remembered { root, timestamp: timestamp?, snapshot: snapshot?, targets: targets? };
    let mut client = Client::new(remembered, Limits::default())?;
    let done = client.refresh(&mut feed, jiff::Timestamp::now().as_second());
    let Remembered { root, timestamp, snapshot, targets } = client.remembered().clone();
    for (role, bytes) in ROLES.into_iter().zip([Some(root), timestamp, snapshot, targets]) {
        match bytes {
            Some(bytes) => fs_err::write(file(role), bytes)?,
            None if file(role).exists() => fs_err::remove_file(file(role))?,
            None => {}
        }
    }
    done?;
    for name in &args.target_name {
        download(&client, &mut feed, name, args.target_dir.as_deref().ok_or("--target-dir is missing")?)?;
    }
    Ok(())
}

fn kept(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if path.exists() { fs_err::read(path).map(Some) } else { Ok(None) }
}

fn download(client: &Client, feed: &mut Two, name: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let path = TargetPath::new(name)?;
    let targets = client.targets().ok_or("there are no targets")?;
    let target = targets.targets.get(&path).ok_or("there is no target of that name")?;
    let to = folder.join(name.replace('/', "_"));
    let is_it = |bytes: &[u8]| {
        let mut check = Check::new(target);
        check.update(bytes).and_then(|()| check.finish())
    };
    if kept(&to)?.is_some_and(|bytes| is_it(&bytes).is_ok()) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    feed.fetch(&client.place(&path, target))?.take(target.length + 1).read_to_end(&mut bytes)?;
    is_it(&bytes)?;
    Ok(fs_err::write(to, bytes)?)
}
