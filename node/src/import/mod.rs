//! Loading a cluster with what others published: regions, accounts and forms, from tables to the API.
//!
//! Invariant: an import changes nothing when it is run again, and goes on by itself when a node dies.

pub mod abroad;
pub mod accounts;
pub mod codes;
pub mod feed;
pub mod regions;
pub mod summary;
pub mod table;
pub mod tallies;
mod verdict;
