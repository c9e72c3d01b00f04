//! Which failures pass: real words of registries, package managers and pip.

use super::*;

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn passes(text: &str) -> bool {
    complaint(&lines(text).iter().collect::<Vec<_>>()).is_some()
}

fn registry(reason: &str) -> EngineError {
    EngineError::RegistryUnreachable { registry: "docker.io".into(), reason: reason.into() }
}

#[test]
fn registries() {
    let busy = EngineError::RegistryBusy { registry: "docker.io".into(), reason: "toomanyrequests".into() };
    assert!(of_engine(&busy).is_some());
    let reason = "toomanyrequests: You have reached your pull rate limit".to_owned();
    assert_eq!(of_engine(&EngineError::RegistryBusy { registry: "docker.io".into(), reason }), None);
    for reason in ["dial tcp 1.2.3.4:443: i/o timeout", "net/http: TLS handshake timeout", "unexpected EOF"] {
        assert!(of_engine(&registry(reason)).is_some(), "{reason}");
    }
    for reason in [
        "dial tcp: lookup r.example.org: no such host",
        "x509: certificate signed by unknown authority",
        "proxyconnect tcp: Proxy Authentication Required",
    ] {
        assert_eq!(of_engine(&registry(reason)), None, "{reason}");
    }
}

#[test]
fn what_is_decided_stays() {
    let refused = |status| EngineError::Refused { doing: "x".into(), status: Some(status), reason: "timed out".into() };
    for error in [
        EngineError::ImageNotFound { image: "a".into(), reason: "connection timed out".into() },
        EngineError::Lost { doing: "x".into(), reason: "connection reset by peer".into() },
        EngineError::Unreachable { address: "a".into(), reason: "timed out".into(), denied: false },
        EngineError::Io { doing: "x".into(), reason: "No space left on device".into() },
        refused(401),
        refused(500),
    ] {
        assert_eq!(of_engine(&error), None, "{error}");
    }
}

#[test]
fn mirrors_that_stumble() {
    for text in [
        "Err:1 http://deb.example.org bookworm InRelease\n  Temporary failure resolving 'deb.example.org'",
        "E: Failed to fetch http://deb.example.org/a.deb  503  Service Unavailable [IP: 1.2.3.4 80]",
        "E: Failed to fetch http://deb.example.org/Packages.xz  File has unexpected size (12 != 13). Mirror sync in progress?",
        "Could not connect to deb.example.org:80 (1.2.3.4), connection timed out",
        "  - Curl error (28): Timeout was reached for http://m.example.org/repodata/repomd.xml",
        "  - Status code: 503 for http://m.example.org/repodata/repomd.xml (IP: 1.2.3.4)",
        "http://m.example.org/repomd.xml: [Errno 14] curl#6 - \"Could not resolve host: m.example.org; Unknown error\"",
        "Timeout exceeded when accessing 'http://m.example.org/x.rpm'.",
        "WARNING: fetching https://m.example.org/main: temporary error (try again later)",
    ] {
        assert!(passes(text), "{text}");
    }
}

#[test]
fn mirrors_that_say_no() {
    for text in [
        "E: Failed to fetch http://deb.example.org/a.deb  404  Not Found [IP: 1.2.3.4 80]",
        "E: Unable to locate package libfoo",
        "  - Status code: 404 for http://m.example.org/repomd.xml\nTimeout was reached",
        "  - Curl error (60): SSL certificate problem: self signed certificate\ncould not connect to it",
        "E: Failed to fetch http://deb.example.org/a.deb  403  Forbidden\nConnection failed",
        "dpkg: error: write: No space left on device\nConnection timed out",
    ] {
        assert!(!passes(text), "{text}");
    }
}

#[test]
fn pip_that_gives_up() {
    let retry = |left| {
        format!(
            "WARNING: Retrying (Retry(total={left}, connect=None)) after connection broken by 'ReadTimeoutError(\"Read timed \
             out.\")': /simple/six/"
        )
    };
    let gone = "ERROR: Could not find a version that satisfies the requirement six (from versions: none)";
    assert!(passes(&format!("{}\n{}\n{gone}", retry(1), retry(0))));
    assert!(passes("ERROR: Could not install packages: HTTPSConnectionPool(host='x'): Max retries exceeded with url"));
    assert!(passes("urllib3.exceptions.IncompleteRead: IncompleteRead(1 bytes read, 9 more expected)"));
    // It went on after a stumble, and failed for another reason.
    assert!(!passes(&format!("{}\nERROR: No matching distribution found for six==99", retry(4))));
    assert!(!passes("Read timed out\n  ERROR: Failed building wheel for psutil"));
    assert!(!passes("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] Max retries exceeded"));
    assert!(!passes("ERROR: HTTP error 403 while getting https://x/six.whl\nConnection aborted"));
}

#[test]
fn pips_words_for_people() {
    let line = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<pip._vendor.\
                HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/";
    assert_eq!(cause_in(line), "pip: [Errno 111] Connection refused");
    assert_eq!(cause_in("#7 0.9 E: Connection failed"), "E: Connection failed");
    assert_eq!(cause_in("#5 E: Connection failed"), "E: Connection failed");
    let line = "WARNING: Retrying (Retry(total=0)) after connection broken by 'ReadTimeoutError(\"HTTPSConnectionPool(host='i', \
                port=443): Read timed out. (read timeout=15)\")': /simple/six/";
    assert_eq!(
        cause_in(line),
        "pip: ReadTimeoutError(\"HTTPSConnectionPool(host='i', port=443): Read timed out. (read timeout=15)"
    );
    assert_eq!(
        cause_in("  Temporary failure resolving 'deb.example.org'"),
        "Temporary failure resolving 'deb.example.org'"
    );
}

#[test]
fn only_the_instruction_that_failed_is_looked_at() {
    let said = lines(
        "#5 [2/4] RUN fetch\n#5 0.1 Connection timed out\n#7 [3/4] RUN make\n#7 0.2 make: *** [all] Error 1\n\
         #7 ERROR: exit code: 2",
    );
    assert_eq!(complaint(&of_failed_instruction(&said)), None);
    let said = lines("#5 0.1 Connection timed out\n#5 ERROR: exit code: 100");
    assert!(complaint(&of_failed_instruction(&said)).is_some());
}
