//! `rakit-chaos snapshot`.

use std::process::ExitCode;

use chaos::live::snapshot::{self, Plan};
use clap::Args;

use super::{Ground, code_of, play};
use crate::complain;

const MEBIBYTE: u64 = 1024 * 1024;

/// What `snapshot` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Size of the snapshot in GiB
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "megabytes")]
    gigabytes: u64,
    /// Size of the snapshot in MiB, where less is enough
    #[arg(long, value_name = "N")]
    megabytes: Option<u64>,
    /// Cuts of the transfer: the receiver killed, its connections ended, the leader killed, in turn
    #[arg(long, value_name = "N", default_value_t = 2)]
    cuts: u32,
    #[command(flatten)]
    ground: Ground,
    /// Only tell how slow writes were and whether leadership changed; do not fail
    #[arg(long)]
    unjudged: bool,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let megabytes = arguments.megabytes.unwrap_or_else(|| arguments.gigabytes.saturating_mul(1024));
    let bytes = megabytes.saturating_mul(MEBIBYTE);
    let (cuts, judged) = (arguments.cuts, !arguments.unjudged);
    let below = arguments.ground.dir.clone();
    let played = play(&arguments.ground, |rakit| {
        snapshot::run(&Plan { bytes, cuts, rakit, below, judged }, &mut complain)
    });
    code_of(&played)
}
