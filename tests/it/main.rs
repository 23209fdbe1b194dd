//! The black-box tests: what a person, a client or an operator can see of the built program.
//!
//! Invariant: nothing here reaches into a node. Clusters are real processes started through
//! `rakit demo --no-play`; waiting is always for a condition, with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test that meets something unexpected should stop there and say so"
)]

mod accounts;
mod bad_input;
mod command_line;
mod complaints;
mod crash;
mod damage;
mod disaster;
mod edge;
mod entry_app;
mod equality;
mod failover;
mod import;
mod joining;
mod photos;
mod proxies;
mod public_read;
mod publish;
mod raw_requests;
mod restart;
mod scenarios;
mod sim;
mod site;
mod tidy;
mod tls;
mod write_path;
