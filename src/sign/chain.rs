//! From a signer's certificate to one that is trusted, in the order of agents: the certificate itself may be trusted (pinned);
//! else its issuer is looked for among the trusted ones, then among those that came along.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::OnceLock,
};

use super::{
    Certificate, Crl, SignError,
    pool::{MOST_NAMESAKES, Pool},
};
use crate::util::clock;

/// No chain is longer.
const LONGEST: usize = 8;

/// What is trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Certificates: pinned ones and authorities.
    pub anchors: Vec<Certificate>,
    /// Revocation lists; one of a certificate's issuer must hold, where there is one.
    pub crls: Vec<Crl>,
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not valid any more.
    #[error("the certificate of `{0}` is expired")]
    Expired(String),
    /// Not valid yet.
    #[error("the certificate of `{0}` is not valid yet")]
    Early(String),
    /// On its issuer's list.
    #[error("the certificate of `{0}` is revoked")]
    Revoked(String),
    /// A list that is too old or not its issuer's.
    #[error("the revocation list for `{subject}` does not count: {reason}")]
    Crl {
        /// Whose certificate.
        subject: String,
        /// Why.
        reason: &'static str,
    },
    /// It was not issued by anybody who is trusted.
    #[error("the certificate of `{subject}` is not trusted, and neither is its issuer `{issuer}`")]
    Unknown {
        /// Whose certificate.
        subject: String,
        /// By whom.
        issuer: String,
    },
    /// An issuer that may not issue.
    #[error("`{issuer}` may not issue certificates, but issued that of `{subject}`")]
    NoAuthority {
        /// The issuer.
        issuer: String,
        /// Whose certificate.
        subject: String,
    },
    /// A certificate that its issuer did not sign.
    #[error("the certificate of `{subject}` does not bear the signature of `{issuer}`: {error}")]
    Forged {
        /// Whose certificate.
        subject: String,
        /// Its issuer.
        issuer: String,
        /// What is wrong with it.
        error: SignError,
    },
    /// More possible issuers than are tried.
    #[error(
        "more than {MOST_NAMESAKES} certificates are called as the issuer of that of `{0}`: which of them it is, is not tried"
    )]
    Namesakes(String),
    /// A chain that is too long or runs in a circle.
    #[error("the chain of `{0}` has more than 8 certificates")]
    Long(String),
}

/// A certificate that outlives that of its issuer. As text, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlived {
    /// Whose it is.
    pub subject: String,
    /// Until when it holds, seconds since 1970 UTC.
    pub until: i64,
    /// Who issued it.
    pub issuer: String,
    /// Until when the issuer's holds.
    pub issuer_until: i64,
}

impl fmt::Display for Outlived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |time| clock::rfc3339(time).chars().take(10).collect::<String>();
        let Self { subject, issuer, .. } = self;
        let (until, end) = (day(self.until), day(self.issuer_until));
        write!(
            f,
            "the certificate of `{subject}` holds until {until}, that of its issuer `{issuer}` until {end} only: from then \
             on agents that trust the issuer refuse both"
        )
    }
}

impl Trust {
    /// Follows the chain from `chain[0]` to something trusted, at the time `now` (seconds since 1970 UTC). Gives the
    /// certificate that ends it.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn follow<'c>(&'c self, chain: &'c [Certificate], now: i64) -> Result<&'c Certificate, ChainError> {
        let Some(leaf) = chain.first() else {
            return Err(ChainError::Unknown { subject: String::new(), issuer: String::new() });
        };
        self.among(chain).follow(leaf, now)
    }

    /// The certificates of a chain that hold for longer than that of their issuer, as far as it is known: agents refuse them
    /// before they expire.
    #[must_use]
    pub fn outlived(&self, chain: &[Certificate]) -> Vec<Outlived> {
        let Some(mut current) = chain.first() else { return Vec::new() };
        let mut found = Vec::new();
        for _ in 0..LONGEST {
            if current.is_self_issued() {
                break;
            }
            let all = self.anchors.iter().chain(chain);
            let named = all.filter(|other| other.subject_der() == current.issuer_der());
            let issuers = named.take(2 * MOST_NAMESAKES).filter(|other| issued(current, other).is_ok());
            // An authority that was renewed holds as long as its youngest certificate.
            let Some(issuer) = issuers.max_by_key(|issuer| issuer.not_after()) else { break };
            if issuer.not_after() < current.not_after() {
                found.push(Outlived {
                    subject: current.subject(),
                    until: current.not_after(),
                    issuer: issuer.subject(),
                    issuer_until: issuer.not_after(),
                });
            }
            current = issuer;
        }
        found
    }

    /// What is trusted, with certificates that came along: for chains of many of them.
    #[must_use]
    pub fn among<'c>(&'c self, came: impl IntoIterator<Item = &'c Certificate>) -> Company<'c> {
        let mut lists = Lists::default();
        for (number, crl) in self.crls.iter().enumerate() {
            lists.all.push((crl, OnceLock::new()));
            if let Some(id) = crl.authority_id() {
                lists.by_id.entry(id).or_default().push(number);
            }
            lists.by_issuer.entry(crl.issuer_der()).or_default().push(number);
        }
        Company { anchors: Pool::new(&self.anchors), came: Pool::new(came), lists }
    }
}

