//! What a near store takes from a far one, and what becomes of its faults.

use std::sync::Mutex;

use futures::future::FutureExt as _;

use super::*;
use crate::{
    event::{Event, Sink},
    source::store::{
        Guard, Kind, Signer,
        tests::{Far, Fault, World, fetch, given, key},
    },
};

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(20);

/// What was warned of.
#[derive(Debug, Default)]
struct Warned(Mutex<Vec<String>>);

impl Sink for Warned {
    fn emit(&self, event: Event) {
        if let Event::Notice { warning: true, text } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

impl Warned {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A near store before a far one.
fn layered(world: &World, far: &Arc<Far>, idle_timeout: Duration) -> (Layered, Arc<Warned>) {
    let warned = Arc::new(Warned::default());
    let far = Arc::clone(far);
    (Layered::new(world.near(), far, idle_timeout, Events::to(Arc::clone(&warned) as Arc<dyn Sink>)), warned)
}

/// A far store that has `first` and `second` of every kind, and then this fault.
async fn filled(world: &World, mut far: Far, fault: Fault) -> Arc<Far> {
    for kind in Kind::ALL {
        for of in ["first", "second"] {
            world.put(&far, &key(kind, of), of.as_bytes()).await.unwrap();
        }
    }
    far.fault = fault;
    far.asked = 0.into();
    Arc::new(far)
}

fn asked(far: &Far) -> usize {
    far.asked.load(Ordering::Relaxed)
}

#[tokio::test]
async fn what_came_from_far_is_near_from_then_on() {
    let world = World::new();
    let far = filled(&world, world.far(), Fault::None).await;
    let (layered, warned) = layered(&world, &far, LONG);
    for kind in Kind::ALL {
        let key = key(kind, "first");
        assert!(layered.holds(&key).await.unwrap() && !world.near().holds(&key).await.unwrap());
        assert_eq!(given(&layered, &key).await, Some(b"first".to_vec()), "{kind:?}");
        let before = asked(&far);
        assert_eq!(given(&layered, &key).await, Some(b"first".to_vec()), "{kind:?}");
        assert!(layered.holds(&key).await.unwrap());
        assert_eq!(asked(&far), before, "{kind:?}: the far one is asked no more");
    }
    assert_eq!(warned.take(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_kept_is_kept_in_both() {
    let world = World::new();
    let far = Arc::new(world.far());
    let (layered, _) = layered(&world, &far, LONG);
    let key = key(Kind::Built, "a wheel");
    world.put(&layered, &key, b"wheel").await.unwrap();
    assert_eq!(given(&world.near(), &key).await, Some(b"wheel".to_vec()));
    assert_eq!(given(&*far, &key).await, Some(b"wheel".to_vec()));
}

#[tokio::test]
async fn the_first_failure_is_said_and_the_near_store_goes_on() {
    for (fault, says) in
        [(Fault::Away, "no route to it"), (Fault::Cut, "the connection was cut"), (Fault::Still, "said nothing for")]
    {
        let world = World::new();
        let far = filled(&world, world.far(), fault).await;
        let (layered, warned) = layered(&world, &far, SHORT);
        assert_eq!(given(&layered, &key(Kind::File, "first")).await, None, "{fault:?}");
        let [told] = &warned.take()[..] else { panic!("{fault:?}: not said once") };
        assert!(told.contains(says) && told.contains("the far store is not asked any more"), "{told}");
        let own = key(Kind::Built, "own");
        world.put(&layered, &own, b"own").await.unwrap();
        assert_eq!(given(&layered, &own).await, Some(b"own".to_vec()), "{fault:?}");
        assert!(!layered.holds(&key(Kind::Made, "first")).await.unwrap());
        assert_eq!(given(&layered, &key(Kind::File, "second")).await, None, "{fault:?}");
        assert_eq!((asked(&far), warned.take()), (1, Vec::new()), "{fault:?}");
    }
}

#[tokio::test]
async fn every_question_is_given_up_when_nothing_comes() {
    for of in ["holds", "keep"] {
        let world = World::new();
        let far = filled(&world, world.far(), Fault::Still).await;
        let (layered, warned) = layered(&world, &far, SHORT);
        match of {
            "holds" => assert!(!layered.holds(&key(Kind::File, "first")).await.unwrap()),
            _ => world.put(&layered, &key(Kind::File, "own"), b"own").await.unwrap(),
        }
        assert_eq!(warned.take().len(), 1, "{of}");
    }
}

#[tokio::test]
async fn other_bytes_and_another_keys_file_are_not_taken() {
    for fault in [Fault::Damaged, Fault::Lying] {
        for kind in Kind::ALL {
            let world = World::new();
            let far = filled(&world, world.far(), fault).await;
            let (layered, warned) = layered(&world, &far, LONG);
            for of in ["first", "second"] {
                let key = key(kind, of);
                assert_eq!(given(&layered, &key).await, None, "{fault:?} {kind:?}");
                assert!(!world.near().holds(&key).await.unwrap(), "{fault:?} {kind:?}");
            }
            let told = warned.take();
            assert!(told.len() == 1 && told[0].contains("it was not taken"), "{fault:?} {kind:?}: {told:?}");
            assert_eq!(asked(&far), 2, "one bad entry does not give it up");
        }
    }
}

#[tokio::test]
async fn nothing_becomes_believed_by_having_been_fetched() {
    let world = World::new();
    let unsigned = Far::new(vec![world.signer.public()], None);
    let other = Arc::new(Signer::new(&Signer::make().unwrap()).unwrap());
    // It believes its own key, which is not listed here.
    let others = Far::new(vec![other.public()], Some(other));
    for far in [unsigned, others] {
        let far = filled(&world, far, Fault::None).await;
        let (layered, warned) = layered(&world, &far, LONG);
        for kind in [Kind::Built, Kind::Product] {
            let key = key(kind, "first");
            assert_eq!(given(&layered, &key).await, None, "{kind:?}");
            assert!(!world.near().holds(&key).await.unwrap());
        }
        assert_eq!(warned.take().len(), 1);
        assert_eq!(given(&layered, &key(Kind::File, "first")).await, Some(b"first".to_vec()), "known by its digest");
    }
}

#[tokio::test]
async fn a_far_folder_is_not_believed_for_its_place() {
    let world = World::new();
    let far = Folder::new(world.root("far"), 1 << 20, world.guard());
    let key = key(Kind::Built, "first");
    world.put(&far, &key, b"first").await.unwrap();
    assert_eq!(given(&far, &key).await, Some(b"first".to_vec()), "it believes itself");
    let layered = Layered::new(world.near(), Arc::new(far), LONG, Events::none());
    assert_eq!(given(&layered, &key).await, None);
    assert!(!world.near().holds(&key).await.unwrap());
}

#[tokio::test]
async fn a_key_that_is_listed_no_more_takes_its_entries_along() {
    let world = World::new();
    let far = filled(&world, world.far(), Fault::None).await;
    let (layered, _) = layered(&world, &far, LONG);
    let key = key(Kind::Built, "first");
    assert!(given(&layered, &key).await.is_some());
    let unlisted = Folder::new(world.root("near"), 1 << 20, Guard { keys: Vec::new(), ..world.guard() });
    assert!(!unlisted.holds(&key).await.unwrap());
    let (fetched, None) = fetch(&unlisted, &key).await else { panic!("it is given") };
    let Fetched::Doubted(why) = fetched.unwrap() else { panic!("it is not said") };
    assert!(why.contains("FACTORY_STORE_KEYS"), "{why}");
    assert_eq!(fetch(&unlisted, &key).await.0.unwrap(), Fetched::Absent, "said once");
    // What is made here is believed again.
    world.put(&unlisted, &key, b"mine").await.unwrap();
    assert_eq!(given(&unlisted, &key).await, Some(b"mine".to_vec()));
}

#[tokio::test]
async fn a_damaged_near_entry_comes_from_far_and_is_said() {
    let world = World::new();
    let far = filled(&world, world.far(), Fault::None).await;
    let (layered, warned) = layered(&world, &far, LONG);
    let key = key(Kind::File, "first");
    assert!(given(&layered, &key).await.is_some());
    let content = world.root("near").join(key.to_string().replace('/', &format!("/{}/", &key.digest.as_str()[..2])));
    std::fs::write(content.join("content"), "other").unwrap();
    assert_eq!(given(&layered, &key).await, Some(b"first".to_vec()));
    assert!(matches!(&warned.take()[..], [told] if told.contains("the far store had it")));
    assert_eq!(given(&world.near(), &key).await, Some(b"first".to_vec()), "it is whole again");
}

#[tokio::test]
async fn who_does_not_wait_leaves_nothing_half() {
    let world = World::new();
    let far = filled(&world, world.far(), Fault::Still).await;
    let (layered, warned) = layered(&world, &far, LONG);
    let into = Shop::new(tempfile::tempdir().unwrap());
    let key = key(Kind::File, "first");
    let mut fetching = layered.fetch(&key, &into);
    while !into.path().join("content").exists() {
        assert!((&mut fetching).now_or_never().is_none());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(fetching);
    assert!(!into.path().join("content").exists() && !world.near().holds(&key).await.unwrap());
    assert_eq!(warned.take(), Vec::<String>::new());
}
