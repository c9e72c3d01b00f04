//! `BuildKit`'s status as lines.

use std::sync::Mutex;

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning};

use super::*;

#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<String>>,
    progress: Mutex<Vec<Progress>>,
}

impl Output for Kept {
    fn line(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }
}

/// A vertex with the times of its start and end in tenths of a second.
fn vertex(digest: &str, name: &str, started: Option<i32>, completed: Option<i32>) -> Vertex {
    let mut vertex = Vertex { digest: digest.into(), name: name.into(), ..Vertex::default() };
    if let Some(tenths) = started {
        let stamp = vertex.started.get_or_insert_default();
        (stamp.seconds, stamp.nanos) = (1_700_000_000, tenths * 100_000_000);
    }
    if let Some(tenths) = completed {
        let stamp = vertex.completed.get_or_insert_default();
        (stamp.seconds, stamp.nanos) = (1_700_000_000, tenths * 100_000_000);
    }
    vertex
}

fn log(vertex: &str, stream: i64, text: &[u8]) -> VertexLog {
    VertexLog { vertex: vertex.into(), stream, msg: text.to_vec(), ..VertexLog::default() }
}

fn told(messages: Vec<StatusResponse>) -> (Kept, BuildLog) {
    let (out, mut build) = (Kept::default(), BuildLog::default());
    for message in messages {
        build.take(message, &out);
    }
    build.finish(&out);
    (out, build)
}

fn of(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> StatusResponse {
    StatusResponse { vertexes, logs, ..StatusResponse::default() }
}

#[test]
fn a_build_reads_like_docker_builds() {
    let cached = Vertex { cached: true, ..vertex("a", "[1/2] FROM debian:12", Some(1), Some(1)) };
    let failed = Vertex { error: "exit code: 1".into(), ..vertex("b", "[2/2] RUN false", Some(2), Some(9)) };
    let (out, build) = told(vec![
        of(vec![vertex("a", "[1/2] FROM debian:12", None, None), vertex("b", "[2/2] RUN false", None, None)], vec![]),
        of(vec![cached], vec![]),
        of(vec![vertex("b", "[2/2] RUN false", Some(2), None)], vec![log("b", 1, b"first\nsec")]),
        of(vec![], vec![log("b", 2, "œuvre\n".as_bytes().get(..1).unwrap()), log("b", 1, b"ond\n")]),
        of(vec![failed], vec![log("b", 2, "œuvre".as_bytes().get(1..).unwrap())]),
    ]);
    assert_eq!(
        *out.lines.lock().unwrap(),
        [
            "#1 [1/2] FROM debian:12",
            "#1 CACHED",
            "#2 [2/2] RUN false",
            "#2 first",
            "#2 second",
            "#2 œuvre",
            "#2 ERROR: exit code: 1",
        ]
    );
    assert_eq!(build.failure(), Some(Failure { name: "[2/2] RUN false".into(), error: "exit code: 1".into() }));
    let progress: Vec<_> =
        out.progress.lock().unwrap().iter().map(|p| (p.done, p.total.unwrap(), p.what.clone())).collect();
    assert_eq!(progress.first().unwrap(), &(0, 2, String::new()));
    assert!(progress.contains(&(1, 2, "[2/2] RUN false".into())), "{progress:?}");
    assert_eq!(progress.last().unwrap().0, 2);
}

#[test]
fn a_vertex_that_runs_in_two_turns_ends_twice() {
    let (out, build) = told(vec![
        of(vec![vertex("a", "[2/2] COPY . /", Some(1), Some(2))], vec![]),
        of(vec![vertex("a", "[2/2] COPY . /", Some(1), Some(2))], vec![]),
        of(vec![vertex("a", "[2/2] COPY . /", Some(3), None)], vec![]),
        of(vec![vertex("a", "[2/2] COPY . /", Some(3), Some(8))], vec![]),
        // A turn that only looked at the result says nothing.
        of(vec![vertex("a", "[2/2] COPY . /", Some(9), Some(9))], vec![]),
    ]);
    assert_eq!(*out.lines.lock().unwrap(), ["#1 [2/2] COPY . /", "#1 DONE 0.1s", "#1 DONE 0.5s"]);
    assert_eq!(build.failure(), None);
}

#[test]
fn what_another_failure_stopped_is_not_the_failure() {
    let stopped = Vertex { error: "context canceled".into(), ..vertex("a", "[a 2/2] RUN sleep 9", Some(1), Some(3)) };
    let failed = Vertex { error: "exit code: 7".into(), ..vertex("b", "[b 2/2] RUN exit 7", Some(1), Some(4)) };
    let (out, build) = told(vec![of(vec![stopped, failed], vec![])]);
    assert!(out.lines.lock().unwrap().contains(&"#1 CANCELED".to_owned()));
    assert_eq!(build.failure().unwrap().name, "[b 2/2] RUN exit 7");
}

#[test]
fn exporting_is_told_once_a_part_and_warnings_once() {
    let part = |done: bool| VertexStatus {
        id: "exporting layers".into(),
        vertex: "e".into(),
        completed: done.then(Default::default),
        ..VertexStatus::default()
    };
    let warning = || VertexWarning { short: b"JSONArgsRecommended".to_vec(), ..VertexWarning::default() };
    let (out, _) = told(vec![
        of(vec![vertex("e", "exporting to image", Some(1), None)], vec![]),
        StatusResponse { statuses: vec![part(false), part(false)], warnings: vec![warning()], ..Default::default() },
        StatusResponse { statuses: vec![part(true)], warnings: vec![warning()], ..Default::default() },
    ]);
    assert_eq!(
        *out.lines.lock().unwrap(),
        ["#1 exporting to image", "#1 exporting layers", "WARNING: JSONArgsRecommended", "#1 exporting layers done",]
    );
}

#[test]
fn only_instructions_count() {
    let (out, _) = told(vec![of(
        vec![
            vertex("i", "[internal] load remote build context", Some(1), Some(2)),
            vertex("c", "copy /context /", Some(2), Some(3)),
            vertex("f", "[1/1] FROM debian", Some(3), Some(4)),
            vertex("e", "exporting to image", Some(4), None),
        ],
        vec![],
    )]);
    let last = out.progress.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.done, last.total, last.what.as_str()), (1, Some(1), "exporting to image"));
}

