//! The examples at the end of help pages of verbs that WAPT packages have, or have a part in.

/// Of `factory init`.
pub const INIT: &str = "\
Examples:
  factory init --wapt tis-notes
      A folder `tis-notes` with all that a WAPT package needs
  factory init --wapt notes --package tis-notes --maintainer 'The IT team'
      The same under another name, with its maintainer";

/// Of `factory build`.
pub const BUILD: &str = "\
Examples:
  factory build
      Everything in the recipe, on all of its platforms
  factory build packages --platform debian-12,alma-9
      The packages of two platforms, and what these need
  factory build --locked
      The same as the last time: only what `factory.lock` names
  factory build ./tis-notes --key me.pem --certificate me.crt
      A WAPT package from its folder, signed; no recipe is needed";

/// Of `factory keys wapt`.
pub const KEYS_WAPT: &str = "\
Examples:
  factory keys wapt me --organization 'Example' --country FR
      `me.pem` with a password, and `me.crt`, signed by itself
  factory keys wapt me --ca ca.crt --ca-key ca.pem
      A certificate that your authority issues";
