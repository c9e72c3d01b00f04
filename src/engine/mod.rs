//! The Docker daemon behind a small trait: [`Engine`]. `docker` drives a real one through bollard, `scripted` plays one
//! for tests. Nothing outside this folder knows bollard's types.

mod contract;
pub mod docker;
mod images;
mod insecure;
mod nobody;
#[cfg(feature = "scripted")]
pub mod scripted;

pub use contract::{
    BuildSpec, ByteStream, ContainerId, ContainerInfo, ContainerSpec, Credentials, Engine, EngineError, EngineInfo,
    ExecSpec, ImageId, ImageInfo, ImportSpec, Labels, Obstacle, Output, Progress, Pulled, Pushed, Silent,
};
pub use images::Images;
pub use insecure::Insecure;
pub use nobody::Nobody;
