//! A real daemon, driven through bollard: Docker Engine from API 1.40 (19.03) on, and Podman where it can do the same.
//!
//! This file only connects the trait to the work, which is one file a topic. Nothing outside this folder sees bollard's
//! types. It prints nothing, retries nothing and removes nothing by itself.

mod alive;
mod archive;
mod auth;
mod body;
mod build;
mod buildlog;
mod certs;
mod connect;
mod containers;
mod errors;
mod host;
mod images;
mod lines;
mod names;
mod registry;
mod run;
mod streams;
mod transfer;
mod wire;

#[cfg(test)]
mod live;

use std::{fs::File, time::Duration};

use async_trait::async_trait;

use super::{
    BuildSpec, ByteStream, ContainerId, ContainerInfo, ContainerSpec, Credentials, Engine, EngineError, EngineInfo,
    ExecSpec, ImageId, ImageInfo, ImportSpec, Labels, Output, Pulled, Pushed,
};
pub use auth::{IDENTITY_TOKEN_USER, Logins, credentials_for};
pub use certs::certificates_for;
pub use connect::Docker;
pub use host::Env;

#[async_trait]
impl Engine for Docker {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.describe().await
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageInfo>, EngineError> {
        images::inspect(self, reference).await
    }

    async fn images(&self, labels: &Labels) -> Result<Vec<ImageInfo>, EngineError> {
        images::list(self, labels).await
    }

    async fn pull(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pulled, EngineError> {
        transfer::pull(self, reference, credentials, out).await
    }

    async fn known_digest(
        &self,
        image: &ImageInfo,
        reference: &str,
        credentials: Option<Credentials>,
    ) -> Result<Option<String>, EngineError> {
        transfer::known_digest(self, image, reference, credentials).await
    }

    async fn import(&self, spec: ImportSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
        images::import(self, spec, out).await
    }

    async fn build(&self, spec: BuildSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
        build::build(self, spec, out).await
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        images::tag(self, image, reference).await
    }

    async fn remove_image(&self, reference: &str) -> Result<bool, EngineError> {
        images::remove(self, reference).await
    }

    async fn push(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pushed, EngineError> {
        transfer::push(self, reference, credentials, out).await
    }

    async fn create(&self, spec: ContainerSpec) -> Result<ContainerId, EngineError> {
        containers::create(self, spec).await
    }

    async fn start(&self, container: &ContainerId) -> Result<(), EngineError> {
        containers::start(self, container).await
    }

    async fn wait(&self, container: &ContainerId, out: &dyn Output) -> Result<i64, EngineError> {
        run::wait(self, container, out).await
    }

    async fn state(&self, container: &ContainerId) -> Result<Option<i64>, EngineError> {
        containers::state(self, container).await
    }

    async fn exec(&self, container: &ContainerId, spec: ExecSpec, out: &dyn Output) -> Result<i64, EngineError> {
        run::exec(self, container, spec, out).await
    }

    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), EngineError> {
        containers::stop(self, container, grace).await
    }

    async fn remove(&self, container: &ContainerId) -> Result<bool, EngineError> {
        containers::remove(self, container).await
    }

    async fn containers(&self, labels: &Labels) -> Result<Vec<ContainerInfo>, EngineError> {
        containers::list(self, labels).await
    }

    async fn upload(&self, container: &ContainerId, directory: &str, tar: File) -> Result<(), EngineError> {
        archive::upload(self, container, directory, tar).await
    }

    async fn download(&self, container: &ContainerId, path: &str) -> Result<Option<ByteStream>, EngineError> {
        archive::download(self, container, path).await
    }
}
