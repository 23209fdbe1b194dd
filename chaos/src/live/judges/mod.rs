//! Who says whether the cluster kept its promises: one promise, one file.
//!
//! Invariant: a judge asks every node through what everybody may use, and knows nothing but the answers.

pub(super) mod acknowledged;
pub(super) mod equality;
pub(super) mod fresh;
