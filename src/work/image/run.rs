//! Images: a context is written from the plan's list, and BuildKit builds it.

pub(crate) mod layer;
mod starts;
mod workdir;

use std::{collections::BTreeMap, io::Read as _, sync::Arc};

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::{ImageWork, plan::context::PYTHON_FOLDER};
use crate::{
    check::{self, programs::line_ends, shebang::LONGEST_LINE},
    depends::elf::{Depth, Elf},
    engine::{BuildSpec, ImageId, ImageInfo, Labels, Silent},
    event::StepId,
    execute::{
        Records, Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError,
        context::{APT_TRUST, TarFile},
        owner,
        records::{blocking, noted},
        run::Product,
        settle,
        step_cache::with_names,
        told::Told,
        watched,
    },
    names::{Allowance, Concern, Sha256, Topic},
    plan::{ContextSource, Inputs, Record, Step, label},
    recipe::hierarchy::odd,
    sign::LOOKED_AT,
    source::wheelhouse::{Found, Wheelhouse},
    util::{
        folder::open_file,
        retry::Policy,
        toml::{Issue, Issues, Report, Source, quoted},
    },
    work::{Expected, package::run::accounts},
};

impl Run for ImageWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        watched(at, run(self, at)).boxed()
    }

    fn asked_anew(&self, _step: &Step, _record: Option<&Record>, session: &Session) -> Option<&'static str> {
        session.options.no_cache.then_some("asked for with --no-cache")
    }

    fn way_in<'a>(&'a self, at: StepContext<'a>, said: &'a [String]) -> BoxFuture<'a, Option<String>> {
        layer::way_in(self, at, said).map(Some).boxed()
    }

    fn as_image(&self) -> Option<&dyn RunImage> {
        Some(self)
    }

    fn as_looked_at(&self) -> Option<&dyn RunLookedAt> {
        None
    }

    fn as_shipped(&self) -> Option<&dyn RunShipped> {
        None
    }

    fn restore<'a>(
        &'a self,
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        restore(self, product, at).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected::default())
    }
}

impl RunImage for ImageWork {
    fn told(&self, session: &Session) -> Told {
        told(self, session)
    }

    fn relabel<'a>(
        &'a self,
        record: &'a Record,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        // What was said of it holds under other names, too.
        let same =
            |product| Product { warnings: record.warnings.clone(), projects: record.projects.clone(), ..product };
        relabel(self, record.image(), &record.output, at).map(move |made| Ok(made?.map(same))).boxed()
    }

    fn output_of(&self, image: &ImageInfo) -> String {
        output_of(image)
    }
}

/// Builds an image of the recipe.
async fn run(work: &ImageWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { session, .. } = at;
    let (judged, recipe) = (work.clone(), Arc::clone(&session.recipe));
    blocking(move || {
        can_run(&judged, &recipe)?;
        no_surprise(&judged, &recipe)
    })
    .await?;
    let context = context_of(work, at).await?;
    let labels = labels(work, at).await?;
    let built = build(context, work.tags.clone(), labels.clone(), at).await;
    let image = built.map_err(|error| accounts::said(work, at).or_else(|| idle(work, at)).unwrap_or(error))?;
    if let Err(error) = look_up(work, &image.id.0, at).await {
        owner::superseded(vec![image.id], session).await?;
        return Err(error);
    }
    name(&image, &work.tags, &labels, session).await?;
    let projects = if at.step.unread.is_some() { projects(at) } else { BTreeMap::new() };
    Ok(Product { projects, ..product(&image, &work.tags, labels) })
}

/// What is asked of an image before it gets the release's names.
async fn look_up(work: &ImageWork, image: &str, at: StepContext<'_>) -> Result<(), StepError> {
    accounts::look_up(work, image, at).await?;
    starts::look_up(work, image, at).await?;
    workdir::look_up(work, image, at).await
}

