//! Properties of plans: a change of an input changes the keys that depend on it and no others, an equal output ends it, and
//! neither order nor time changes anything.

mod files;
mod graphs;
