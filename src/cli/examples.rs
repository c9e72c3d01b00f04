//! The examples at the end of each verb's help page: what is typed, and below it what that does.

/// Of `factory plan`.
pub const PLAN: &str = "\
Examples:
  factory plan
      What a build would do now, and why
  factory plan --platform debian-12 --offline
      The same for one platform, without asking the engine
  factory plan --dot | dot -Tsvg > plan.svg
      What depends on what, as a picture";

/// Of `factory test`.
pub const TEST: &str = "\
Examples:
  factory test
      Test the packages of every platform
  factory test --platform debian-12 --keep
      Test one platform; a container in which a check fails stays";

/// Of `factory push`.
pub const PUSH: &str = "\
Examples:
  factory push --dry-run
      What would be pushed where
  factory push --registry registry.example.org/team
      The images of the official platform
  factory push --packages --all-platforms
      Images, packages and wheelhouses of every platform";

/// Of `factory pull`.
pub const PULL: &str = "\
Examples:
  factory pull --tag 2.5.11
      The packages and wheelhouses of that release
  factory pull --platform debian-12 --registry registry.example.org/team
      Those of one platform, from another registry";

/// Of `factory tag`.
pub const TAG: &str = "\
Examples:
  factory tag --tag 2.5.11 --dry-run
      Which repositories would get the tag, and on which commit
  factory tag --tag 2.5.11 --message 'Release 2.5.11'
      Tag all of them, with an annotated tag
  factory tag --tag 2.5.11 --delete
      Take the tag away again";

/// Of `factory verify`.
pub const VERIFY: &str = "\
Examples:
  factory verify packages/debian-12/*.deb
      Packages that were built here
  factory verify packages/debian-12/SHA256SUMS
      Every file of a list
  factory verify lamp.rpm --output json
      A package of somebody else, for a program to read
  factory verify /srv/updates --root keys/update_root.json
      An update feed, as a machine sees it that was installed with that root";

/// Of `factory show`.
pub const SHOW: &str = "\
Examples:
  factory show lamp_1.0-1_amd64.deb
      What the package says of itself, and its files
  factory show lamp_1.0-1_amd64.deb lamp_1.1-1_amd64.deb
      What changed from one version to the next
  factory show lamp_1.0-1_amd64.deb --why libssl3
      Which of its files ask for that package";

/// Of `factory keys store`.
pub const KEYS_STORE: &str = "\
Examples:
  factory keys store ci
      `ci.pem` here; the public key is printed
  factory keys store ci --into /etc/factory
      The same in a folder that is not the project's";

/// Of `factory log`.
pub const LOG: &str = "\
Examples:
  factory log
      The steps of the last run, and how they ended
  factory log debian-12/core
      All that one of them wrote";

/// Of `factory clean`.
pub const CLEAN: &str = "\
Examples:
  factory clean --dry-run
      What would be removed
  factory clean --older-than 30d
      What no build has used for 30 days
  factory clean --all
      Everything that this project has made here";

/// Of `factory doctor`.
pub const DOCTOR: &str = "\
Examples:
  factory doctor
      Check this machine, and the project in this folder
  factory doctor --project ../shop
      The same for another project
  factory doctor --feed /srv/updates
      With an update feed: what of it ends within 14 days";

/// Of `factory explain`.
pub const EXPLAIN: &str = "\
Examples:
  factory explain
      All lints, and what each finds
  factory explain unit-file
      Why one matters, how it is mended, and what allows it";
