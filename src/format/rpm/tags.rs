//! Numbers of the format: header tags, flags of files and of relations (rpm.org, "Tags", "Dependencies"; rpmtag.h,
//! rpmds.h and rpmfiles.h of rpm 4.18). Those that are written or read.

/// What the region of a header is called: the signature's and the main one's.
pub(super) const HEADER_SIGNATURES: u32 = 62;
pub(super) const HEADER_IMMUTABLE: u32 = 63;
/// The languages of translated texts.
pub(super) const I18N_TABLE: u32 = 100;

/// Tags of the signature header. Those above 1000 mean something else than in the main one.
pub(super) mod signature {
    pub(in super::super) const DSA_HEADER: u32 = 267;
    pub(in super::super) const RSA_HEADER: u32 = 268;
    pub(in super::super) const SHA1_HEADER: u32 = 269;
    pub(in super::super) const LONG_SIZE: u32 = 270;
    pub(in super::super) const LONG_ARCHIVE_SIZE: u32 = 271;
    pub(in super::super) const SHA256_HEADER: u32 = 273;
    pub(in super::super) const OPENPGP: u32 = 278;
    pub(in super::super) const SHA3_256_HEADER: u32 = 279;
    pub(in super::super) const SIZE: u32 = 1000;
    pub(in super::super) const PGP: u32 = 1002;
    pub(in super::super) const MD5: u32 = 1004;
    pub(in super::super) const GPG: u32 = 1005;
    pub(in super::super) const PAYLOAD_SIZE: u32 = 1007;
}

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
pub(super) const PRE_IN: u32 = 1023;
pub(super) const POST_IN: u32 = 1024;
pub(super) const PRE_UN: u32 = 1025;
pub(super) const POST_UN: u32 = 1026;
pub(super) const OLD_FILE_NAMES: u32 = 1027;
pub(super) const FILE_SIZES: u32 = 1028;
pub(super) const FILE_MODES: u32 = 1030;
pub(super) const FILE_RDEVS: u32 = 1033;
pub(super) const FILE_MTIMES: u32 = 1034;
pub(super) const FILE_DIGESTS: u32 = 1035;
pub(super) const FILE_LINK_TOS: u32 = 1036;
pub(super) const FILE_FLAGS: u32 = 1037;
pub(super) const FILE_USER_NAME: u32 = 1039;
pub(super) const FILE_GROUP_NAME: u32 = 1040;
pub(super) const SOURCE_RPM: u32 = 1044;
pub(super) const FILE_VERIFY_FLAGS: u32 = 1045;
pub(super) const RPM_VERSION: u32 = 1064;
pub(super) const CHANGELOG_TIME: u32 = 1080;
pub(super) const CHANGELOG_NAME: u32 = 1081;
pub(super) const CHANGELOG_TEXT: u32 = 1082;
pub(super) const PRE_IN_PROG: u32 = 1085;
pub(super) const POST_IN_PROG: u32 = 1086;
pub(super) const PRE_UN_PROG: u32 = 1087;
pub(super) const POST_UN_PROG: u32 = 1088;
pub(super) const FILE_DEVICES: u32 = 1095;
pub(super) const FILE_INODES: u32 = 1096;
pub(super) const FILE_LANGS: u32 = 1097;
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
pub(super) const FILE_DIGEST_ALGO: u32 = 5011;
pub(super) const BUG_URL: u32 = 5012;
pub(super) const VCS: u32 = 5034;
pub(super) const ENCODING: u32 = 5062;
pub(super) const PAYLOAD_DIGEST: u32 = 5092;
pub(super) const PAYLOAD_DIGEST_ALGO: u32 = 5093;
pub(super) const MODULARITY_LABEL: u32 = 5096;
pub(super) const PAYLOAD_DIGEST_ALT: u32 = 5097;
pub(super) const RPM_FORMAT: u32 = 5114;
pub(super) const PAYLOAD_SHA512: u32 = 5121;
pub(super) const PAYLOAD_SHA3_256: u32 = 5123;

/// The tags of relations: names, versions, flags.
pub(super) const PROVIDES: [u32; 3] = [1047, 1113, 1112];
pub(super) const REQUIRES: [u32; 3] = [1049, 1050, 1048];
pub(super) const CONFLICTS: [u32; 3] = [1054, 1055, 1053];
pub(super) const OBSOLETES: [u32; 3] = [1090, 1115, 1114];
pub(super) const ORDER: [u32; 3] = [5035, 5036, 5037];
pub(super) const RECOMMENDS: [u32; 3] = [5046, 5047, 5048];
pub(super) const SUGGESTS: [u32; 3] = [5049, 5050, 5051];
pub(super) const ENHANCES: [u32; 3] = [5055, 5056, 5057];

/// SHA-256 in `FILEDIGESTALGO` and `PAYLOADDIGESTALGO` (RFC 4880, 9.4).
pub(super) const SHA256: u32 = 8;

/// How a version is compared, and what a relation is for.
pub(super) mod sense {
    pub(in super::super) const LESS: u32 = 1 << 1;
    pub(in super::super) const GREATER: u32 = 1 << 2;
    pub(in super::super) const EQUAL: u32 = 1 << 3;
    pub(in super::super) const INTERPRETER: u32 = 1 << 8;
    pub(in super::super) const PRE: u32 = 1 << 9;
    pub(in super::super) const POST: u32 = 1 << 10;
    pub(in super::super) const PRE_UN: u32 = 1 << 11;
    pub(in super::super) const POST_UN: u32 = 1 << 12;
    pub(in super::super) const RPMLIB: u32 = 1 << 24;
    pub(in super::super) const CONFIG: u32 = 1 << 28;
}

/// What a file is to rpm.
pub(super) mod file {
    pub(in super::super) const CONFIG: u32 = 1;
    pub(in super::super) const DOC: u32 = 1 << 1;
    pub(in super::super) const MISSING_OK: u32 = 1 << 3;
    pub(in super::super) const NOREPLACE: u32 = 1 << 4;
    pub(in super::super) const LICENSE: u32 = 1 << 7;
}
