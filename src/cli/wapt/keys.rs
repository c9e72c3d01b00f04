//! `factory keys wapt`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{
    cli::{context::Context, keys::file::write_new, pem, prompt},
    diag::{Exit, Failure},
    report::{ListColumn, ListKind, ListView},
    sign::{Bits, Certificate, Made, Password, SignError, Subject, Trust, make_certificate},
    util::clock,
};

/// Make a key for WAPT packages and its certificate, signed by itself or by an authority of yours
///
/// Writes `<NAME>.pem` and `<NAME>.crt`, as WAPT's console does. Agents trust the certificate once it is in their
/// `/opt/wapt/ssl`. Nothing is overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::examples::KEYS_WAPT)]
pub struct Args {
    /// The files' name, and the certificate's common name
    #[arg(value_name = "NAME")]
    name: String,
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// The organisation in the certificate
    #[arg(long, value_name = "TEXT", default_value = "")]
    organization: String,
    /// The country in the certificate, two letters
    #[arg(long, value_name = "CODE", default_value = "")]
    country: String,
    /// Days until the certificate expires
    #[arg(long, value_name = "N", default_value = "3650", value_parser = clap::value_parser!(u16).range(1..=7300))]
    days: u16,
    /// Size of the key
    #[arg(long, value_name = "BITS", default_value = "2048")]
    bits: Size,
    /// A file with the password for the new key; it is asked for on the terminal otherwise
    #[arg(long, value_name = "FILE", conflicts_with = "no_password")]
    password_file: Option<PathBuf>,
    /// Leave the key without a password
    #[arg(long)]
    no_password: bool,
    /// Not for packages with a `setup.py`, but for groups and hosts
    #[arg(long)]
    no_code_signing: bool,
    /// The certificate of the authority that issues it, with those between it and the root behind it
    #[arg(long, value_name = "FILE", requires = "ca_key")]
    ca: Option<PathBuf>,
    /// The authority's key
    #[arg(long, value_name = "FILE", requires = "ca")]
    ca_key: Option<PathBuf>,
    /// A file with the password of the authority's key
    #[arg(long, value_name = "FILE", requires = "ca")]
    ca_password_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Size {
    #[value(name = "2048")]
    B2048,
    #[value(name = "3072")]
    B3072,
    #[value(name = "4096")]
    B4096,
}

/// Makes them.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let refuse = |why: &str, help: &str| Failure::new(Exit::Usage, why.to_owned()).help(help);
    let plain = |c: char| c.is_alphanumeric() || " ._-".contains(c);
    if args.name.trim() != args.name || !args.name.starts_with(char::is_alphanumeric) || !args.name.chars().all(plain) {
        return Err(refuse("this cannot be the name of a key", "letters, digits, blanks, `.`, `_` and `-`"));
    }
    let two_letters = args.country.len() == 2 && args.country.bytes().all(|b| b.is_ascii_uppercase());
    if !two_letters && !args.country.is_empty() {
        return Err(refuse("a country has two upper-case letters", "for example `--country FR`"));
    }
    let files = ["pem", "crt"].map(|end| args.into.join(format!("{}.{end}", args.name)));
    if let Some(there) = files.iter().find(|file| file.exists()) {
        return Err(refuse(&format!("`{}` is there already", there.display()), "take another name, or move it away"));
    }
    let password = password(args)?;
    let failed = |error: SignError| Failure::new(Exit::StepFailed, error.to_string());
    let authority = match (&args.ca, &args.ca_key) {
        (Some(certificate), Some(key)) => {
            let all = pem::certificates(certificate)?;
            Some((all, pem::key(key, args.ca_password_file.as_deref())?))
        }
        _ => None,
    };
    let issuer = authority.as_ref().and_then(|(all, key)| Some((all.first()?, key)));
    if let Some((certificate, key)) = issuer {
        if !certificate.may_issue() {
            return Err(refuse(
                "the authority's certificate may not issue others",
                "take one with CA:TRUE and keyCertSign",
            ));
        }
        if !certificate.has_modulus(&key.modulus()) {
            return Err(refuse(
                "the authority's key is not that of its certificate",
                "name the pair that belongs together",
            ));
        }
    }
    let bits = match args.bits {
        Size::B2048 => Bits::B2048,
        Size::B3072 => Bits::B3072,
        Size::B4096 => Bits::B4096,
    };
    let made = Made::new(bits).map_err(failed)?;
    let now = clock::now();
    let subject = Subject {
        name: args.name.clone(),
        organization: args.organization.clone(),
        country: args.country.clone(),
        ca: issuer.is_none(),
        code_signing: !args.no_code_signing,
        not_before: now - 300,
        not_after: now + i64::from(args.days) * 86_400,
    };
    let certificate = make_certificate(&subject, &made.key().map_err(failed)?, issuer).map_err(failed)?;
    if let Some((authority, _)) = &authority {
        let chain: Vec<Certificate> = std::iter::once(&certificate).chain(authority).cloned().collect();
        for outlived in (Trust::default()).outlived(&chain) {
            context.events().warn(format!("{outlived} (`--days`)"));
        }
    }
    let key = if password.is_some() { made.to_pkcs8(password.as_ref()).map_err(failed)? } else { made.to_pkcs1() };
    // All that are between it and a root: agents have the root only.
    let between = authority.iter().flat_map(|(all, _)| all).filter(|one| !one.is_self_issued());
    let chain: Vec<String> = std::iter::once(&certificate).chain(between).map(Certificate::to_pem).collect();
    let [key_file, certificate_file] = files;
    write_new(&key_file, key.as_bytes(), 0o600)?;
    write_new(&certificate_file, chain.join("\n").as_bytes(), 0o644)?;
    context.reporter.print(view(&key_file, &certificate_file, &certificate));
    Ok(())
}

fn password(args: &Args) -> Result<Option<Password>, Failure> {
    if args.no_password {
        return Ok(None);
    }
    let password = match &args.password_file {
        Some(file) => pem::password_of(file)?,
        None => prompt::password("Password for the new key")?,
    };
    if password.is_empty() {
        let failure = Failure::new(Exit::Usage, "the password is empty");
        return Err(failure.help("`--no-password` leaves the key without one"));
    }
    Ok(Some(password))
}

fn view(key: &Path, certificate_file: &Path, certificate: &Certificate) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    ListView {
        title: String::new(),
        columns: vec![column("what", ListKind::Word), column("value", ListKind::Text)],
        rows: vec![
            row("key", key.display().to_string()),
            row("certificate", certificate_file.display().to_string()),
            row("fingerprint", certificate.fingerprint()),
            row("until", clock::day(certificate.not_after())),
        ],
        summary: String::new(),
    }
}
