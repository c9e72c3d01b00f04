//! A feed in memory, its keys, and ways to tamper with it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use factory_tuf::{
    Client, Fetch, FetchError, File, Limits, PublicKey, Remembered, Repository, RootPlan, Seals, Sign, SigningKey,
    TargetFile, TargetPath, Time, TufError,
};
use serde_json::{Value, json};

/// 2026-11-15T00:00:00Z, when the feed of these tests is followed.
pub const NOW: i64 = 1_794_700_800;
pub const DAY: i64 = 86_400;

/// The key of a number: the same in each run.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32]).unwrap()
}

pub fn time(seconds: i64) -> Time {
    Time::new(seconds).unwrap()
}

/// The numbers of the keys of each role, and the threshold.
#[derive(Debug, Clone)]
pub struct Numbers {
    pub root: (Vec<u8>, u64),
    pub targets: (Vec<u8>, u64),
    pub snapshot: (Vec<u8>, u64),
    pub timestamp: (Vec<u8>, u64),
    pub expires: i64,
}

impl Default for Numbers {
    fn default() -> Self {
        let one = |number| (vec![number], 1);
        Self { root: (vec![1, 2], 2), targets: one(3), snapshot: one(4), timestamp: one(5), expires: NOW + 365 * DAY }
    }
}

impl Numbers {
    pub fn plan(&self) -> RootPlan {
        let keys = |(numbers, threshold): &(Vec<u8>, u64)| {
            (numbers.iter().map(|number| key(*number).public()).collect::<Vec<PublicKey>>(), *threshold)
        };
        RootPlan {
            expires: time(self.expires),
            root: keys(&self.root),
            targets: keys(&self.targets),
            snapshot: keys(&self.snapshot),
            timestamp: keys(&self.timestamp),
        }
    }
}

/// What a server has.
#[derive(Debug, Clone, Default)]
pub struct Server {
    pub files: BTreeMap<String, Vec<u8>>,
    /// A file that never ends.
    pub endless: Option<String>,
    /// What was asked for, in order.
    pub asked: Vec<String>,
}

impl Fetch for Server {
    fn fetch(&mut self, path: &str) -> Result<Box<dyn Read + '_>, FetchError> {
        self.asked.push(path.to_owned());
        if self.endless.as_deref() == Some(path) {
            return Ok(Box::new(io::repeat(b' ')));
        }
        self.files.get(path).map(|bytes| Box::new(&bytes[..]) as Box<dyn Read>).ok_or(FetchError::NotFound)
    }
}

impl Server {
    pub fn put(&mut self, files: Vec<File>) {
        self.files.extend(files.into_iter().map(|file| (file.path, file.bytes)));
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.files[path]).unwrap()
    }

    /// Changes what a file says, and signs it with these keys.
    pub fn forge(&mut self, path: &str, by: &[u8], change: impl FnOnce(&mut Value)) {
        let mut signed = self.json(path)["signed"].clone();
        change(&mut signed);
        self.files.insert(path.to_owned(), signed_by(&signed, by));
    }
}

/// A file of metadata with good signatures of these keys.
pub fn signed_by(signed: &Value, by: &[u8]) -> Vec<u8> {
    // Keys are sorted and nothing here has to be escaped: this is the canonical form.
    let message = serde_json::to_vec(signed).unwrap();
    let signature = |number: &u8| {
        let key = key(*number);
        json!({"keyid": key.public().id(), "sig": hex::encode(key.sign(&message).unwrap())})
    };
    serde_json::to_vec(&json!({"signatures": by.iter().map(signature).collect::<Vec<_>>(), "signed": signed})).unwrap()
}

/// A feed, what serves it, and the root that its clients are installed with.
#[derive(Debug, Clone)]
pub struct Feed {
    pub repository: Repository,
    pub server: Server,
    pub installed: Vec<u8>,
}

impl Feed {
    /// With one target.
    pub fn new() -> Self {
        let mut feed = Self::empty(&Numbers::default());
        feed.publish(&[("app/1.0.0/app.exe", b"one")]);
        feed
    }

    pub fn empty(numbers: &Numbers) -> Self {
        let keys: Vec<_> = numbers.root.0.iter().map(|number| key(*number)).collect();
        let keys: Vec<&dyn Sign> = keys.iter().map(|key| key as &dyn Sign).collect();
        let (repository, files) = Repository::create(&numbers.plan(), &keys).unwrap();
        let installed = files[0].bytes.clone();
        let mut server = Server::default();
        server.put(files);
        Self { repository, server, installed }
    }

    pub fn publish(&mut self, targets: &[(&str, &[u8])]) {
        self.publish_with(targets, 3, 4, 5);
    }

    pub fn publish_with(&mut self, targets: &[(&str, &[u8])], by: u8, snapshot: u8, timestamp: u8) {
        let all =
            targets.iter().map(|(path, bytes)| (TargetPath::new(*path).unwrap(), TargetFile::of(bytes))).collect();
        let keys = [by, snapshot, timestamp].map(key);
        let seals = |at: usize, days| (time(NOW + days * DAY), [&keys[at] as &dyn Sign]);
        let [(until, by), (soon, snapshot), (sooner, timestamp)] = [seals(0, 90), seals(1, 14), seals(2, 7)];
        let seal = |expires, keys| Seals { expires, keys };
        let files = self.repository.publish(all, seal(until, &by), seal(soon, &snapshot), seal(sooner, &timestamp));
        self.server.put(files.unwrap());
    }

    /// A new timestamp and snapshot.
    pub fn renew(&mut self, until: i64) {
        let keys = [4, 5].map(key);
        let [snapshot, timestamp] = [&keys[0], &keys[1]].map(|key| [key as &dyn Sign]);
        let seal = |keys| Seals { expires: time(until), keys };
        self.server.put(self.repository.renew(seal(&snapshot), seal(&timestamp)).unwrap());
    }

    pub fn change_root(&mut self, numbers: &Numbers, by: &[u8]) {
        let keys: Vec<_> = by.iter().map(|number| key(*number)).collect();
        let keys: Vec<&dyn Sign> = keys.iter().map(|key| key as &dyn Sign).collect();
        self.server.put(self.repository.change_root(&numbers.plan(), &keys).unwrap());
    }

    pub fn client(&self) -> Client {
        Client::new(Remembered::installed(self.installed.clone()), Limits::default()).unwrap()
    }

    /// A client that comes for the first time.
    pub fn refreshed(&mut self) -> Result<Client, TufError> {
        let mut client = self.client();
        client.refresh(&mut self.server, NOW).map(|()| client)
    }
}

/// The names of the targets that a client sees.
pub fn names(client: &Client) -> Vec<&str> {
    client.targets().into_iter().flat_map(|targets| targets.targets.keys()).map(TargetPath::as_str).collect()
}
