//! `factory push`.

use super::{context::Context, env};
use crate::{
    build::Records,
    diag::{Exit, Failure},
    engine::docker::credentials_for,
    event::{Event, StepId},
    pipeline::Project,
    plan::{Plan, Want, Work},
    publish::registry::{Push, Registry, push},
};

/// Push the release's images of the official platform to a registry, and print their digests
///
/// Credentials are those of the Docker configuration (`docker login`).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to: host[:port][/path]; `[project] registry` of the recipe when not given
    #[arg(long, value_name = "REGISTRY", env = env::FACTORY_REGISTRY)]
    registry: Option<String>,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources().await?;
    let registry = registry(args, &project)?;
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, Want::Images)?;
    let _lock = context.lock(&project).await?;
    let session = context.session(&project, engine)?;
    let images = images(&plan, &project)?;
    let credentials = context.until_stopped(async { Ok(credentials_for(registry.host(), &env::get).await?) }).await?;
    if let Some(credentials) = &credentials {
        context.reporter.mask().hide(&credentials.secret);
    }
    let to_run = images.len();
    context.events().emit(Event::Started { verb: "push", title: project.title(), cached: 0, to_run });
    let started = std::time::Instant::now();
    let mut items = Vec::new();
    for image in &images {
        context.until_stopped(still_ours(image, &session)).await?;
        let pushed = push(image, &registry, credentials.clone(), session.engine.as_ref(), &session.events);
        items.push(tokio::select! {
            pushed = pushed => pushed?,
            () = context.cancel.cancelled() => {
                // The registry's name was only lent.
                let _ = session.engine.remove_image(&registry.name(&image.local)).await;
                return Err(Failure::new(Exit::Interrupted, "interrupted; the images so far are in the registry"));
            }
        });
    }
    context.events().emit(Event::Made { items, took: started.elapsed() });
    Ok(())
}

fn registry(args: &Args, project: &Project) -> Result<Registry, Failure> {
    let recipe = project.targets.first().and_then(|target| target.recipe.project.registry.clone());
    let text = args.registry.clone().or(recipe).ok_or_else(|| {
        Failure::new(Exit::Usage, "nothing says which registry to push to")
            .help("`--registry registry.example.org`, or `registry = \"…\"` in `[project]` of factory.toml")
    })?;
    Registry::new(&text).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// The images of the official platform with all their tags, parents first.
fn images(plan: &Plan, project: &Project) -> Result<Vec<Push>, Failure> {
    let official =
        project.targets.iter().find(|target| target.recipe.project.official.as_ref() == Some(&target.platform.id));
    let Some(official) = official else {
        return Err(Failure::new(
            Exit::Usage,
            "none of the chosen platforms is the official one, whose images are pushed",
        )
        .help("set `[project] official`, or choose it with `--platform`"));
    };
    let records = Records::of(&project.folder);
    let mut images = Vec::new();
    for step in plan.steps.iter().filter(|step| step.platform == official.platform.id) {
        let Work::Image(work) = &step.work else { continue };
        let record = records.load(&step.id);
        for tag in &work.tags {
            let Some(id) = record.as_ref().and_then(|record| record.images.get(tag)) else {
                return Err(Failure::new(Exit::StepFailed, format!("{tag} was not built yet"))
                    .help(format!("`factory build images --tag {}`", project.release.tag)));
            };
            let name = tag.replace(['/', ':'], "-");
            images.push(Push {
                step: StepId::new(&step.platform, &format!("push-{name}")),
                platform: step.platform.to_string(),
                local: tag.clone(),
                id: id.clone(),
            });
        }
    }
    Ok(images)
}

/// Refuses to push an image that is no longer the one that was built.
async fn still_ours(image: &Push, session: &crate::build::Session) -> Result<(), Failure> {
    match session.engine.image(&image.local).await? {
        Some(found) if found.id.0 == image.id => Ok(()),
        Some(_) => Err(Failure::new(Exit::StepFailed, format!("{} is not the image that was built", image.local))
            .help("`factory build images` makes it again")),
        None => Err(Failure::new(Exit::StepFailed, format!("{} is gone from the daemon", image.local))
            .help("`factory build images` makes it again")),
    }
}
