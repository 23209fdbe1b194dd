//! `rakit-chaos backup`.

use std::process::ExitCode;

use chaos::live::backup::{self, Plan};
use clap::Args;

use super::{Ground, code_of, play};
use crate::complain;

/// What `backup` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Writes before the backup, before the first death, and before the last two
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    writes: u64,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let below = arguments.ground.dir.clone();
    let played = play(&arguments.ground, |rakit| {
        backup::run(&Plan { writes: arguments.writes, rakit, below }, &mut complain)
    });
    code_of(&played)
}
