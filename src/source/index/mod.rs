//! [`Indexes`]: what Python's package indexes have of a distribution, asked by this process, in which no foreign code runs: the
//! [simple repository API], as JSON or as HTML.
//!
//! [simple repository API]: https://packaging.python.org/en/latest/specifications/simple-repository-api/

mod html;
mod json;
#[cfg(test)]
mod tests;

use reqwest::Url;

use super::fetch::{FetchError, Fetcher, Page, Wanted};
use crate::names::{Sha256, normalise};

/// Where pip looks when nobody says where.
pub const DEFAULT: &str = "https://pypi.org/simple";
/// The largest page of a distribution: 64 MiB.
const LARGEST: u64 = 64 << 20;
/// The most files that an index may have of one.
const MOST: usize = 100_000;
/// The longest address of a page, in bytes.
const LONGEST_ADDRESS: usize = 2048;
/// Both forms, JSON rather than HTML.
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// The indexes that are asked, the first one first.
#[derive(Debug, Clone)]
pub struct Indexes {
    fetcher: Fetcher,
    /// With the logins that are sent.
    addresses: Vec<String>,
}

/// A file that an index has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its name, whatever it is.
    pub name: String,
    /// Where it is; on the index's own server with its login.
    pub address: String,
    /// The digest that the index tells.
    pub sha256: Option<Sha256>,
    /// Why its maker took it back (PEP 592); may be empty.
    pub yanked: Option<String>,
}

impl Indexes {
    /// These, which may have logins in them.
    #[must_use]
    pub fn new(fetcher: Fetcher, addresses: Vec<String>) -> Self {
        Self { fetcher, addresses }
    }

    /// The way to servers.
    #[must_use]
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Every file that one of them has of a distribution; `None` where none knows it.
    ///
    /// # Errors
    /// [`FetchError`]: one that does not answer may have what the others have not.
    pub async fn files(&self, distribution: &str) -> Result<Option<Vec<Offered>>, FetchError> {
        let mut found: Option<Vec<Offered>> = None;
        for address in &self.addresses {
            let address = format!("{}/{}/", address.trim_end_matches('/'), normalise(distribution));
            let wanted = Wanted { address: &address, accept: ACCEPT, most: LARGEST };
            let Some(page) = self.fetcher.page(wanted).await? else { continue };
            let files = read(&page)?;
            found.get_or_insert_default().extend(files.into_iter().map(|file| with_login(file, &address)));
        }
        Ok(found)
    }
}

/// The files of a page.
fn read(page: &Page) -> Result<Vec<Offered>, FetchError> {
    let unreadable = |reason: &str| FetchError::Unreadable {
        host: super::http::host(&page.at),
        path: page.at.path().to_owned(),
        reason: reason.to_owned(),
    };
    // It is in the address of each file that is not named whole.
    if page.at.as_str().len() > LONGEST_ADDRESS {
        return Err(unreadable("its address has more than 2,048 characters"));
    }
    let kind = page.kind.split(';').next().unwrap_or_default().trim();
    let files = match kind {
        "application/vnd.pypi.simple.v1+json" | "application/json" => {
            json::read(&page.bytes, &page.at).map_err(|reason| unreadable(&reason))?
        }
        "application/vnd.pypi.simple.v1+html" | "text/html" => {
            html::read(&String::from_utf8_lossy(&page.bytes), &page.at)
        }
        _ => return Err(unreadable("it is no page of an index (PEP 503, PEP 691)")),
    };
    if files.len() > MOST { Err(unreadable("it lists more than 100,000 files")) } else { Ok(files) }
}

/// The file at its place with the login of the index, where it is on the same server.
fn with_login(mut file: Offered, index: &str) -> Offered {
    let (Ok(index), Ok(mut at)) = (Url::parse(index), Url::parse(&file.address)) else { return file };
    let has_login = !index.username().is_empty() || index.password().is_some();
    if has_login && index.origin() == at.origin() && at.username().is_empty() && at.password().is_none() {
        let _ = (at.set_username(index.username()), at.set_password(index.password()));
        file.address = at.into();
    }
    file
}
