//! `rakit-chaos crash`.

use std::process::ExitCode;

use chaos::live::crash::{self, Plan};
use chaos::live::{Fault, Plant};
use clap::Args;

use super::{Ground, code_of, play};
use crate::{SKIPPED, complain};

/// What `crash` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rounds, each with one fault
    #[arg(long, value_name = "N", default_value_t = 8)]
    rounds: u32,
    /// Seed of all choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this fault; may be repeated. Without: kills and power losses of one and of all
    #[arg(long, value_enum)]
    fault: Vec<Fault>,
    /// Plant a fault into the nodes: the run must then fail
    #[arg(long, value_enum)]
    plant: Option<Plant>,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let named = &arguments.fault;
    let faults = if named.is_empty() { Fault::CRASHES.to_vec() } else { named.clone() };
    let (rounds, seed, plant) = (arguments.rounds, arguments.seed, arguments.plant);
    let below = arguments.ground.dir.clone();
    complain(&format!("crash: {rounds} rounds, seed {seed}, faults {faults:?}, plant {plant:?}"));
    let played = play(&arguments.ground, |rakit| {
        crash::run(&Plan { rounds, seed, faults, rakit, below, plant }, &mut complain)
    });
    match played {
        Ok(report) if report.skipped.is_some() => ExitCode::from(SKIPPED),
        played => code_of(&played),
    }
}
