//! [`Streamed`]: a reader of packages that are read once from start to end.

use std::io::BufReader;

use super::{Believed, Description, Digest, Examine, Fault, Input, Reader, Refused, Verdict};
use crate::{
    depends::Shipped,
    format::{
        PackageFormat,
        foreign::{Bounds, Seen, programs::Programs},
    },
    stage::Limits,
};

/// The most files that are shown of a package; in memory and in JSON each takes some thousand bytes.
const MOST_SHOWN: u64 = 200_000;

/// A reader of packages that are read once from start to end.
#[derive(Debug, Clone, Copy)]
pub struct Streamed {
    /// Which.
    pub format: PackageFormat,
    /// What such a file begins with; empty where other files begin so, too.
    pub magic: &'static [u8],
    /// Reads one.
    pub examine: Examine,
}

impl Streamed {
    /// What is in a file; `false` where it could not be read to its end.
    fn seen(&self, input: Input, limits: &Limits, lists_files: bool) -> (Seen, bool) {
        let seen = Seen::describing(self.format, &input.name, lists_files);
        self.seen_by(input, limits, seen)
    }

    fn seen_by(&self, input: Input, limits: &Limits, mut seen: Seen) -> (Seen, bool) {
        let bounds = Bounds::for_size(input.size, limits);
        let mut reader = BufReader::new(input.into_file());
        let whole = (self.examine)(&mut reader, limits, bounds, &mut seen);
        let is_whole = whole.is_ok();
        if let Err(error) = whole {
            seen.fault(error);
        }
        (seen, is_whole)
    }
}

impl Reader for Streamed {
    fn describe(&self, mut input: Input) -> Result<Description, Refused> {
        let sha256 = input.sha256().map_err(|error| Refused { text: error.to_string(), help: None })?;
        let limits = Limits { entries: MOST_SHOWN, ..Limits::for_package() };
        let (mut seen, is_whole) = self.seen(input, &limits, true);
        let faults = seen.faults();
        let mut description = seen.into_description();
        if !is_whole {
            let text = faults.join("; ");
            return Err(Refused { text, help: None });
        }
        description.digests.insert(0, Digest { of: "file", algorithm: "sha256", value: sha256 });
        description.remarks.extend(faults);
        Ok(description)
    }

    fn verify(&self, input: Input, _: &Believed) -> Verdict {
        let name = input.name.clone();
        let (mut seen, _) = self.seen(input, &Limits::for_package(), false);
        let faults = seen.faults();
        let description = seen.into_description();
        let mut warnings = description.remarks;
        if let [usual, ..] = &description.file_names[..]
            && !description.file_names.contains(&name)
        {
            warnings.push(format!("its file is called otherwise than its tools would call it: `{usual}`"));
        }
        Verdict {
            package: description.title,
            signer: String::new(),
            faults: faults.into_iter().map(Fault::from).collect(),
            warnings,
            unchecked: description.unchecked,
        }
    }

    fn shipped(&self, input: Input) -> Option<Result<Shipped, Refused>> {
        self.format.facts().native.as_ref()?;
        let mut seen = Seen::describing(self.format, &input.name, false);
        seen.programs = Some(Programs::default());
        let (mut seen, is_whole) = self.seen_by(input, &Limits::for_package(), seen);
        Some(if is_whole {
            Ok(seen.programs.take().map(Programs::into_shipped).unwrap_or_default())
        } else {
            Err(Refused { text: seen.faults().join("; "), help: None })
        })
    }

    fn stream(&self) -> Option<(&'static [u8], Examine)> {
        Some((self.magic, self.examine))
    }
}
