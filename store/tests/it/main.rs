//! The store, tested through what it shows to others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test stops at the first surprise"
)]

mod backup;
mod blobs;
mod codec;
mod complaints;
mod crashes;
mod damage;
mod data_directory;
mod fsck;
mod levels;
mod log;
mod machine;
mod snapshot;
mod steps;
mod world;