/// Puts the planned names and labels on an image that is there: an image of nothing but a `FROM` has the layers of the other
/// one, and is byte for byte what a build from the cache would give. `None` where the image is gone, or that did not work.
///
/// # Errors
/// When the daemon does not answer.
async fn relabel(work: &ImageWork, id: &str, output: &str, at: StepContext<'_>) -> Result<Option<Product>, StepError> {
    let StepContext { session, .. } = at;
    let Some(image) = session.services.engine.image(id).await? else { return Ok(None) };
    if output_of(&image) != output {
        return Ok(None);
    }
    // Dockerfiles know images by their names only.
    let known = image.tags.iter().find(|tag| work.tags.contains(tag)).or(image.tags.first());
    let Some(name) = known.or(work.tags.first()) else { return Ok(None) };
    if known.is_none() {
        owner::names(std::slice::from_ref(name), session).await?;
        session.services.engine.tag(id, name).await?;
    }
    let labels = labels(work, at).await?;
    let mut context = TarFile::new(work.epoch)?;
    context.bytes("Dockerfile", format!("FROM {name}\n").as_bytes(), 0o644, 0)?;
    let made = build(context, work.tags.clone(), labels.clone(), at).await?;
    if output_of(&made) != output {
        owner::superseded(vec![made.id], session).await?;
        return Ok(None);
    }
    self::name(&made, &work.tags, &labels, session).await?;
    Ok(Some(product(&made, &work.tags, labels)))
}

/// The versions that the project's own folders were built as: what the stage that builds them lists, else, where the engine had that
/// stage already, what was noted when it was made of the same files.
fn projects(at: StepContext<'_>) -> BTreeMap<String, String> {
    let StepContext { step, session, output, .. } = at;
    let built = output.wheels();
    if !built.is_empty() {
        return built.iter().map(|wheel| (wheel.distribution(), wheel.version().to_owned())).collect();
    }
    let folders = |inputs: &Inputs| -> Inputs {
        inputs.iter().filter(|(word, _)| word.starts_with(PYTHON_FOLDER)).map(|(a, b)| (a.clone(), b.clone())).collect()
    };
    match Records::for_project(&session.paths.project).load(&step.id) {
        Some(old) if folders(&old.inputs) == folders(&step.inputs) => old.projects,
        _ => BTreeMap::new(),
    }
}

/// An image that the store knows, with the names and labels that are wanted now. `None` where it has a label that cannot be taken
/// off.
async fn restore(work: &ImageWork, known: Product, at: StepContext<'_>) -> Result<Option<Product>, StepError> {
    let labels = labels(work, at).await?;
    let Some(id) = known.images.values().next().cloned() else { return Ok(None) };
    if known.labels == labels {
        let images = work.tags.iter().map(|tag| (tag.clone(), id.clone())).collect();
        let product = Product { images, ..known };
        return with_names(product, at.session).await;
    }
    if known.labels.keys().any(|name| !labels.contains_key(name)) {
        return Ok(None);
    }
    let (warnings, projects) = (known.warnings, known.projects);
    let made = relabel(work, &id, &known.output, at).await?;
    Ok(made.map(|product| Product { warnings, projects, ..product }))
}

/// Where an image's Dockerfile has the project's Python folders and the wheels, for messages.
fn told(work: &ImageWork, session: &Session) -> Told {
    let mut pairs = BTreeMap::new();
    for file in work.files.iter() {
        let Some((number, rest)) = file.path.strip_prefix("app/").and_then(|path| path.split_once('/')) else {
            continue;
        };
        let ContextSource::File(from, _) = &file.source else { continue };
        let Ok(from) = from.strip_prefix(&session.paths.project) else { continue };
        if let Some(folder) = from.to_str().and_then(|from| from.strip_suffix(rest)) {
            let folder = folder.trim_end_matches('/');
            for place in ["/tmp/app", "/run/app"] {
                let here = if folder.is_empty() { "./".to_owned() } else { format!("{folder}/") };
                pairs.insert(format!("{place}/{number}/"), here);
                pairs.insert(
                    format!("{place}/{number}"),
                    if folder.is_empty() { ".".to_owned() } else { folder.to_owned() },
                );
            }
        }
    }
    let wheels = ["/run/wheels/", "/run/app/", "/run/seed/"].map(|place| (place.to_owned(), String::new()));
    // The longer ones first: one may begin like another.
    Told::new(pairs.into_iter().rev().chain(wheels))
}

