//! What is wrong with a key, a certificate or a signature.

/// Why something cannot be signed or read. Never quotes a key or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Text that should be base64.
    #[error("this is not base64")]
    Base64,
    /// A PEM file that breaks off or is no text.
    #[error("this is not a PEM file: {0}")]
    Pem(&'static str),
    /// No private key in a file.
    #[error("there is no private key in it")]
    NoKey,
    /// A key that needs a password.
    #[error("the key is encrypted, and there is no password")]
    NoPassword,
    /// A password that does not open the key.
    #[error("the password does not open the key")]
    WrongPassword,
    /// A kind of key or of encryption that is not known here.
    #[error("{0}")]
    Unsupported(String),
    /// A key of a certificate that signatures are not checked with.
    #[error("the key of `{subject}` {what}")]
    Key {
        /// Whose certificate.
        subject: String,
        /// What it is, e.g. that it has 1,024 bits.
        what: String,
    },
    /// A certificate that is none.
    #[error("this is not a certificate in strict DER: {0}")]
    Certificate(String),
    /// A file without certificates.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// A revocation list that is none.
    #[error("this is not a certificate revocation list: {0}")]
    Crl(String),
    /// A certificate of another key.
    #[error("the key is not that of the certificate of `{0}`")]
    OtherKey(String),
    /// A signature that does not fit.
    #[error("the signature does not fit")]
    Mismatch,
    /// The operating system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

impl SignError {
    /// What to type or change next. What makes a key is for whom it is: whoever has signatures checked says so of
    /// [`SignError::Key`].
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoKey => {
                "name the PEM file that begins with `-----BEGIN RSA PRIVATE KEY-----` or `-----BEGIN PRIVATE KEY-----`"
            }
            Self::NoPassword | Self::WrongPassword => {
                "write the password into a file that only you may read and name it with `--password-file FILE`"
            }
            Self::Unsupported(_) => {
                "convert it: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem`; keys are RSA with 2048 to 4096 bits"
            }
            Self::NoCertificate | Self::Certificate(_) => {
                "name a PEM file with `-----BEGIN CERTIFICATE-----`; `openssl x509 -text -in FILE` shows what is in it"
            }
            Self::OtherKey(_) => "name the certificate that was made for this key, or the key of this certificate",
            _ => return None,
        })
    }
}
