//! The tags that are read: rpm's `rpmtag.h`. Those of the signature header come first.

pub(super) const SIG_DSA: u32 = 267;
pub(super) const SIG_RSA: u32 = 268;
pub(super) const SIG_SHA1: u32 = 269;
pub(super) const SIG_SHA256: u32 = 273;
pub(super) const SIG_OPENPGP: u32 = 278;
pub(super) const SIG_SHA3_256: u32 = 279;
pub(super) const SIG_PGP: u32 = 1002;
pub(super) const SIG_MD5: u32 = 1004;
pub(super) const SIG_GPG: u32 = 1005;

pub(super) const NAME: u32 = 1000;
pub(super) const VERSION: u32 = 1001;
pub(super) const RELEASE: u32 = 1002;
pub(super) const EPOCH: u32 = 1003;
pub(super) const SUMMARY: u32 = 1004;
pub(super) const DESCRIPTION: u32 = 1005;
pub(super) const BUILD_TIME: u32 = 1006;
pub(super) const BUILD_HOST: u32 = 1007;
pub(super) const SIZE: u32 = 1009;
pub(super) const DISTRIBUTION: u32 = 1010;
pub(super) const VENDOR: u32 = 1011;
pub(super) const LICENSE: u32 = 1014;
pub(super) const PACKAGER: u32 = 1015;
pub(super) const GROUP: u32 = 1016;
pub(super) const URL: u32 = 1020;
pub(super) const OS: u32 = 1021;
pub(super) const ARCH: u32 = 1022;
pub(super) const OLD_FILE_NAMES: u32 = 1027;
pub(super) const FILE_SIZES: u32 = 1028;
pub(super) const FILE_MODES: u32 = 1030;
pub(super) const FILE_DIGESTS: u32 = 1035;
pub(super) const FILE_LINKS: u32 = 1036;
pub(super) const FILE_FLAGS: u32 = 1037;
pub(super) const FILE_USERS: u32 = 1039;
pub(super) const FILE_GROUPS: u32 = 1040;
pub(super) const SOURCE_RPM: u32 = 1044;
pub(super) const RPM_VERSION: u32 = 1064;
pub(super) const CHANGELOG_TIME: u32 = 1080;
pub(super) const CHANGELOG_NAME: u32 = 1081;
pub(super) const CHANGELOG_TEXT: u32 = 1082;
pub(super) const FILE_DEVICES: u32 = 1095;
pub(super) const FILE_INODES: u32 = 1096;
pub(super) const SOURCE_PACKAGE: u32 = 1106;
pub(super) const DIR_INDEXES: u32 = 1116;
pub(super) const BASE_NAMES: u32 = 1117;
pub(super) const DIR_NAMES: u32 = 1118;
pub(super) const DIST_URL: u32 = 1123;
pub(super) const PAYLOAD_FORMAT: u32 = 1124;
pub(super) const PAYLOAD_COMPRESSOR: u32 = 1125;
pub(super) const PAYLOAD_FLAGS: u32 = 1126;
pub(super) const PLATFORM: u32 = 1132;
pub(super) const LONG_FILE_SIZES: u32 = 5008;
pub(super) const LONG_SIZE: u32 = 5009;
pub(super) const FILE_CAPABILITIES: u32 = 5010;
pub(super) const FILE_DIGEST_ALGORITHM: u32 = 5011;
pub(super) const BUG_URL: u32 = 5012;
pub(super) const VCS: u32 = 5034;
pub(super) const ENCODING: u32 = 5062;
pub(super) const PAYLOAD_SHA256: u32 = 5092;
pub(super) const PAYLOAD_SHA256_ALGORITHM: u32 = 5093;
pub(super) const MODULARITY_LABEL: u32 = 5096;
pub(super) const PAYLOAD_SHA256_ALT: u32 = 5097;
pub(super) const RPM_FORMAT: u32 = 5114;
pub(super) const PAYLOAD_SHA512: u32 = 5121;
pub(super) const PAYLOAD_SHA3_256: u32 = 5123;

/// Relations: their word, and the tags of names, versions and flags.
pub(super) const RELATIONS: [(&str, [u32; 3]); 9] = [
    ("Requires", [1049, 1050, 1048]),
    ("Recommends", [5046, 5047, 5048]),
    ("Suggests", [5049, 5050, 5051]),
    ("Supplements", [5052, 5053, 5054]),
    ("Enhances", [5055, 5056, 5057]),
    ("Conflicts", [1054, 1055, 1053]),
    ("Obsoletes", [1090, 1115, 1114]),
    ("Provides", [1047, 1113, 1112]),
    ("OrderWithRequires", [5035, 5036, 5037]),
];

/// What packages or files trigger a script: its word, the same three tags, the scripts and what runs them.
pub(super) const TRIGGERS: [(&str, [u32; 3], [u32; 2]); 3] = [
    ("trigger", [1066, 1067, 1068], [1065, 1092]),
    ("filetrigger", [5069, 5071, 5072], [5066, 5067]),
    ("transfiletrigger", [5079, 5081, 5082], [5076, 5077]),
];

/// Scripts: their word in spec files, and the tags of the text and of what runs it.
pub(super) const SCRIPTS: [(&str, u32, u32); 9] = [
    ("%pretrans", 1151, 1153),
    ("%pre", 1023, 1085),
    ("%post", 1024, 1086),
    ("%posttrans", 1152, 1154),
    ("%preuntrans", 5103, 5105),
    ("%preun", 1025, 1087),
    ("%postun", 1026, 1088),
    ("%postuntrans", 5104, 5106),
    ("%verify", 1079, 1091),
];