/// What stands for the content of an image: its layers, whatever it says of itself. Where the engine does not tell them, it is the
/// image.
fn output_of(image: &ImageInfo) -> String {
    if image.layers.is_empty() {
        return image.id.0.clone();
    }
    format!("sha256:{}", Sha256::of(image.layers.join("\n")))
}

/// Nothing of the project goes into the image that is seldom meant, unless the recipe says so. What commands of a Dockerfile make
/// is not looked at.
fn no_surprise(work: &ImageWork, recipe: &Source) -> Result<(), StepError> {
    let mut found = Vec::new();
    for entry in work.files.iter() {
        let Some(path) = entry.path.strip_prefix("rootfs/") else { continue };
        let is_dir = matches!(entry.source, ContextSource::Dir);
        if is_dir || matches!(entry.source, ContextSource::File(..)) {
            found.extend(check::surprises::of_mode(path, entry.mode, is_dir));
        }
        if let ContextSource::File(from, _) = &entry.source {
            let file = open_file(from)?;
            let mut start = Vec::new();
            file.take(LOOKED_AT).read_to_end(&mut start)?;
            found.extend(check::surprises::of_bytes(path, &start, None));
        }
    }
    found.extend(odd_places(work));
    // What it starts with is looked for when it is built.
    let asked = &[Topic::Surprise, Topic::Unit, Topic::File];
    judge((work, recipe), &found, &work.allow, asked)
}

/// Places in folders that no system has: the plan has said those that are slips, and only warned; here they are held against what is
/// allowed.
fn odd_places(work: &ImageWork) -> Vec<check::Finding> {
    let of = |path: &str| check::Finding::new(Concern::OddPlace, path.trim_matches('/'), "is no folder of a system");
    let folders = work.files.iter().filter_map(|entry| odd(entry.path.strip_prefix("rootfs")?));
    let folders = folders.map(|odd| of(&odd.folder));
    folders.chain(work.homes.iter().filter(|home| odd(home).is_some()).map(|home| of(home))).collect()
}

