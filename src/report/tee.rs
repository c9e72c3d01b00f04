//! Sinks made of sinks: one that passes events on to several, and one that takes secrets out before it passes them on.

use std::sync::Arc;

use crate::{
    event::{Event, Made, Sink},
    util::mask::Mask,
};

/// Passes each event to all sinks, in their order.
#[derive(Debug)]
pub struct Tee(Vec<Arc<dyn Sink>>);

impl Tee {
    /// A tee before these sinks.
    #[must_use]
    pub fn new(sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self(sinks)
    }
}

impl Sink for Tee {
    fn emit(&self, event: Event) {
        if let Some((last, others)) = self.0.split_last() {
            for sink in others {
                sink.emit(event.clone());
            }
            last.emit(event);
        }
    }
}

/// Takes secrets out of every text of an event. Step ids are made of checked names by the planner and stay as they are:
/// they lead to the log files.
#[derive(Debug)]
pub struct Masked {
    mask: Mask,
    inner: Arc<dyn Sink>,
}

impl Masked {
    /// A mask before this sink.
    #[must_use]
    pub fn new(mask: Mask, inner: Arc<dyn Sink>) -> Self {
        Self { mask, inner }
    }
}

impl Sink for Masked {
    fn emit(&self, mut event: Event) {
        each_text(&mut event, &mut |text| self.mask.apply(text));
        self.inner.emit(event);
    }
}

/// Passes every text to `edit`. Names all fields, so that a new one is not forgotten here.
fn each_text(event: &mut Event, edit: &mut dyn FnMut(&mut String)) {
    match event {
        Event::Started { verb: _, title, cached: _, to_run: _ } => edit(title),
        Event::StepStarted { step: _, title, why } => [title, why].into_iter().for_each(edit),
        Event::StepLog { step: _, line } => edit(line),
        Event::StepSettled { step: _ } => {}
        Event::StepProgress { step: _, what, done: _, total: _, bytes: _ } => edit(what),
        Event::StepFinished { step: _, outcome: _, took: _, note } => edit(note),
        Event::Notice { warning: _, text } => edit(text),
        Event::Made { items, took: _ } => {
            for Made { kind: _, platform, name, size: _, digest, took_ms: _ } in items {
                [platform, name, digest].into_iter().for_each(&mut *edit);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{sync::Mutex, time::Duration};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        event::{MadeKind, Outcome, StepId},
        names::PlatformId,
    };

    /// A sink that remembers.
    #[derive(Debug, Default)]
    pub(crate) struct Memory(Mutex<Vec<Event>>);

    impl Memory {
        pub(crate) fn take(&self) -> Vec<Event> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    impl Sink for Memory {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    /// One event of each kind, with this text wherever a text may be.
    fn events(text: &str) -> Vec<Event> {
        let step = StepId::new(&PlatformId::new("d-1").unwrap(), "c");
        let text = text.to_owned();
        let made = Made {
            kind: MadeKind::Image,
            platform: text.clone(),
            name: text.clone(),
            size: 1,
            digest: text.clone(),
            took_ms: None,
        };
        vec![
            Event::Started { verb: "build", title: text.clone(), cached: 0, to_run: 0 },
            Event::StepStarted { step: step.clone(), title: text.clone(), why: text.clone() },
            Event::StepLog { step: step.clone(), line: text.clone() },
            Event::StepSettled { step: step.clone() },
            Event::StepProgress { step: step.clone(), what: text.clone(), done: 0, total: None, bytes: false },
            Event::StepFinished { step, outcome: Outcome::Done, took: Duration::ZERO, note: text.clone() },
            Event::Notice { warning: true, text },
            Event::Made { items: vec![made.clone(), made], took: Duration::ZERO },
        ]
    }

    #[test]
    fn a_tee_passes_everything_to_all() {
        let sinks = [Arc::new(Memory::default()), Arc::new(Memory::default())];
        let tee = Tee::new(sinks.iter().map(|sink| Arc::clone(sink) as Arc<dyn Sink>).collect());
        for event in events("a") {
            tee.emit(event);
        }
        assert!(sinks.iter().all(|sink| sink.take().len() == 8));
        Tee::new(vec![]).emit(events("a").remove(0));
    }

    fn encoded(secret: &str) -> String {
        secret
            .bytes()
            .flat_map(|byte| ['%'].into_iter().chain(hex::encode([byte]).chars().collect::<Vec<_>>()))
            .collect()
    }

    proptest! {
        // The secrets hold a `!`, so none of them is a part of a key or value that is not a text.
        #[test]
        fn no_secret_survives_in_any_event(
            secrets in proptest::collection::vec("[a-zé@:/%]{1,4}![a-z*]{2,8}", 1..4),
            around in "[a-z:/@ ]{0,6}",
        ) {
            let memory = Arc::new(Memory::default());
            let masked = Masked::new(Mask::new(secrets.clone()), Arc::<Memory>::clone(&memory));
            for secret in &secrets {
                let encoded = encoded(secret);
                for event in events(&format!("{around}{secret}{around}{encoded} https://{around}{secret}@host")) {
                    masked.emit(event);
                }
            }
            for event in memory.take() {
                let json = serde_json::to_string(&event).unwrap();
                for secret in &secrets {
                    prop_assert!(!json.contains(secret), "{secret} is in {json}");
                    let encoded = encoded(secret);
                    prop_assert!(!json.contains(&encoded), "{encoded} is in {json}");
                }
            }
        }
    }
}
