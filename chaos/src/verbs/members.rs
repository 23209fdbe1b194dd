//! `rakit-chaos members`.

use std::process::ExitCode;

use chaos::live::members::{self, Plan};
use clap::Args;

use super::{Ground, code_of, play};
use crate::complain;

/// What `members` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Changes during which the leader is killed; each a promotion and a removal
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(..=11))]
    interruptions: u32,
    /// Leave out what takes long: orders that are refused only after a deadline, a node that comes back, two at once
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let (interruptions, short) = (arguments.interruptions, arguments.short);
    let below = arguments.ground.dir.clone();
    let played = play(&arguments.ground, |rakit| {
        members::run(&Plan { interruptions, short, rakit, below }, &mut complain)
    });
    code_of(&played)
}
