//! The shapes of `api.md`, field for field in its order, and the only place where text becomes values.
//!
//! Invariant: what left this module is typed; nobody looks at a JSON value, a code or a digit behind it.

pub mod accounts;
pub mod anomalies;
pub mod attachments;
pub mod audit;
pub mod batch;
pub mod body;
pub mod changes;
pub mod cluster;
pub mod complaints;
pub mod contests;
pub mod epochs;
pub mod flags;
pub mod form;
pub mod forms;
pub mod joining;
pub mod master;
pub mod messages;
pub mod outcome;
mod proposals;
pub mod receipt;
pub mod regions;
pub mod requests;
pub mod results;
pub mod search;
pub mod session;
pub(crate) mod sirekap;
pub mod stations;
pub mod status;
pub mod steps;
pub mod submission;
pub mod text;
pub mod upkeep;
