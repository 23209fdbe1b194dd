//! Makes Rakit fail in every way a machine can, then judges what it did.
//!
//! So far the part that comes before all others: [`doctor`] finds out which faults this machine lets a
//! test inject, by injecting each one on something worthless.

pub mod doctor;
