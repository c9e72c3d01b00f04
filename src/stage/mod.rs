//! The staged files of a package: one pass over the archive stream of a built container, and the project's own files,
//! into one unlinked spool file. Every format reads the result in canonical order.

mod accounts;
mod path;
pub(crate) mod pe;
mod spool;
mod tarstream;
mod tree;
mod watch;

pub use accounts::{Accounts, AccountsError};
pub use path::TreePath;
pub use pe::{BadPe, Pe};
pub use spool::Spool;
pub use tarstream::{Limits, Place, Request, StageError, Staged, read_tar};
pub(crate) use tarstream::{Member, MemberKind, Members, UNKNOWN};
pub(crate) use tree::copy_all;
pub use tree::{CONTAINER, Entry, Kind, Owner, Role, TIME_OF_MODULES, Tree, TreeError};
pub use watch::Watch;
