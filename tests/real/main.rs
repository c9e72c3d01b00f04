//! The whole job on a real engine: `examples/canopsis` is built once, and every test looks at what came out. Run by
//! `make real`; ignored otherwise, because it takes minutes and wants an engine.

mod faults;
mod house;
mod images;
mod packages;
mod push;
mod wheels;
