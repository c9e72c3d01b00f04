//! Files into and out of containers.

use std::io::Read as _;

use futures::TryStreamExt as _;

use super::*;

#[tokio::test]
async fn files_go_in_and_come_out() {
    let Some(live) = LiveEngine::open().await else { return };
    // Never started: no process is needed.
    let id = live.docker.create(live.spec(&["true"])).await.unwrap();
    let tar = tar(&[("deep/a.txt", "one\n"), ("deep/b.txt", "two\n")]);
    live.docker.upload(&id, "/opt", tar).await.unwrap();

    let stream = live.docker.download(&id, "/opt/deep").await.unwrap().unwrap();
    let bytes: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
    let bytes = bytes.concat();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let owner = entry.header().uid().unwrap();
        found.insert(entry.path().unwrap().display().to_string(), (text, owner));
    }
    assert_eq!(found.get("deep/a.txt"), Some(&("one\n".to_owned(), 1234)));
    assert_eq!(found.get("deep/b.txt").map(|(text, _)| text.as_str()), Some("two\n"));

    assert!(live.docker.download(&id, "/opt/nothing").await.unwrap().is_none());
    let nowhere = live.docker.upload(&id, "/no/such/folder", super::tar(&[("a", "b")])).await.unwrap_err();
    assert!(matches!(nowhere, EngineError::Refused { status: Some(404), .. }), "{nowhere:?}");
    let nobody = ContainerId("factory-test-nobody".into());
    let missing = live.docker.download(&nobody, "/opt").await.err().unwrap();
    assert!(matches!(missing, EngineError::Refused { status: Some(404), .. }), "{missing:?}");
    assert!(live.docker.remove(&id).await.unwrap());
}

#[tokio::test]
async fn a_whole_system_comes_out_as_a_stream() {
    let Some(live) = LiveEngine::open().await else { return };
    let id = live.docker.create(live.spec(&["true"])).await.unwrap();
    let stream = live.docker.download(&id, "/usr").await.unwrap().unwrap();
    let size = stream.try_fold(0_u64, async |sum, piece| Ok(sum + piece.len() as u64)).await.unwrap();
    assert!(size > 10 << 20, "{size} bytes");
    // A reader that loses interest harms nothing.
    drop(live.docker.download(&id, "/usr").await.unwrap());
    assert!(live.docker.remove(&id).await.unwrap());
}
