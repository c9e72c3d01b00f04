//! Which tags say what of a package that is read: its relations, triggers and scripts. Numbers that are written, too, are in
//! [`tags`](super::super::tags).

use super::super::tags;

/// Relations: their word, and the tags of names, versions and flags.
pub(super) const RELATIONS: [(&str, [u32; 3]); 9] = [
    ("Requires", tags::REQUIRES),
    ("Recommends", tags::RECOMMENDS),
    ("Suggests", tags::SUGGESTS),
    ("Supplements", [5052, 5053, 5054]),
    ("Enhances", tags::ENHANCES),
    ("Conflicts", tags::CONFLICTS),
    ("Obsoletes", tags::OBSOLETES),
    ("Provides", tags::PROVIDES),
    ("OrderWithRequires", tags::ORDER),
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
    ("%pre", tags::PRE_IN, tags::PRE_IN_PROG),
    ("%post", tags::POST_IN, tags::POST_IN_PROG),
    ("%posttrans", 1152, 1154),
    ("%preuntrans", 5103, 5105),
    ("%preun", tags::PRE_UN, tags::PRE_UN_PROG),
    ("%postun", tags::POST_UN, tags::POST_UN_PROG),
    ("%postuntrans", 5104, 5106),
    ("%verify", 1079, 1091),
];
