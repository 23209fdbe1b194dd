//! Makes Rakit fail in every way a machine can, then judges what it did.
//!
//! [`doctor`] finds out which faults this machine lets a test inject, by injecting each one on something worthless;
//! [`live`] injects them into clusters of real processes under load; [`report`] shows a run to people.

pub mod doctor;
pub mod live;
pub mod report;
