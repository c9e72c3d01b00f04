//! A server on this machine that behaves and misbehaves.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use super::*;

/// What a server answers to the requests that it gets one after the other, each on a connection of its own, and what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut text, mut buffer) = (String::new(), [0; 4096]);
                while !text.contains("\r\n\r\n") {
                    let got = stream.read(&mut buffer).unwrap();
                    text.push_str(std::str::from_utf8(&buffer[..got]).unwrap());
                }
                heard.lock().unwrap().push(text);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { port, asked }
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn fetcher() -> Fetcher {
    Fetcher::new(None, Events::none(), CancellationToken::new()).unwrap()
}

fn wanted(address: &str) -> Wanted<'_> {
    Wanted { address, accept: "*/*", most: 100 }
}

async fn file(address: &str, text: &str) -> Result<String, FetchError> {
    let mut to = tempfile::tempfile().unwrap();
    let size = fetcher().file(wanted(address), &Sha256::of(text), &mut to).await?;
    let mut found = String::new();
    std::io::Seek::rewind(&mut to).unwrap();
    to.read_to_string(&mut found).unwrap();
    assert_eq!(size, found.len() as u64);
    Ok(found)
}

#[tokio::test]
async fn a_file_comes_whole_or_not_at_all() {
    let cut = answer("200", "", "one").replace("length: 3", "length: 30");
    let server = Server::new(vec![answer("503", "retry-after: 0\r\n", "busy"), cut, answer("200", "", "one")]);
    assert_eq!(file(&server.at("/x"), "one").await.unwrap(), "one");
    assert_eq!(server.asked().len(), 3, "a busy server and a cut connection are asked again");

    let server = Server::new(vec![answer("200", "", "other")]);
    let error = file(&server.at("/x.whl"), "one").await.unwrap_err();
    assert!(matches!(error, FetchError::Digest { .. }), "{error}");
    assert_eq!(server.asked().len(), 1, "another file is no passing fault");
}

#[tokio::test]
async fn what_servers_refuse_is_said() {
    for (status, said) in
        [("401", "answers 401 to /x"), ("403", "answers 403"), ("404", "has no /x"), ("400", "answers 400")]
    {
        let server = Server::new(vec![answer(status, "", "")]);
        let error = file(&server.at("/x"), "").await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let server = Server::new(vec![answer("200", "", &"x".repeat(101))]);
    let error = file(&server.at("/x"), "").await.unwrap_err().to_string();
    assert!(error.contains("gives more than 100 bytes"), "{error}");
    for (address, said) in [
        ("http://files.example.org/x", "is to be asked without TLS"),
        ("ftp://files.example.org/x", "`ftp` is neither"),
        ("x", "an address that cannot be fetched from"),
    ] {
        assert!(file(address, "").await.unwrap_err().to_string().contains(said), "{address}");
    }
}

#[tokio::test]
async fn a_login_stays_with_its_server() {
    let other = Server::new(vec![answer("200", "", "one")]);
    let led = answer("302", &format!("location: {}\r\n", other.at("/there")), "");
    let server = Server::new(vec![led]);
    let address = server.at("/x").replace("//", "//anna:p%40ss@");
    assert_eq!(file(&address, "one").await.unwrap(), "one");
    // anna:p@ss
    assert!(server.asked()[0].to_lowercase().contains("authorization: basic yw5uytpwqhnz"), "{:?}", server.asked());
    assert!(!other.asked()[0].to_lowercase().contains("authorization"), "{:?}", other.asked());

    let circle = Server::new(vec![answer("302", "location: /x\r\n", ""); LED + 1]);
    let error = file(&circle.at("/x"), "").await.unwrap_err();
    assert!(matches!(error, FetchError::Led { .. }), "{error}");
}

#[tokio::test]
async fn a_page_need_not_be_there() {
    let server = Server::new(vec![answer("404", "", ""), answer("200", "content-type: Text/HTML\r\n", "<p>")]);
    assert!(fetcher().page(wanted(&server.at("/x"))).await.unwrap().is_none());
    let page = fetcher().page(wanted(&server.at("/x"))).await.unwrap().unwrap();
    assert_eq!((page.kind.as_str(), &page.bytes[..]), ("text/html", &b"<p>"[..]));
}
