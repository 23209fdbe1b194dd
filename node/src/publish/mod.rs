//! The public site as a tree of files, for any web server, CDN or object store.
//!
//! ```text
//! DIR/current                   link to the version that is shown
//! DIR/versions/NNNNNNNNNN/      whole versions, never changed; `manifest.json` lists every file of one
//! DIR/.partial/                 the version that is being made
//! DIR/.lock                     held by the publisher
//! ```
//!
//! Invariant: what `current` leads to is whole at every moment, also after a crash or a power cut: a version is made
//! aside, flushed, renamed, and only then shown. A later version is never older than the one before, and each of its
//! pages adds up. It is a client of `public` listeners and goes through the same HTTP as everyone else.

pub mod address;
pub mod depth;
pub mod directory;
pub mod draft;
pub mod manifest;
pub mod packed;
pub mod round;
pub mod source;
mod station;
mod sums;
pub mod walk;
