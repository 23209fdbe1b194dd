//! Makes Rakit fail in every way a machine can, then judges what it did.
//!
//! [`doctor`] finds out which faults this machine lets a test inject, by injecting each one on something worthless;
//! [`live`] injects them into clusters of real processes under load, [`sim`] into a cluster in one thread and virtual
//! time. What is promised is judged by [`judges`]; [`report`] shows a run to people.

pub mod catalogue;
mod chance;
pub mod course;
pub mod doctor;
pub mod judges;
pub mod live;
pub mod report;
pub mod sim;
pub mod soak;
mod steps;
