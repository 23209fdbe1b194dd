//! `rakit-chaos backup`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::backup::{self, Plan};
use clap::Args;

use crate::{HARNESS, code_of, complain, program};

/// What `backup` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Writes before the backup, before the first death, and before the last two
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    writes: u64,
    /// Where the data of the nodes is made
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The program under test; the one beside this program otherwise
    #[arg(long, value_name = "FILE")]
    rakit: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Some(rakit) = program(arguments.rakit) else {
        complain("rakit-chaos: where is rakit? name it with --rakit");
        return ExitCode::from(HARNESS);
    };
    let plan = Plan { writes: arguments.writes, rakit, below: arguments.dir };
    let (report, result) = backup::run(&plan, &mut complain);
    drop(write!(std::io::stdout(), "{report}"));
    code_of(&result)
}
