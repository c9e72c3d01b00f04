//! The way to the daemon.

use std::sync::Arc;

use super::env;
use crate::{
    diag::Failure,
    engine::{Engine, docker::Docker},
};

/// The daemon that the environment names, else the local one. Not asked yet whether it answers.
///
/// # Errors
/// Exit code 3 when the environment names one that cannot be.
pub fn connect() -> Result<Arc<dyn Engine>, Failure> {
    #[cfg(feature = "scripted")]
    if let Some(script) = env::get(env::FACTORY_SCRIPTED_ENGINE) {
        let scripted = crate::engine::scripted::Scripted::load(std::path::Path::new(&script))?;
        return Ok(Arc::new(scripted));
    }
    Ok(Arc::new(Docker::connect(&env::get)?))
}