fn judge(
    (work, recipe): (&ImageWork, &Source),
    found: &[check::Finding],
    allow: &[Allowance],
    asked: &[Topic],
) -> Result<(), StepError> {
    let (whose, paths) = (work.name.as_str(), check::Paths::Absolute);
    let shipped = check::Shipped { whose, recipe: Some(recipe), paths, asked };
    // Nothing of these only warns.
    check::judge(found, allow, &shipped).refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// The project's own programs among the contents are for this machine and no newer libc, and may be executed, or the recipe says why
/// not. What comes into a virtualenv is asked for while the image is built.
fn can_run(work: &ImageWork, recipe: &Source) -> Result<(), StepError> {
    let (mut found, mut idle) = (Vec::new(), Vec::new());
    let named = line_ends::paths_in(&work.dockerfile).collect();
    for entry in work.files.iter() {
        if let (Some(path), ContextSource::File(from, _)) = (entry.path.strip_prefix("rootfs/"), &entry.source) {
            let mut start = Vec::new();
            open_file(from)?.take(LONGEST_LINE).read_to_end(&mut start)?;
            idle.extend(check::programs::not_executable(path, entry.mode, &start));
            idle.extend(line_ends::windows(path, entry.mode, &start, &named));
            if let Ok(Some(elf)) = Elf::read(std::io::BufReader::new(open_file(from)?), Depth::Names) {
                found.push((path.to_owned(), elf));
            }
        }
    }
    let mut lacks = check::programs::of_files(found, &work.host);
    lacks.extend(idle);
    // What `allow` has beyond these may be about the virtualenv, where it is looked at there.
    let is_ours = |one: &&Allowance| !one.check.is_of_virtualenv() || lacks.iter().any(|lack| lack.is_meant_by(one));
    let allow: Vec<_> = work.allow.iter().filter(is_ours).cloned().collect();
    judge((work, recipe), &lacks, &allow, &[Topic::Program])
}

/// Builds what comes before an instruction that failed: all of it is in the builder's cache. The image has no name, and the labels
/// of a container of the step.
pub(crate) async fn build_until(dockerfile: &str, work: &ImageWork, at: StepContext<'_>) -> Result<ImageId, StepError> {
    let StepContext { step, session, .. } = at;
    let work = ImageWork { dockerfile: dockerfile.to_owned(), ..work.clone() };
    let spec = BuildSpec {
        context: context_of(&work, at).await?.finish()?,
        dockerfile: "Dockerfile".to_owned(),
        tags: Vec::new(),
        labels: session.labels(&step.id),
        args: session.network.proxies.clone(),
        target: String::new(),
        no_cache: false,
    };
    Ok(session.services.engine.build(spec, &Silent).await?)
}

/// The context with the wheels that the image is made of.
async fn context_of(work: &ImageWork, at: StepContext<'_>) -> Result<TarFile, StepError> {
    let StepContext { records, session, .. } = at;
    let mut houses = [("wheels", &work.wheels, None), ("seed", &work.seed, None)];
    for (_, needed, house) in &mut houses {
        if let Some(id) = needed {
            *house = Some(wheelhouse(id, noted(records, id)?, at).await?);
        }
    }
    context(work, houses.map(|(name, _, house)| (name, house)), session).await
}

pub(crate) fn product(image: &ImageInfo, tags: &[String], labels: Labels) -> Product {
    // The short id, as `docker images` shows it.
    let id = image.id.0.trim_start_matches("sha256:");
    let note = id.get(..12).unwrap_or(id).to_owned();
    Product {
        warnings: Vec::new(),
        projects: BTreeMap::new(),
        index: None,
        output: output_of(image),
        labels,
        images: tags.iter().map(|tag| (tag.clone(), image.id.0.clone())).collect(),
        root: None,
        files: Vec::new(),
        note,
        size: image.size,
    }
}

/// The wheelhouse of a finished step, checked again right before it is used.
pub(crate) async fn wheelhouse(id: &StepId, record: &Record, at: StepContext<'_>) -> Result<Wheelhouse, StepError> {
    let StepContext { step, session, .. } = at;
    let (wheel_dir, platform, key) = (session.paths.wheel_dir.clone(), step.platform.to_string(), record.key.clone());
    match blocking(move || Ok(Wheelhouse::find(&wheel_dir, &platform, &key)?)).await? {
        // The very wheels that the record is of: whoever can write there can write a manifest, too.
        Found::Whole(wheelhouse) if wheelhouse.digest().to_string() == record.output => Ok(wheelhouse),
        _ => Err(StepError::Contents {
            message: format!("the wheels of {id} changed while the run was under way"),
            help: "run the same command again".to_owned(),
        }),
    }
}

/// The context: what the plan lists, and this platform's wheels. Wheels are mounted, never copied into a layer.
async fn context(
    work: &ImageWork,
    houses: [(&'static str, Option<Wheelhouse>); 2],
    session: &Session,
) -> Result<TarFile, StepError> {
    let (work, session) = (work.clone(), session.clone());
    blocking(move || {
        let mut context = TarFile::new(work.epoch)?;
        context.bytes("Dockerfile", work.dockerfile.as_bytes(), 0o644, 0)?;
        trust(&mut context, &session)?;
        for entry in work.files.iter() {
            context.entry(entry)?;
        }
        for (folder, house) in houses.iter().filter_map(|(folder, house)| Some((folder, house.as_ref()?))) {
            for wheel in &house.manifest.wheels {
                let name = wheel.file.as_str();
                context.file(&format!("{folder}/{name}"), &house.folder.join(name), &wheel.sha256, 0o644)?;
            }
        }
        Ok(context)
    })
    .await
}

/// Trusted certificates, for the steps that fetch: mounted, never copied into a layer.
pub(crate) fn trust(context: &mut TarFile, session: &Session) -> Result<(), StepError> {
    if let Some(ca) = &session.network.ca {
        context.bytes("trust/apt.conf", APT_TRUST.as_bytes(), 0o644, 0)?;
        context.bytes("trust/ca.pem", ca, 0o644, 0)?;
    }
    Ok(())
}

/// The label of the base image's digest (OCI image-spec, annotations).
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// The planned labels, and the base image's digest. No digest that no registry has, and none that is another image's: what
/// an image would have from its parent is emptied.
pub(crate) async fn labels(work: &ImageWork, at: StepContext<'_>) -> Result<Labels, StepError> {
    let StepContext { records, session, .. } = at;
    let mut labels = work.labels.clone();
    let parent = noted(records, &work.parent)?;
    let mut digest = parent.root.as_ref().and_then(|root| root.digest.clone());
    if digest.is_none() {
        let image = session.services.engine.image(parent.image()).await?;
        digest = image.filter(|image| image.labels.contains_key(BASE_DIGEST)).map(|_| String::new());
    }
    labels.extend(digest.map(|digest| (BASE_DIGEST.to_owned(), digest)));
    Ok(labels)
}

/// Builds an image that has no name yet: one that is refused must not have the release's. `tags` are those that it will get.
///
/// # Errors
/// When it cannot be built, or somebody else's image has one of the names.
pub(crate) async fn build(
    context: TarFile,
    tags: Vec<String>,
    labels: Labels,
    at: StepContext<'_>,
) -> Result<ImageInfo, StepError> {
    let StepContext { session, output, .. } = at;
    let context = context.finish()?;
    let spec = |no_cache| -> std::io::Result<BuildSpec> {
        Ok(BuildSpec {
            context: context.try_clone()?,
            dockerfile: "Dockerfile".to_owned(),
            tags: Vec::new(),
            labels: labels.clone(),
            args: session.network.proxies.clone(),
            target: String::new(),
            no_cache,
        })
    };
    free(&tags, &labels, session).await?;
    let mut retry = Policy::LOST_LAYER.begin();
    let mut built = session.services.engine.build(spec(session.options.no_cache)?, output).await;
    while let Err(error) = &built
        && error.is_lost_layer()
        && let Some(wait) = retry.next(None)
    {
        let again = "the disks were synchronised, and it is built again with the cache";
        session.services.events.warn(format!("{error}: a known fault of the engine; {again}"));
        settle().await;
        if !wait.over(&session.services.cancel).await {
            return Err(StepError::Interrupted);
        }
        built = session.services.engine.build(spec(false)?, output).await;
    }
    let id = built.map_err(|error| refused(&output.tail()).unwrap_or_else(|| error.into()))?;
    output.settled();
    Records::for_project(&session.paths.project).note_image(&id.0)?;
    let unknown = || StepError::Internal(format!("the daemon built {} and then did not know {id}", tags.join(", ")));
    let image = session.services.engine.image(&id.0).await?.ok_or_else(unknown)?;
    // Its labels say whose an image is.
    match labels.iter().find(|(name, value)| image.labels.get(*name) != Some(value)) {
        Some((label, _)) => Err(StepError::Unlabelled { name: tags.join(", "), label: label.clone() }),
        None => Ok(image),
    }
}

/// Gives an image its names, and removes what has lost its last one by that.
///
/// # Errors
/// When somebody else's image has one of them by now, or the daemon does not answer.
pub(crate) async fn name(
    image: &ImageInfo,
    tags: &[String],
    labels: &Labels,
    session: &Session,
) -> Result<(), StepError> {
    free(tags, labels, session).await?;
    let mut before = Vec::new();
    for tag in tags {
        before.extend(session.services.engine.image(tag).await?.map(|image| image.id));
        session.services.engine.tag(&image.id.0, tag).await?;
    }
    before.retain(|old| *old != image.id);
    owner::superseded(before, session).await
}

/// Refuses names that somebody else's images have. A base has one name for all projects on the daemon.
async fn free(tags: &[String], labels: &Labels, session: &Session) -> Result<(), StepError> {
    if labels.get(label::KIND).is_some_and(|kind| kind == "base") {
        return Ok(());
    }
    owner::names(tags, session).await
}

/// An entry of `allow` that nothing in the virtualenv needs, where our own script ended the build with it: at its line.
fn idle(work: &ImageWork, at: StepContext<'_>) -> Option<StepError> {
    const MARK: &str = "`allow` has an entry that nothing needs: ";
    let tail = at.output.tail();
    let said = tail.iter().filter_map(|line| line.split_once(MARK)).map(|(_, entry)| entry.trim());
    let mut issues = Issues::default();
    for (check, path) in said.filter_map(|entry| entry.split_once(" at ")) {
        let is_it = |one: &&Allowance| one.check.as_str() == check && one.path == path;
        let Some(one) = work.allow.iter().find(is_it) else { continue };
        let issue = Issue::new(&one.at, format!("nothing needs this entry of `allow`: {check} at {}", quoted(path)));
        issues.add(issue.label("for nothing").help("take the entry out, or mend its `check` or `path`"));
    }
    let issues = issues.into_sorted();
    // What is missing beside it is the news.
    let is_alone = !tail.iter().any(|line| line.contains("cannot be loaded: "));
    (is_alone && !issues.is_empty()).then(|| StepError::Reported {
        message: format!("`allow` of the image `{}` has what nothing needs", work.name),
        report: Box::new(Report::new(at.session.recipe.as_ref().clone(), issues)),
    })
}

/// What our own script found wrong with what goes into the virtualenv, where that ended the build.
fn refused(tail: &[String]) -> Option<StepError> {
    const ENDS: [(&str, &str); 2] = [
        (" module of the project does not compile: ", "compiled "),
        (" modules of the project do not compile: ", "compiled "),
    ];
    // `#9 ` is BuildKit's number of the instruction.
    let bare = |line: &'_ String| match line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest.trim().to_owned(),
        _ => line.trim().to_owned(),
    };
    let said: Vec<String> = tail.iter().map(bare).collect();
    ENDS.iter().find_map(|(mark, before)| {
        let at = said.iter().rposition(|line| line.contains(mark))?;
        let start = said[..at].iter().rposition(|line| line.starts_with(before)).map_or(0, |line| line + 1);
        let (sentence, help) = said[at].split_once(": ")?;
        let lines: Vec<&str> = said[start..at].iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let shown = lines.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" ");
        let more = lines.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" (and {more} more lines)") } else { String::new() };
        Some(StepError::Contents { message: format!("{sentence}: {shown}{more}"), help: help.to_owned() })
    })
}

/// So many lines of what is wrong are in an error.
const SHOWN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_script_refuses_is_the_error() {
        let tail = "#9 installed 1 wheels from app\n#9 compiled 3 files\n#9 File \"/opt/x/a.py\", line 1\n#9     x = = 1\n\
                    #9 SyntaxError: invalid syntax\n#9 1 module of the project does not compile: mend it\n#9 ERROR: exit code: 1";
        let tail: Vec<String> = tail.lines().map(str::to_owned).collect();
        let Some(StepError::Contents { message, help }) = refused(&tail) else { panic!("no error of ours") };
        assert_eq!(
            message,
            "1 module of the project does not compile: File \"/opt/x/a.py\", line 1 x = = 1 SyntaxError: invalid syntax"
        );
        assert_eq!(help, "mend it");
        assert!(refused(&tail[..2]).is_none());
    }
}
