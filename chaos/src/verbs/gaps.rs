//! `rakit-chaos gaps`.

use std::process::ExitCode;

use chaos::live::gaps::{self, Plan};
use clap::Args;

use super::{Ground, code_of, play};
use crate::{SKIPPED, complain};

/// What `gaps` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Planned hand-overs
    #[arg(long, value_name = "N", default_value_t = 50)]
    handovers: u32,
    /// Kills of the leader
    #[arg(long, value_name = "N", default_value_t = 50)]
    kills: u32,
    /// Kill the leader of an etcd as often, with the same client: with its defaults, and with quicker timers
    #[arg(long)]
    beside_etcd: bool,
    /// Only tell; do not fail when a gap is longer than it must be
    #[arg(long)]
    unjudged: bool,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let (handovers, kills, beside_etcd) = (arguments.handovers, arguments.kills, arguments.beside_etcd);
    let (below, judged) = (arguments.ground.dir.clone(), !arguments.unjudged);
    let played = play(&arguments.ground, |rakit| {
        gaps::run(&Plan { handovers, kills, rakit, below, beside_etcd, judged }, &mut complain)
    });
    match played {
        Ok(gaps) if gaps.skipped.is_some() => ExitCode::from(SKIPPED),
        played => code_of(&played),
    }
}