/// Trusted certificates and others, sorted once: a chain costs the same among any number of them.
#[derive(Debug)]
pub struct Company<'c> {
    anchors: Pool<'c>,
    came: Pool<'c>,
    lists: Lists<'c>,
}

/// The public key that signed a list, or why the list is not used.
type Signed = Result<Vec<u8>, &'static str>;

/// Revocation lists.
#[derive(Debug, Default)]
struct Lists<'c> {
    /// Each with what its signature is, once that was asked: it may be over megabytes.
    all: Vec<(&'c Crl, OnceLock<Signed>)>,
    by_id: HashMap<&'c [u8], Vec<usize>>,
    by_issuer: HashMap<&'c [u8], Vec<usize>>,
}

impl<'c> Company<'c> {
    /// Follows the chain from a certificate to something trusted, at the time `now` (seconds since 1970 UTC). Gives the
    /// certificate that ends it.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn follow(&self, leaf: &'c Certificate, now: i64) -> Result<&'c Certificate, ChainError> {
        let mut current = leaf;
        for _ in 0..LONGEST {
            dates(current, now)?;
            self.not_revoked(current, now)?;
            if self.anchors.with_subject(current.subject_der()).contains(&current) {
                return Ok(current);
            }
            let climbed = self.climb(current, now);
            if let Ok(root) = climbed {
                return Ok(root);
            }
            // An issuer that came along is looked for by its key identifier only.
            let came = self.came.with_id(current.authority_id()).iter().copied();
            let Some(issuer) = fitting(came.filter(|other| *other != current), current, now)? else { return climbed };
            issued(current, issuer)?;
            current = issuer;
        }
        Err(ChainError::Long(leaf.subject()))
    }

    /// From a certificate to a self-signed one, among the trusted only.
    fn climb(&self, from: &Certificate, now: i64) -> Result<&'c Certificate, ChainError> {
        let mut current = from;
        let mut issuer = self.issuer(from, now)?;
        for _ in 0..LONGEST {
            issued(current, issuer)?;
            dates(issuer, now)?;
            self.not_revoked(issuer, now)?;
            if issuer.is_self_issued() {
                return match issued(issuer, issuer) {
                    // Who is trusted need not prove it: old roots signed themselves with SHA-1, which is not known here.
                    Ok(()) | Err(ChainError::Forged { error: SignError::Unsupported(_), .. }) => Ok(issuer),
                    Err(error) => Err(error),
                };
            }
            current = issuer;
            issuer = self.issuer(current, now)?;
        }
        Err(ChainError::Long(from.subject()))
    }

    /// The trusted issuer: by key identifier, else by name.
    fn issuer(&self, of: &Certificate, now: i64) -> Result<&'c Certificate, ChainError> {
        let by_id = fitting(self.anchors.with_id(of.authority_id()).iter().copied(), of, now)?;
        let found = match by_id {
            Some(issuer) => Some(issuer),
            None => fitting(self.anchors.with_subject(of.issuer_der()).iter().copied(), of, now)?,
        };
        found.ok_or_else(|| ChainError::Unknown { subject: of.subject(), issuer: of.issuer() })
    }

    fn not_revoked(&self, certificate: &Certificate, now: i64) -> Result<(), ChainError> {
        let by_id = certificate.authority_id().and_then(|id| self.lists.by_id.get(id));
        let by_issuer = self.lists.by_issuer.get(certificate.issuer_der());
        let numbers: BTreeSet<usize> = by_id.into_iter().chain(by_issuer).flatten().copied().collect();
        let refused = |reason| ChainError::Crl { subject: certificate.subject(), reason };
        let mut lists: Vec<(&[u8], &Crl)> = Vec::new();
        let mut newest: HashMap<&[u8], i64> = HashMap::new();
        for (crl, signer) in numbers.into_iter().filter_map(|number| self.lists.all.get(number)) {
            if crl.is_of(certificate) {
                let key = signer.get_or_init(|| self.signer(crl)).as_deref().map_err(|reason| refused(reason))?;
                lists.push((key, crl));
                let time = newest.entry(key).or_insert(i64::MIN);
                *time = crl.this_update().max(*time);
            }
        }
        // Of several lists of one authority the newest is used; of two that are equally new, both.
        let counts = |(key, crl): &&(&[u8], &Crl)| newest.get(key) == Some(&crl.this_update());
        for (_, crl) in lists.iter().filter(counts) {
            if crl.revokes(certificate) {
                return Err(ChainError::Revoked(certificate.subject()));
            }
            if crl.next_update().is_some_and(|next| next < now) {
                return Err(refused("it is too old"));
            }
        }
        Ok(())
    }

    /// The public key that signed a list.
    fn signer(&self, crl: &Crl) -> Signed {
        let issuers = || {
            let pools = [&self.anchors, &self.came].into_iter();
            pools.flat_map(|pool| pool.with_subject(crl.issuer_der()).iter().copied())
        };
        if let Some(signer) = issuers().take(2 * MOST_NAMESAKES).find(|issuer| crl.is_signed_by(issuer)) {
            return Ok(signer.key_bytes());
        }
        let all = issuers().count() <= 2 * MOST_NAMESAKES;
        Err(if all { "its issuer's signature is missing" } else { "too many certificates are called as its issuer" })
    }
}

