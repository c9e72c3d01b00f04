//! The one entrance: chooses the sinks, hands out [`Events`], prints views, and leaves a tidy terminal.

use std::{
    borrow::Cow,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

use indicatif::ProgressDrawTarget;

use super::{
    clock::Clock,
    human::Human,
    json::{self, Json},
    logs::{LogDir, Logs},
    plain::Plain,
    settings::{Output, Settings, Verbosity},
    stream::Stream,
    tee::{Masked, Tee},
    terminal_sink::TerminalSink,
    view::View,
};
use crate::{
    event::{Events, Sink},
    util::{
        mask::Mask,
        terminal::{clean_lines, harmless},
    },
};

/// How often live lines move on.
const TICK: Duration = Duration::from_millis(100);
/// How often a terminal is drawn at most, in a second.
const FRAMES: u8 = 15;

/// What was meant for the caller did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Data was lost.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// Tells people and machines what happens. Dropping it ends it.
#[derive(Debug)]
pub struct Reporter {
    settings: Settings,
    mask: Mask,
    clock: Clock,
    data: Arc<Stream>,
    talk: Arc<Stream>,
    sink: Arc<dyn TerminalSink>,
    events: Events,
    ticking: Mutex<Option<mpsc::Sender<()>>>,
}

impl Reporter {
    /// A reporter on stdout and stderr. Step logs are kept where there is a project; `secrets` never appear anywhere.
    #[must_use]
    pub fn new(settings: Settings, project_dir: Option<&Path>, secrets: Vec<String>) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(FRAMES);
        let streams = (Arc::new(Stream::stdout()), Arc::new(Stream::stderr()));
        let reporter = Self::on(settings, project_dir, Mask::new(secrets), Clock::system(), streams, target);
        reporter.tick();
        reporter
    }

    /// A reporter on these streams: data and talk.
    pub(crate) fn on(
        settings: Settings,
        project_dir: Option<&Path>,
        mask: Mask,
        clock: Clock,
        (data, talk): (Arc<Stream>, Arc<Stream>),
        target: ProgressDrawTarget,
    ) -> Self {
        let logs = project_dir.map(LogDir::new);
        let sink = sink(&settings, logs.as_ref(), &clock, (&data, &talk), target);
        let mut sinks: Vec<Arc<dyn Sink>> = vec![];
        if let Some(dir) = logs {
            sinks.push(Arc::new(Logs::new(dir, clock.clone(), Arc::<dyn TerminalSink>::clone(&sink))));
        }
        sinks.push(Arc::<dyn TerminalSink>::clone(&sink));
        let events = Events::to(Arc::new(Masked::new(mask.clone(), Arc::new(Tee::new(sinks)))));
        Self { settings, mask, clock, data, talk, sink, events, ticking: Mutex::default() }
    }

    /// Where the work sends its events. Clones are cheap.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The mask of this run, to tell it secrets that are learnt later. Clones share them.
    #[must_use]
    pub fn mask(&self) -> Mask {
        self.mask.clone()
    }

    /// How it talks.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Prints an answer to stdout, in the form that was asked for.
    pub fn print(&self, mut view: impl View) {
        let is_shown = self.settings.output == Output::Human;
        view.each_text(&mut |text| {
            self.mask.apply(text);
            // JSON escapes it.
            if is_shown && let Cow::Owned(calm) = clean_lines(text) {
                *text = calm;
            }
        });
        let text = match self.settings.output {
            Output::Human => view.human(&self.settings.stdout_look()),
            Output::Json => json::view_line(&view, &self.clock),
        };
        self.data(text);
    }

    /// Passes bytes on to stdout as they are, in either form and unmasked: a file that was asked for, completions, a
    /// schema.
    pub fn data(&self, bytes: impl AsRef<[u8]>) {
        self.sink.aside(&mut || self.data.write(bytes.as_ref()));
    }

    /// Ends the live lines, then says a rendered error on stderr.
    pub fn error(&self, rendered: &str) {
        self.sink.finish();
        let text = self.mask.text(rendered);
        // Colours are drawn already, and JSON has none.
        let text = text.split_inclusive('\n').fold(String::new(), |all, line| match line.strip_suffix('\n') {
            Some(line) => all + &harmless(line, true) + "\n",
            None => all + &harmless(line, true),
        });
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.talk.write(format!("{text}{end}"));
    }

    /// Ends the live lines: nothing of them is left on the terminal. To be called before the process ends, also after
    /// an error or Ctrl-C; may be called again.
    ///
    /// # Errors
    /// [`ReportError`] if data for stdout was lost. A reader that closed its pipe is no error.
    pub fn finish(&self) -> Result<(), ReportError> {
        self.ticking.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.sink.finish();
        self.data.take_error().map_or(Ok(()), |error| Err(ReportError::Stdout(error)))
    }

    /// Moves live lines on until the end.
    fn tick(&self) {
        let (sender, ended) = mpsc::channel();
        let sink: Weak<dyn TerminalSink> = Arc::downgrade(&self.sink);
        // Without the thread the spinners stand still; that is all.
        let _ = thread::Builder::new().name("report".to_owned()).spawn(move || {
            while ended.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Some(sink) = sink.upgrade() else { return };
                sink.tick(Instant::now());
            }
        });
        *self.ticking.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.sink.finish();
    }
}

/// The sink that suits the settings.
fn sink(
    settings: &Settings,
    logs: Option<&LogDir>,
    clock: &Clock,
    (data, talk): (&Arc<Stream>, &Arc<Stream>),
    target: ProgressDrawTarget,
) -> Arc<dyn TerminalSink> {
    if settings.output == Output::Json {
        return Arc::new(Json::new(Arc::clone(data), clock.clone(), settings.verbosity));
    }
    if settings.tty
        && settings.verbosity != Verbosity::Quiet
        && let Some(human) = Human::new(target, Arc::clone(data), settings, logs.cloned())
    {
        return Arc::new(human);
    }
    Arc::new(Plain::new(Arc::clone(talk), Arc::clone(data), settings, logs.cloned()))
}

#[cfg(test)]
mod tests;
