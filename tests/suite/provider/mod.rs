//! What the presets send.

mod presets;
