//! What the reporter asks of the sinks that talk: live lines have to be moved on, put aside and taken away.

use std::time::Instant;

use crate::event::Sink;

/// A sink that talks to somebody.
pub(crate) trait TerminalSink: Sink {
    /// Called some times a second while the work goes on.
    fn tick(&self, now: Instant);

    /// Writes something else to the terminal, with live lines out of the way.
    fn aside(&self, write: &mut dyn FnMut());

    /// The end: nothing live is left on the terminal. May be called again.
    fn finish(&self);
}