#[test]
fn bytes_of_a_transfer_are_progress() {
    let part =
        VertexStatus { id: "sha256:0".into(), vertex: "a".into(), current: 5, total: 10, ..VertexStatus::default() };
    let (out, _) = told(vec![StatusResponse {
        vertexes: vec![vertex("a", "[1/1] FROM debian", Some(1), None)],
        statuses: vec![part],
        ..Default::default()
    }]);
    let progress = out.progress.lock().unwrap();
    assert!(progress.iter().any(|p| p.bytes && p.done == 5 && p.total == Some(10)));
}

#[test]
fn a_name_of_many_lines_stays_one_line() {
    let (out, _) = told(vec![of(vec![vertex("a", "[2/2] RUN <<EOF (a,\x1b[2J...)\nb", Some(1), None)], vec![])]);
    assert_eq!(out.lines.lock().unwrap().len(), 1);
    assert!(!out.lines.lock().unwrap()[0].contains(['\n', '\x1b']));
}

#[test]
fn what_runs_is_told_and_not_what_began_last() {
    let (out, _) = told(vec![
        of(
            vec![vertex("a", "[1/2] FROM debian:12", Some(1), None), vertex("b", "[app 1/3] RUN make", Some(2), None)],
            vec![],
        ),
        of(vec![vertex("c", "[2/2] RUN true", Some(3), None)], vec![]),
        of(vec![vertex("c", "[2/2] RUN true", Some(3), Some(4))], vec![]),
        of(vec![vertex("b", "[app 1/3] RUN make", Some(2), Some(9))], vec![]),
        of(
            vec![
                vertex("a", "[1/2] FROM debian:12", Some(1), Some(9)),
                vertex("i", "[internal] load build context", Some(9), None),
            ],
            vec![],
        ),
    ]);
    let said: Vec<String> = out.progress.lock().unwrap().iter().map(|progress| progress.what.clone()).collect();
    assert_eq!(
        said,
        [
            "[app 1/3] RUN make",
            "[2/2] RUN true",
            "[app 1/3] RUN make",
            "[1/2] FROM debian:12",
            "[internal] load build context",
        ]
    );
}