/// The issuer among those with its identifier or name: the first one that holds and has signed, so that an authority's old
/// certificate beside its renewed one does no harm; else the first, for what is wrong with it.
fn fitting<'c>(
    mut candidates: impl Iterator<Item = &'c Certificate>,
    of: &Certificate,
    now: i64,
) -> Result<Option<&'c Certificate>, ChainError> {
    let mut first = None;
    for issuer in candidates.by_ref().take(MOST_NAMESAKES) {
        if dates(issuer, now).is_ok() && issued(of, issuer).is_ok() {
            return Ok(Some(issuer));
        }
        first = first.or(Some(issuer));
    }
    if candidates.next().is_some() { Err(ChainError::Namesakes(of.subject())) } else { Ok(first) }
}

fn dates(certificate: &Certificate, now: i64) -> Result<(), ChainError> {
    if now > certificate.not_after() {
        return Err(ChainError::Expired(certificate.subject()));
    }
    if now < certificate.not_before() {
        return Err(ChainError::Early(certificate.subject()));
    }
    Ok(())
}

fn issued(certificate: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
    if certificate.issuer_der() != issuer.subject_der() {
        return Err(ChainError::Unknown { subject: certificate.subject(), issuer: certificate.issuer() });
    }
    if !issuer.may_issue() {
        return Err(ChainError::NoAuthority { issuer: issuer.subject(), subject: certificate.subject() });
    }
    certificate.verify_issued_by(issuer).map_err(|error| ChainError::Forged {
        subject: certificate.subject(),
        issuer: issuer.subject(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Bits, Made, RsaKey, Signer as _, Subject, make_certificate};

    const NOW: i64 = 1_800_000_000;

    fn subject(name: &str, ca: bool) -> Subject {
        let (organization, country) = (String::new(), "FR".to_owned());
        let (not_before, not_after) = (NOW - 1000, NOW + 1000);
        Subject { name: name.to_owned(), organization, country, ca, code_signing: true, not_before, not_after }
    }

    struct Pki {
        root: Certificate,
        middle: Certificate,
        leaf: Certificate,
        root_key: RsaKey,
        leaf_key: RsaKey,
    }

    fn pki(middle_is_ca: bool) -> Pki {
        let key = || Made::new(Bits::B2048).unwrap().key().unwrap();
        let (root_key, middle_key, leaf_key) = (key(), key(), key());
        let root = make_certificate(&subject("root", true), &root_key, None).unwrap();
        let middle = make_certificate(&subject("middle", middle_is_ca), &middle_key, Some((&root, &root_key))).unwrap();
        let leaf = make_certificate(&subject("leaf é", false), &leaf_key, Some((&middle, &middle_key))).unwrap();
        Pki { root, middle, leaf, root_key, leaf_key }
    }

    fn trust(anchors: &[&Certificate]) -> Trust {
        Trust { anchors: anchors.iter().map(|one| (*one).clone()).collect(), crls: Vec::new() }
    }

    #[test]
    fn chains_end_in_what_is_trusted() {
        let Pki { root, middle, leaf, .. } = pki(true);
        let whole = [leaf.clone(), middle.clone()];
        let alone = [leaf.clone()];
        assert_eq!(trust(&[&root]).follow(&whole, NOW), Ok(&root));
        assert_eq!(trust(&[&leaf]).follow(&alone, NOW), Ok(&leaf));
        assert_eq!(trust(&[&middle]).follow(&whole, NOW), Ok(&middle));
        assert_eq!(trust(&[&middle, &root]).follow(&alone, NOW), Ok(&root));
        // An intermediate alone is no root.
        assert!(matches!(trust(&[&middle]).follow(&alone, NOW), Err(ChainError::Unknown { .. })));
        assert!(matches!(trust(&[&root]).follow(&alone, NOW), Err(ChainError::Unknown { .. })));
        assert!(matches!(trust(&[]).follow(&whole, NOW), Err(ChainError::Unknown { .. })));
        assert_eq!(trust(&[&root]).follow(&whole, NOW + 5000), Err(ChainError::Expired("leaf é".to_owned())));
        assert_eq!(trust(&[&leaf]).follow(&alone, NOW - 5000), Err(ChainError::Early("leaf é".to_owned())));
    }

    #[test]
    fn an_authority_that_was_renewed() {
        let Pki { root, root_key, middle, leaf, .. } = pki(true);
        let old = Subject { not_before: NOW - 5000, not_after: NOW - 4000, ..subject("root", true) };
        // The same key, so the same identifier.
        let old = make_certificate(&old, &root_key, None).unwrap();
        assert_eq!(old.subject_key_id(), root.subject_key_id());
        let whole = [leaf.clone(), middle.clone()];
        assert_eq!(trust(&[&old, &root]).follow(&whole, NOW), Ok(&root));
        assert_eq!(trust(&[&root, &old]).follow(&whole, NOW), Ok(&root));
        assert_eq!(trust(&[&old]).follow(&whole, NOW), Err(ChainError::Expired("root".to_owned())));
        let along = [leaf, make_certificate(&subject("middle", false), &root_key, None).unwrap(), middle];
        assert!(trust(&[&root]).follow(&along, NOW).is_ok());
    }

    #[test]
    fn certificates_that_outlive_their_issuer() {
        let Pki { root, root_key, leaf_key, .. } = pki(true);
        let issue = |until| {
            let subject = Subject { not_after: until, ..subject("leaf", false) };
            make_certificate(&subject, &leaf_key, Some((&root, &root_key))).unwrap()
        };
        let outlived = |trust: &Trust, leaf: Certificate| {
            trust.outlived(&[leaf]).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let trusted = trust(&[&root]);
        assert_eq!(outlived(&trusted, issue(NOW + 1000)), "");
        let said = outlived(&trusted, issue(NOW + 1_000_000));
        assert!(
            said.starts_with("the certificate of `leaf` holds until 2027-01-26, that of its issuer `root` until"),
            "{said}"
        );
        // Until when an authority that is not there is valid is not known.
        assert_eq!(outlived(&trust(&[]), issue(NOW + 1_000_000)), "");
        assert_eq!(outlived(&trusted, root.clone()), "");
        let renewed = Subject { not_after: NOW + 2_000_000, ..subject("root", true) };
        let renewed = make_certificate(&renewed, &root_key, None).unwrap();
        assert_eq!(outlived(&trust(&[&root, &renewed]), issue(NOW + 1_000_000)), "");
    }

    #[test]
    fn only_an_authority_issues() {
        let Pki { root, middle, leaf, .. } = pki(false);
        let whole = [leaf, middle];
        assert!(matches!(trust(&[&root]).follow(&whole, NOW), Err(ChainError::NoAuthority { .. })));
    }

    #[test]
    fn a_name_is_not_a_signature() {
        let Pki { root, leaf_key, .. } = pki(true);
        // Says that the root has issued it, but was signed by another key.
        let forged = make_certificate(&subject("evil", false), &leaf_key, Some((&root, &leaf_key))).unwrap();
        assert!(matches!(trust(&[&root]).follow(&[forged], NOW), Err(ChainError::Forged { .. })));
    }

    #[test]
    fn keys_fit_their_certificates() {
        let Pki { root, leaf, leaf_key, root_key, .. } = pki(true);
        assert!(leaf.has_modulus(&leaf_key.modulus()) && !root.has_modulus(&leaf_key.modulus()));
        let signed = leaf_key.sign(b"message").unwrap();
        assert_eq!(leaf.verify(b"message", &signed), Ok(()));
        assert_eq!(leaf.verify(b"another", &signed), Err(SignError::Mismatch));
        assert_eq!(leaf.verify(b"message", &root_key.sign(b"message").unwrap()), Err(SignError::Mismatch));
        assert!(leaf.is_code_signing() && leaf.common_name().as_deref() == Some("leaf é"));
    }

    #[test]
    fn a_root_that_signed_itself_with_sha_1() {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let run =
                std::process::Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output();
            run.is_ok_and(|run| run.status.success())
        };
        let root = "req -x509 -nodes -newkey rsa:2048 -keyout r.pem -out r.crt -subj /CN=old -days 30 -sha1";
        if !openssl(root) {
            return eprintln!("skipped: openssl is not installed, or makes no SHA-1");
        }
        assert!(openssl("req -new -nodes -newkey rsa:2048 -keyout l.pem -out l.csr -subj /CN=leaf"));
        let issue =
            |digest: &str| openssl(&format!("x509 -req -in l.csr -CA r.crt -CAkey r.pem -out l.crt -days 30 {digest}"));
        let read = |name| Certificate::all_from_pem(&std::fs::read(folder.path().join(name)).unwrap()).unwrap();
        // The leaf is issued a moment later.
        let (root, now) = (read("r.crt"), crate::util::clock::now() + 60);
        let trust = trust(&[&root[0]]);
        assert!(issue("-sha256"));
        assert_eq!(trust.follow(&read("l.crt"), now).cloned(), Ok(root[0].clone()));
        // What it signed for others is asked for, whatever signed the root.
        assert!(issue("-sha1"));
        let refused = trust.follow(&read("l.crt"), now).cloned();
        assert!(matches!(refused, Err(ChainError::Forged { error: SignError::Unsupported(_), .. })), "{refused:?}");
    }

    #[test]
    fn authorities_of_openssl_with_other_keys_and_digests() {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &[&str]| -> Option<()> {
            let run = std::process::Command::new("openssl").args(arguments).current_dir(folder.path()).output().ok()?;
            assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
            Some(())
        };
        for (number, kind) in [
            &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
            &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            &["rsa:2048"],
        ]
        .iter()
        .enumerate()
        {
            for digest in ["-sha256", "-sha384", "-sha512"] {
                if kind[0] == "ec" && digest == "-sha512" {
                    continue;
                }
                let root =
                    [&["req", "-x509", "-nodes", "-newkey"], *kind, &["-keyout", "r.pem", "-out", "r.crt"]].concat();
                let subject = format!("/CN=root {number}");
                let more = ["-subj", &subject, "-days", "30", digest, "-addext", "keyUsage=critical,keyCertSign"];
                if openssl(&[&root[..], &more].concat()).is_none() {
                    return eprintln!("skipped: openssl is not installed");
                }
                openssl(&[
                    "req", "-new", "-nodes", "-newkey", "rsa:2048", "-keyout", "l.pem", "-out", "l.csr", "-subj",
                    "/CN=leaf",
                ]);
                openssl(&[
                    "x509",
                    "-req",
                    "-in",
                    "l.csr",
                    "-CA",
                    "r.crt",
                    "-CAkey",
                    "r.pem",
                    "-CAcreateserial",
                    "-out",
                    "l.crt",
                    "-days",
                    "30",
                    digest,
                ]);
                let read = |name| Certificate::all_from_pem(&std::fs::read(folder.path().join(name)).unwrap()).unwrap();
                let (root, leaf) = (read("r.crt"), read("l.crt"));
                let now = crate::util::clock::now();
                assert_eq!(trust(&[&root[0]]).follow(&leaf, now), Ok(&root[0]), "{kind:?} {digest}");
                let key = RsaKey::read(&std::fs::read(folder.path().join("l.pem")).unwrap(), None).unwrap();
                assert!(leaf[0].has_modulus(&key.modulus()), "PKCS#8 as openssl writes it");
            }
        }
    }
}
