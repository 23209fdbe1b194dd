//! `rakit-chaos members`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::members::{self, Plan};
use clap::Args;

use crate::{HARNESS, code_of, complain, program};

/// What `members` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Changes during which the leader is killed; each a promotion and a removal
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(..=11))]
    interruptions: u32,
    /// Leave out what takes long: orders that are refused only after a deadline, a node that comes back, two at once
    #[arg(long)]
    short: bool,
    /// Where the data of the nodes is made.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The program under test; the one beside this program otherwise.
    #[arg(long, value_name = "FILE")]
    rakit: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Some(rakit) = program(arguments.rakit) else {
        complain("rakit-chaos: where is rakit? name it with --rakit");
        return ExitCode::from(HARNESS);
    };
    let (interruptions, short) = (arguments.interruptions, arguments.short);
    let plan = Plan { interruptions, short, rakit, below: arguments.dir };
    let (report, result) = members::run(&plan, &mut complain);
    drop(write!(std::io::stdout(), "{report}"));
    code_of(&result)
}
