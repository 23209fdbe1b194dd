//! The whole cluster in one thread and in virtual time: one seed, one run.
//!
//! Invariant: what runs is what ships, `tally`, `store` and `cluster` with openraft and hyper; only the database, the
//! disk, the network, the clock and chance are simulated. What is found is repeated by one command.

mod clock;
pub mod command;
mod complaints;
mod country;
mod disk;
mod history;
mod moment;
pub mod nemesis;
mod network;
mod node;
mod observe;
mod plant;
mod readings;
mod releases;
mod report;
mod run;
mod stream;
mod strike;
mod sweep;
mod trace;
mod workload;
mod world;

pub use nemesis::Plan;
pub use plant::Plant;
pub use run::Summary;
