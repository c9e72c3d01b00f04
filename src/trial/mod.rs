//! Install tests.
