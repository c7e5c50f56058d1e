//! Longer texts, for people: the files of the folder `docs`, and the changelog.

/// [observing]: crate::guide::observing
/// [stores]: crate::guide::stores
#[doc = include_str!("../docs/pictures/inline.md")]
#[doc = include_str!("../docs/calls.md")]
pub mod calls {}

#[doc = include_str!("../docs/paging.md")]
pub mod paging {}

#[doc = include_str!("../docs/credentials.md")]
pub mod credentials {}

/// [comparison]: crate::guide::comparison
/// [paging]: crate::guide::paging
/// [stopping]: crate::guide::stopping
#[doc = include_str!("../docs/threads.md")]
pub mod threads {}

/// [security]: crate::guide::security
#[doc = include_str!("../docs/stores.md")]
pub mod stores {}

#[doc = include_str!("../docs/observing.md")]
pub mod observing {}

/// [migration]: crate::guide::migration
/// [scripts]: crate::guide::scripts
#[doc = include_str!("../docs/stopping.md")]
pub mod stopping {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

/// [codes]: crate#errors-and-exit-codes
/// [stopping]: crate::guide::stopping
#[doc = include_str!("../docs/scripts.md")]
pub mod scripts {}

/// [design]: crate::guide::design
#[doc = include_str!("../docs/migration.md")]
pub mod migration {}

#[doc = include_str!("../docs/pictures/inline.md")]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

/// [changelog]: crate::guide::changelog
/// [observing]: crate::guide::observing
#[doc = include_str!("../docs/platforms.md")]
pub mod platforms {}

#[doc = include_str!("../docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("../docs/servers.md")]
pub mod servers {}

/// [platforms]: crate::guide::platforms
#[doc = include_str!("../docs/promises.md")]
pub mod promises {}

#[doc = include_str!("../SECURITY.md")]
pub mod security {}

/// [paging]: crate::guide::paging
#[doc = include_str!("../docs/pictures/inline.md")]
#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changelog {}
