//! `factory` turns one recipe into container images, wheels and system packages for every platform a team supports. It
//! drives a Docker daemon, does again only what an input changed, and says why.
//!
//! The modules in floor order, an arrow never runs up: what a user types comes in at [`cli`], which walks
//! [`pipeline`]: a [`recipe`] and its [`platform`]s become a [`plan`]; [`execute`] runs it on an [`engine`]; the files of a
//! built container become a tree in [`stage`], are held against [`check`] and written by [`format`](mod@format), which [`sign`]s;
//! [`publish`] lists and pushes what was made, [`install_test`] installs it in a clean container, [`tag`] marks a release in its
//! repositories. Everything on the way is told
//! as [`event`]s, and only [`report`] prints.
#![forbid(unsafe_code)]

pub mod cli;
pub mod report;

pub mod install_test;
pub mod pipeline;
pub mod publish;
pub mod tag;

pub mod execute;

pub mod check;
pub mod format;
pub mod sign;

pub mod plan;

pub mod depends;

pub mod stage;
pub mod work;

pub mod engine;
pub mod source;

pub mod platform;
pub mod recipe;

pub mod diag;
pub mod event;
pub mod names;
pub mod unit;
pub mod util;
