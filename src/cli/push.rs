//! `factory push`.

mod choice;
mod truth;

use std::{collections::BTreeMap, time::Instant};

use super::{
    context::{Context, DigestArgs},
    env,
    planned::{Planned, planned_for_registry},
    registry::{RegistryConnection, registry},
};
use crate::{
    diag::{Exit, Failure},
    event::{Event, Made},
    execute::{RunOptions, Session},
    names::Period,
    pipeline::Project,
    plan::Want,
    publish::{
        PushError, artifact,
        image::{self, Standing},
        release::{Entry, Release},
    },
    report::{ListColumn, ListKind, ListView},
    work,
};
use choice::Item;
pub(super) use choice::{package_place, wheel_place};

/// Push the images of a release to a registry, and keep their digests in `packages/release.json`
///
/// Pushes what was built: the images of the official platform, parents first. A tag that already names something else is
/// refused before anything is pushed. Layers that the registry has are not sent again, and a registry that is busy is asked again.
/// Credentials, credential helpers and identity tokens are those of the Docker configuration (`docker login`).
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::PUSH)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the command line")]
pub struct Args {
    /// Where to: host[:port][/path]; `[project] registry` of the recipe when not given
    #[arg(long, value_name = "REGISTRY", env = env::FACTORY_REGISTRY)]
    registry: Option<String>,
    /// Push the images of every chosen platform, not only those of the official one
    #[arg(long)]
    all_platforms: bool,
    /// Push the packages and wheelhouses of these platforms, too, as OCI artifacts; `factory pull` fetches them
    #[arg(long)]
    packages: bool,
    /// Push over a tag that the registry has for something else
    #[arg(long)]
    force: bool,
    /// Push what was built although the checkout has changes that no commit holds, or has changed since, or is not at the commit
    /// of the release's git tag
    #[arg(long)]
    allow_dirty: bool,
    /// Give up a push that makes no progress for so long, and try it once more; 10 minutes at most
    #[arg(long = "patience", value_name = "TIME", default_value = "10m")]
    idle_timeout: Period,
    /// Say what would be pushed, and push nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    digests: DigestArgs,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources(args.digests).await?;
    let registry = registry(args.registry.as_deref(), &project)?;
    let want = if args.packages { Want::All } else { Want::Only(work::image::GOAL) };
    let Planned { plan, engine, info, offline } = planned_for_registry(&project, want, context).await?;
    let plan = choice::as_signed(plan, &project);
    let _lock = context.lock(&project).await?;
    let mut session = context.session(&project, engine)?;
    session.options = RunOptions { idle_timeout: args.idle_timeout.duration(), offline, ..session.options };
    let platforms = choice::platforms(args.all_platforms, &project)?;
    let mut items = choice::images(&plan, &platforms, &project)?;
    context.until_stopped(choice::still_ours(&items, &session)).await?;
    context.until_stopped(truth::check(args.allow_dirty, &plan, &platforms, &project, &session)).await?;
    if args.packages {
        items.extend(choice::artifacts(&plan, &platforms, &project, &registry).await?);
    }
    if items.is_empty() {
        let failure = Failure::new(Exit::Usage, "there is nothing to push: the recipe makes no image here");
        return Err(if args.packages { failure } else { failure.help("`--packages` pushes packages and wheels, too") });
    }
    let way = RegistryConnection::to(registry, &info.insecure, context).await?;
    let standings = look(&items, &way).await?;
    if args.dry_run {
        context.reporter.print(view(&project.title(), &items, &standings, &way));
        return Ok(());
    }
    let taken: Vec<_> = standings
        .iter()
        .filter_map(|standing| if let Standing::Other(taken) = standing { Some(taken.clone()) } else { None })
        .collect();
    if !args.force && !taken.is_empty() {
        return Err(PushError::Taken(taken).into());
    }
    let cached = standings.iter().filter(|standing| matches!(standing, Standing::Same(_))).count();
    let to_run = items.len() - cached;
    context.events().emit(Event::Started { verb: "push", title: project.title(), cached, to_run });
    let started = Instant::now();
    let made = push(&items, &standings, &way, &project, &session).await?;
    context.events().emit(Event::Made { items: made, took: started.elapsed() });
    Ok(())
}

/// What the registry has under each name.
async fn look(items: &[Item], way: &RegistryConnection) -> Result<Vec<Standing>, Failure> {
    let mut standings = Vec::new();
    for item in items {
        standings.push(match item {
            Item::Image(push) => image::look(push, &way.registry, &way.client).await?,
            Item::Artifact(artifact) => artifact::look(artifact, &way.client).await?,
        });
    }
    Ok(standings)
}

/// Pushes one after the other, each noted when it is there.
async fn push(
    items: &[Item],
    standings: &[Standing],
    way: &RegistryConnection,
    project: &Project,
    session: &Session,
) -> Result<Vec<Made>, Failure> {
    let named = Release::new(
        project.name(),
        project.release.tag.as_str(),
        &project.release.release.to_string(),
        &project.stamp()?.revision,
    );
    let mut release = named.with_earlier(&project.folder).map_err(PushError::from)?;
    let mut rows = Vec::new();
    for (item, standing) in items.iter().zip(standings) {
        let made = match (item, standing) {
            (Item::Image(push), Standing::Same(digest)) => image::there(push, digest, &way.registry, session).await?,
            (Item::Image(push), _) => {
                image::push(push, &way.registry, way.credentials.as_ref(), &way.client, session).await?
            }
            (Item::Artifact(artifact), Standing::Same(digest)) => {
                artifact::there(artifact, digest, &session.services.events)
            }
            (Item::Artifact(artifact), _) => artifact::push(artifact, &way.client, &session.services.events).await?,
        };
        release.pushed.insert(made.name.clone(), entry(item, &made));
        release.write(&project.folder).map_err(PushError::from)?;
        rows.push(made);
    }
    Ok(rows)
}

fn entry(item: &Item, made: &Made) -> Entry {
    let (platform, digest) = (made.platform.clone(), made.digest.clone());
    match item {
        Item::Image(push) => {
            Entry { kind: "image".to_owned(), platform, digest, id: push.id.clone(), files: BTreeMap::new() }
        }
        Item::Artifact(artifact) => {
            let files = artifact.files.iter().map(|file| (file.name.clone(), file.sha256.to_string())).collect();
            Entry { kind: artifact.place.kind.word().to_owned(), platform, digest, id: String::new(), files }
        }
    }
}

fn view(title: &str, items: &[Item], standings: &[Standing], way: &RegistryConnection) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |(item, standing): (&Item, &Standing)| {
        let (state, digest) = match standing {
            Standing::Missing => ("to be pushed", "-"),
            Standing::Same(digest) => ("there already", digest.as_str()),
            Standing::Other(taken) => ("something else", taken.digest.as_str()),
        };
        let digest = digest.trim_start_matches("sha256:").chars().take(12).collect();
        vec![item.platform(), item.name(&way.registry), state.to_owned(), digest]
    };
    let missing = standings.iter().filter(|standing| **standing == Standing::Missing).count();
    ListView {
        title: format!("{title}, nothing was pushed"),
        columns: vec![
            column("platform", ListKind::Word),
            column("name", ListKind::Text),
            column("state", ListKind::Word),
            column("digest", ListKind::Word),
        ],
        rows: items.iter().zip(standings).map(row).collect(),
        summary: format!("{missing} of {} to be pushed", items.len()),
    }
}
