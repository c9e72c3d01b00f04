//! Validated names. A word from a recipe, a command line or a container becomes one of these types before it may
//! reach a daemon, a path, a shell or a URL. Nothing here reads files or knows a recipe.

mod address;
mod amount;
mod apart;
mod checkout;
mod concern;
mod distribution;
mod forge;
mod git;
mod git_url;
mod machine;
mod marker;
mod parts;
mod python;
mod reference;
mod relation;
mod text;
mod version;
mod wheel_tags;

pub use address::{Address, login as login_of_address, shown as shown_address, without_login};
pub use amount::{Bytes, InvalidAmount, Period};
pub use apart::Apart;
pub use checkout::CheckoutId;
pub use concern::{Allowance, Concern, Severity, Topic};
pub use distribution::normalise;
pub use forge::{ApiUrl, ForgeKind, ForgeProject};
pub use git::{Commit, RefName, RepositoryName, SourceName, in_source};
pub use git_url::{BadGitUrl, GitUrl, Transport};
pub use machine::Machine;
pub use marker::{BadMarker, Marker};
pub use parts::{Override, Scripts, User};
pub use python::PythonVersion;
pub use reference::{ImageReference, familiar};
pub use relation::{BadRelation, Relation, VERSION};
pub use text::{
    Account, ArchName, ImageName, InvalidName, PackageName, PlatformId, ProjectName, Repository, RunAs, SdistFile,
    Sha256, StoreKey, Tag, UserName, WheelFile,
};
pub use version::{Release, UnclearVersion, UpstreamVersion, dpkg_order};
pub use wheel_tags::{build_of, windows_fit};
