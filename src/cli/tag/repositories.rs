//! Which repositories `factory tag` is about, and who has the tags of each.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::Args;
use crate::{
    cli::{context::Context, env, session::ca_bundle},
    diag::{Exit, Failure},
    names::ApiUrl,
    recipe::{Place, RecipeFile},
    source::{
        git::Git,
        http::{Http, HttpError},
    },
    tag::{
        Action, Listed, Remote, TagBackend, TagError, TagRequest, TokenHosts, TokenSource, Trouble, forge_backend, ini,
    },
};

/// The repositories of the `catag.ini` that was named, else of the recipe.
pub(super) fn listed(args: &Args, context: &Context) -> Result<Listed, Failure> {
    if let (Some(file), Some(api)) = (&args.ini, &args.api) {
        return of_ini(file, api);
    }
    let file = RecipeFile::load(context.folder())?;
    if file.repositories().is_empty() {
        let failure = Failure::new(Exit::Usage, "the recipe names no repository to tag");
        return Err(failure.help("add a `[[repository]]` with `name`, `git` and `ref` to factory.toml"));
    }
    Ok(Listed { text: file.shown(), repositories: file.repositories().to_vec() })
}

fn of_ini(file: &Path, api: &str) -> Result<Listed, Failure> {
    let api = ApiUrl::new(api).map_err(|bad| Failure::new(Exit::Usage, format!("--api: {bad}")).help(bad.help))?;
    let text =
        ini::read(file).map_err(|error| Failure::new(Exit::Usage, "--ini: the file cannot be read").because(error))?;
    ini::parse(&file.display().to_string(), &text, &api)
        .map_err(|report| Failure::new(Exit::Usage, report.to_string()).showing(report))
}

/// Who has the tags of each repository, with tokens where a server wants one; or why it cannot be set.
///
/// # Errors
/// When this machine is not ready for any server.
pub(super) async fn backends<'g>(
    args: &Args,
    listed: &Listed,
    request: &TagRequest,
    context: &Context,
    git: &'g Git<'g>,
) -> Result<Result<Vec<Box<dyn TagBackend + 'g>>, Vec<Trouble>>, Failure> {
    let folder = fs_err::canonicalize(context.folder()).unwrap_or_else(|_| context.folder().to_owned());
    let signed = matches!(&request.action, Action::Create { note: Some(note), .. } if note.sign);
    let ca = ca_bundle()?;
    let setup = |error: HttpError| Failure::new(Exit::StepFailed, error.to_string());
    let http =
        Http::new(ca.as_ref().map(|ca| ca.as_slice()), context.events(), context.cancel.clone()).map_err(setup)?;
    let mut tokens = TokenSource {
        variable: &env::get,
        file: env::get(env::FACTORY_TOKEN_FILE).map(PathBuf::from),
        hosts: token_hosts(args)?,
        mask: context.reporter.mask(),
        owners: BTreeMap::new(),
    };
    let (mut backends, mut troubles) = (Vec::<Box<dyn TagBackend + 'g>>::new(), Vec::new());
    for (index, repository) in listed.repositories.iter().enumerate() {
        match &repository.place {
            Place::Git(url) => {
                let url = url.seen_from(&folder.to_string_lossy());
                // Before anything is asked: whoever tags a repository of this machine has to allow that.
                match git.host().local.may_push_to(&url) {
                    Ok(()) => backends.push(Box::new(Remote::new(&repository.name, url, git))),
                    Err(error) => troubles.push(Trouble { index, error: error.into() }),
                }
            }
            Place::Forge(_) if signed => troubles.push(Trouble { index, error: TagError::Unsigned }),
            Place::Forge(place) => match tokens.token(place, git).await {
                Ok(token) => backends.push(forge_backend(place, &token, &http)),
                Err(error) => troubles.push(Trouble { index, error: error.into() }),
            },
        }
    }
    Ok(if troubles.is_empty() { Ok(backends) } else { Err(troubles) })
}

/// The servers that the user named for tokens: `FACTORY_TOKEN_HOSTS` and the host of `--api`.
fn token_hosts(args: &Args) -> Result<TokenHosts, Failure> {
    let mut hosts = TokenHosts::read(&env::get(env::FACTORY_TOKEN_HOSTS).unwrap_or_default()).map_err(|bad| {
        let why = format!("FACTORY_TOKEN_HOSTS: {bad}");
        Failure::new(Exit::Usage, why)
            .help("`FACTORY_TOKEN_HOSTS=git.example.org`, or `TEAM_TOKEN=git.example.org` in it")
    })?;
    if let Some(api) = args.api.as_deref().and_then(|api| ApiUrl::new(api).ok()) {
        hosts.allow(api.host());
    }
    Ok(hosts)
}
