//! [`Nobody`]: an engine that is not there, for plans that ask none.

use std::{fs::File, time::Duration};

use async_trait::async_trait;

use super::{
    BuildSpec, ByteStream, ContainerId, ContainerInfo, ContainerSpec, Credentials, Engine, EngineError, EngineInfo,
    ExecSpec, ImageId, ImageInfo, ImportSpec, Insecure, Labels, Output, Pulled, Pushed,
};

/// An engine that is not there: it answers nothing that it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Nobody {
    /// What stands for an engine on a machine of this kind.
    #[must_use]
    pub fn info_of(arch: &str) -> EngineInfo {
        EngineInfo {
            address: String::new(),
            version: String::new(),
            api: String::new(),
            arch: arch.to_owned(),
            buildkit: false,
            root: String::new(),
            cpus: 0,
            insecure: Insecure::default(),
            podman: false,
            containerd: false,
        }
    }
}

fn absent() -> EngineError {
    let reason = "none was asked for".to_owned();
    EngineError::Unreachable { address: "nowhere".to_owned(), reason, denied: false }
}

#[async_trait]
impl Engine for Nobody {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        Err(absent())
    }

    async fn image(&self, _reference: &str) -> Result<Option<ImageInfo>, EngineError> {
        Err(absent())
    }

    async fn images(&self, _labels: &Labels) -> Result<Vec<ImageInfo>, EngineError> {
        Err(absent())
    }

    async fn pull(
        &self,
        _reference: &str,
        _credentials: Option<Credentials>,
        _out: &dyn Output,
    ) -> Result<Pulled, EngineError> {
        Err(absent())
    }

    async fn known_digest(
        &self,
        _image: &ImageInfo,
        _reference: &str,
        _credentials: Option<Credentials>,
    ) -> Result<Option<String>, EngineError> {
        Err(absent())
    }

    async fn import(&self, _spec: ImportSpec, _out: &dyn Output) -> Result<ImageId, EngineError> {
        Err(absent())
    }

    async fn build(&self, _spec: BuildSpec, _out: &dyn Output) -> Result<ImageId, EngineError> {
        Err(absent())
    }

    async fn tag(&self, _image: &str, _reference: &str) -> Result<(), EngineError> {
        Err(absent())
    }

    async fn remove_image(&self, _reference: &str) -> Result<bool, EngineError> {
        Err(absent())
    }

    async fn push(
        &self,
        _reference: &str,
        _credentials: Option<Credentials>,
        _out: &dyn Output,
    ) -> Result<Pushed, EngineError> {
        Err(absent())
    }

    async fn create(&self, _spec: ContainerSpec) -> Result<ContainerId, EngineError> {
        Err(absent())
    }

    async fn start(&self, _container: &ContainerId) -> Result<(), EngineError> {
        Err(absent())
    }

    async fn wait(&self, _container: &ContainerId, _out: &dyn Output) -> Result<i64, EngineError> {
        Err(absent())
    }

    async fn state(&self, _container: &ContainerId) -> Result<Option<i64>, EngineError> {
        Err(absent())
    }

    async fn exec(&self, _container: &ContainerId, _spec: ExecSpec, _out: &dyn Output) -> Result<i64, EngineError> {
        Err(absent())
    }

    async fn stop(&self, _container: &ContainerId, _grace: Duration) -> Result<(), EngineError> {
        Err(absent())
    }

    async fn remove(&self, _container: &ContainerId) -> Result<bool, EngineError> {
        Err(absent())
    }

    async fn containers(&self, _labels: &Labels) -> Result<Vec<ContainerInfo>, EngineError> {
        Err(absent())
    }

    async fn upload(&self, _container: &ContainerId, _directory: &str, _tar: File) -> Result<(), EngineError> {
        Err(absent())
    }

    async fn download(&self, _container: &ContainerId, _path: &str) -> Result<Option<ByteStream>, EngineError> {
        Err(absent())
    }
}
