//! The harness of the black-box tests and benches: real processes, real sockets, real files.
//!
//! Invariants: everything a test starts ends with it, also when it fails; waiting is for a condition and
//! has a deadline; nothing here is shared with the program under test but the contract in its documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness that meets something unexpected stops the test there and says what it met"
)]

pub mod browser;
pub mod clamd;
pub mod client;
pub mod cluster;
pub mod country;
pub mod form;
pub mod guest;
pub mod pictures;
pub mod process;
pub mod program;
pub mod register;
pub mod wait;
