//! The methods of the played daemon: each notes its call, asks the rules, and else does what a daemon would.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{
    Scripted, archive, json,
    state::{self, Container, Image},
};
use crate::{
    engine::{
        BuildSpec, ByteStream, ContainerId, ContainerInfo, ContainerSpec, Credentials, Engine, EngineError, EngineInfo,
        ExecSpec, ImageId, ImageInfo, ImportSpec, Labels, Output, Progress, Pulled, Pushed, Silent,
    },
    names::ImageReference,
};

#[async_trait]
impl Engine for Scripted {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.call("info", "", &Silent).await?;
        Ok(self.script.engine.info(self.keeper.script()))
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageInfo>, EngineError> {
        self.call("image", &json(reference), &Silent).await?;
        self.keeper.with(|state, _| state.find(reference).map(Image::info))
    }

    async fn images(&self, labels: &Labels) -> Result<Vec<ImageInfo>, EngineError> {
        self.call("images", &format!("labels={}", json(labels)), &Silent).await?;
        self.keeper.with(|state, _| {
            state.images.iter().filter(|image| state::matches(&image.labels, labels)).map(Image::info).collect()
        })
    }

    async fn pull(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pulled, EngineError> {
        let user = credentials.map(|credentials| credentials.user);
        self.call("pull", &format!("{} user={}", json(reference), json(&user)), out).await?;
        let image = self.keeper.with(|state, _| {
            if let Some(image) = state.find(reference) {
                return image.info();
            }
            let made = || format!("sha256:{}", hex::encode(Sha256::digest(format!("manifest {reference}"))));
            let named = reference.rsplit_once('@').map(|(_, digest)| digest.to_owned());
            let by_digest = named.is_some();
            let digest = named.unwrap_or_else(made);
            let id = format!("sha256:{}", hex::encode(Sha256::digest(format!("pull {reference}"))));
            let repository = ImageReference::new(reference).repository();
            state.store(Image {
                tags: if by_digest { Vec::new() } else { vec![reference.to_owned()] },
                repo_digests: vec![format!("{repository}@{digest}")],
                size: 50_000_000,
                ..Image::new(id)
            })
        })?;
        let digest =
            image.repo_digests.iter().find_map(|name| name.rsplit_once('@')).map(|(_, digest)| digest.to_owned());
        Ok(Pulled { image, digest })
    }

    async fn known_digest(
        &self,
        image: &ImageInfo,
        reference: &str,
        credentials: Option<Credentials>,
    ) -> Result<Option<String>, EngineError> {
        let user = credentials.map(|credentials| credentials.user);
        match self.call("known_digest", &format!("{} user={}", json(reference), json(&user)), &Silent).await {
            // A registry that does not know it.
            Err(EngineError::ImageNotFound { .. }) => return Ok(None),
            called => called?,
        };
        Ok(image.repo_digests.iter().find_map(|name| name.rsplit_once('@')).map(|(_, digest)| digest.to_owned()))
    }

    async fn import(&self, spec: ImportSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
        let detail = format!("{} changes={}", json(&spec.reference), json(&spec.changes));
        self.call("import", &detail, out).await?;
        let (tar, size) = digest_of(spec.tar, "read the root file system")?;
        let id = state::id_of(&[&tar, json(&spec.changes).as_bytes()]);
        let labels = state::labels_of(&spec.changes);
        let image = Image { tags: vec![spec.reference], labels, size, ..Image::new(id) };
        self.keeper.with(|state, _| state.store(image).id)
    }

    async fn build(&self, spec: BuildSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
        let (files, dockerfile) = archive::names_and_text(&spec.context, &spec.dockerfile)?;
        let detail = format!(
            "tags={} dockerfile={} target={} no_cache={} args={} labels={} files={}",
            json(&spec.tags),
            json(&spec.dockerfile),
            json(&spec.target),
            spec.no_cache,
            json(&spec.args),
            json(&spec.labels),
            json(&files)
        );
        self.call("build", &detail, out).await?;
        let Some(dockerfile) = dockerfile else {
            let reason = format!("failed to read dockerfile: open {}: no such file or directory", spec.dockerfile);
            return Err(EngineError::Build { reason });
        };
        let (context, size) = digest_of(spec.context, "read the build context")?;
        // Another parent makes another image.
        let starts = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")?.split_whitespace().next());
        let starts: Vec<&str> = starts.collect();
        let parents = self.keeper.with(|state, _| {
            let layers_of = |name: &&str| match state.find(name) {
                Some(image) if !image.layers.is_empty() => image.layers.clone(),
                Some(image) => vec![image.id.clone()],
                // Another stage, or an image that was not played.
                None => vec![state::id_of(&[b"from", name.as_bytes()])],
            };
            starts.iter().map(layers_of).collect::<Vec<_>>()
        })?;
        // What an image is made of, but for its labels; without an instruction it is made of nothing more than its parent.
        let mut layers = parents.last().cloned().unwrap_or_default();
        if dockerfile
            .lines()
            .any(|line| !line.trim().is_empty() && !line.starts_with("FROM ") && !line.starts_with('#'))
        {
            let all = json(&(&parents, &spec.args, &spec.target));
            layers.push(state::id_of(&[dockerfile.as_bytes(), &context, all.as_bytes()]));
        }
        let id = state::id_of(&[json(&layers).as_bytes(), json(&spec.labels).as_bytes()]);
        out.line("#1 scripted build");
        out.progress(Progress { what: "scripted build".into(), done: 1, total: Some(1), bytes: false });
        out.line("#1 DONE 0.0s");
        let image = Image { tags: spec.tags, labels: spec.labels, size, layers, dockerfile, ..Image::new(id) };
        self.keeper.with(|state, _| state.store(image).id)
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        self.call("tag", &format!("{} {}", json(image), json(reference)), &Silent).await?;
        self.keeper.with(|state, _| {
            let mut found = state.find(image).cloned().ok_or_else(|| state::no_image("tag an image", image))?;
            found.tags.push(reference.to_owned());
            state.store(found);
            Ok(())
        })?
    }

    async fn remove_image(&self, reference: &str) -> Result<bool, EngineError> {
        self.call("remove_image", &json(reference), &Silent).await?;
        self.keeper.with(|state, _| state.remove_image(reference))?
    }

    async fn push(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pushed, EngineError> {
        let user = credentials.map(|credentials| credentials.user);
        self.call("push", &format!("{} user={}", json(reference), json(&user)), out).await?;
        self.keeper.with(|state, _| {
            let image = state.find_mut(reference).ok_or_else(|| state::no_image("push an image", reference))?;
            let manifest = state::manifest_of(&image.id);
            let digest = format!("sha256:{}", crate::names::Sha256::of(&manifest));
            state::deliver(self.keeper.script(), reference, &manifest)?;
            image.repo_digests.push(format!("{}@{digest}", ImageReference::new(reference).repository()));
            image.repo_digests.sort();
            image.repo_digests.dedup();
            Ok(Pushed { digest, sent: 1, there: 0 })
        })?
    }

    async fn create(&self, spec: ContainerSpec) -> Result<ContainerId, EngineError> {
        let id = self.keeper.with(|state, _| state.next_container())?;
        let detail = format!(
            "{id} image={} argv={} user={} network={} package_manager={} labels={}",
            json(&spec.image),
            json(&spec.argv),
            json(&spec.user),
            spec.network,
            spec.package_manager,
            json(&spec.labels)
        );
        self.call("create", &detail, &Silent).await?;
        self.keeper.with(|state, _| {
            state.find(&spec.image).ok_or_else(|| state::no_image("create a container", &spec.image))?;
            let container =
                Container { image: spec.image, argv: spec.argv, labels: spec.labels, ..Container::default() };
            state.containers.insert(id.clone(), container);
            Ok(ContainerId(id))
        })?
    }

    async fn start(&self, container: &ContainerId) -> Result<(), EngineError> {
        self.call("start", &self.of(container), &Silent).await?;
        self.keeper.with(|state, _| state.container(container).map(|found| found.running = true))?
    }

    async fn wait(&self, container: &ContainerId, out: &dyn Output) -> Result<i64, EngineError> {
        let then = self.call("wait", &self.of(container), out).await?;
        self.keeper.with(|state, _| {
            let found = state.container(container)?;
            if found.running {
                found.exit = then.exit.unwrap_or_default();
            }
            found.running = false;
            Ok(then.exit.unwrap_or(found.exit))
        })?
    }

    async fn state(&self, container: &ContainerId) -> Result<Option<i64>, EngineError> {
        let then = self.call("state", &container.0, &Silent).await?;
        let found = self.container(container)?;
        Ok(then.exit.or_else(|| (!found.running).then_some(found.exit)))
    }

    async fn exec(&self, container: &ContainerId, spec: ExecSpec, out: &dyn Output) -> Result<i64, EngineError> {
        let image = self.container(container).map(|found| found.image).unwrap_or_default();
        let detail = format!(
            "{container} argv={} user={} env={} workdir={} image={}",
            json(&spec.argv),
            json(&spec.user),
            json(&spec.env),
            json(&spec.workdir),
            json(&image)
        );
        let then = self.call("exec", &detail, out).await?;
        if self.container(container)?.running {
            return Ok(then.exit.unwrap_or_default());
        }
        let reason = format!("Container {container} is not running");
        Err(EngineError::Refused { doing: "run a command in a container".into(), status: Some(409), reason })
    }

    async fn stop(&self, container: &ContainerId, _grace: Duration) -> Result<(), EngineError> {
        self.call("stop", &container.0, &Silent).await?;
        self.keeper.with(|state, _| {
            let found = state.container(container)?;
            if found.running {
                (found.running, found.exit) = (false, 143);
            }
            Ok(())
        })?
    }

    async fn remove(&self, container: &ContainerId) -> Result<bool, EngineError> {
        self.call("remove", &container.0, &Silent).await?;
        self.keeper.with(|state, _| state.containers.remove(&container.0).is_some())
    }

    async fn containers(&self, labels: &Labels) -> Result<Vec<ContainerInfo>, EngineError> {
        self.call("containers", &format!("labels={}", json(labels)), &Silent).await?;
        self.keeper.with(|state, _| {
            let all = state.containers.iter().filter(|(_, found)| state::matches(&found.labels, labels));
            all.map(|(id, found)| ContainerInfo {
                id: ContainerId(id.clone()),
                labels: found.labels.clone(),
                running: found.running,
            })
            .collect()
        })
    }

    async fn upload(&self, container: &ContainerId, directory: &str, tar: File) -> Result<(), EngineError> {
        let (files, _) = archive::names_and_text(&tar, "")?;
        let detail = format!("{} directory={} files={}", self.of(container), json(directory), json(&files));
        self.call("upload", &detail, &Silent).await?;
        self.container(container).map(drop)
    }

    async fn download(&self, container: &ContainerId, path: &str) -> Result<Option<ByteStream>, EngineError> {
        // Paths are matched as they are written, without the quotes of JSON.
        let detail = format!("{} path={path}", self.of(container));
        let then = self.call("download", &detail, &Silent).await?;
        self.container(container)?;
        let found = archive::of(&then.archive, path, self.keeper.script())?;
        Ok(found.map(|mut bytes| {
            let lost = EngineError::Lost { doing: "reading files".into(), reason: "unexpected end of file".into() };
            let breaks = then.breaks_after.filter(|whole| *whole < bytes.len());
            bytes.truncate(breaks.unwrap_or(bytes.len()));
            futures::stream::iter(archive::pieces(bytes).chain(breaks.map(|_| Err(lost)))).boxed()
        }))
    }
}

/// The digest and size of a file of ours, read from its start.
fn digest_of(mut file: File, doing: &str) -> Result<(Vec<u8>, u64), EngineError> {
    let failed = |error: std::io::Error| EngineError::Io { doing: doing.to_owned(), reason: error.to_string() };
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => return Ok((hash.finalize().to_vec(), size)),
            read => {
                hash.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
}
