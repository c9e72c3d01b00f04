//! Following transfers.

use std::sync::Mutex;

use super::*;

#[derive(Default)]
struct Kept(Mutex<Vec<String>>, Mutex<Vec<(u64, Option<u64>)>>);

impl Output for Kept {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, progress: Progress) {
        self.1.lock().unwrap().push((progress.done, progress.total));
    }
}

#[test]
fn the_digest_is_in_the_last_message() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    assert_eq!(pushed_digest(&format!("1.0: digest: {digest} size: 528")), Some(digest.clone()));
    assert_eq!(pushed_digest("The push refers to repository [127.0.0.1:5999/a]"), None);
    assert_eq!(pushed_digest("1.0: digest: sha256:00 size: 1"), None);
}

#[test]
fn bytes_of_all_layers_are_added_up_and_never_run_back() {
    let out = Kept::default();
    let mut layers = Layers::new("pulling layers");
    let detail = |current, total| ProgressDetail { current: Some(current), total: Some(total) };
    layers.follow(Some("a"), "Pulling fs layer", Some(&ProgressDetail::default()), &out);
    layers.follow(Some("a"), "Downloading", Some(&detail(10, 100)), &out);
    layers.follow(Some("b"), "Downloading", Some(&detail(5, 50)), &out);
    layers.follow(Some("a"), "Downloading", Some(&detail(100, 100)), &out);
    layers.follow(Some("a"), "Extracting", Some(&detail(1, 100)), &out);
    layers.follow(Some("a"), "Pull complete", None, &out);
    assert_eq!(*out.1.lock().unwrap(), [(10, Some(100)), (15, Some(150)), (105, Some(150))]);
    assert_eq!(*out.0.lock().unwrap(), ["a: Pull complete"]);
}

#[test]
fn tokens_and_passwords_go_in_their_own_fields() {
    let token = for_daemon(Credentials { user: IDENTITY_TOKEN_USER.into(), secret: "t".into() }, "r.io/a:1");
    assert_eq!((token.identitytoken.as_deref(), token.username), (Some("t"), None));
    let password = for_daemon(Credentials { user: "me".into(), secret: "p".into() }, "r.io/a:1");
    assert_eq!((password.username.as_deref(), password.password.as_deref()), (Some("me"), Some("p")));
    assert_eq!(password.serveraddress.as_deref(), Some("r.io"));
}
