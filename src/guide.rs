//! Longer texts, for people: the files of the folder `docs`, and the changelog.

/// [design]: crate::guide::design
#[doc = include_str!("../docs/migration.md")]
pub mod migration {}

#[doc = include_str!("../docs/paging.md")]
pub mod paging {}

#[doc = include_str!("../docs/credentials.md")]
pub mod credentials {}

#[doc = include_str!("../docs/servers.md")]
pub mod servers {}

#[doc = include_str!("../docs/scripts.md")]
pub mod scripts {}

#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../docs/promises.md")]
pub mod promises {}

#[doc = include_str!("../docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("../SECURITY.md")]
pub mod security {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changelog {}
