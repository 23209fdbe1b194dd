//! `rakit-chaos snapshot`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::snapshot::{self, Plan};
use clap::Args;

use crate::{HARNESS, code_of, complain, program};

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
    /// Where the data of the nodes is made: some six times the snapshot
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The program under test; the one beside this program otherwise
    #[arg(long, value_name = "FILE")]
    rakit: Option<PathBuf>,
    /// Only tell how slow writes were and whether leadership changed; do not fail
    #[arg(long)]
    unjudged: bool,
}

/// Runs it.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Some(rakit) = program(arguments.rakit) else {
        complain("rakit-chaos: where is rakit? name it with --rakit");
        return ExitCode::from(HARNESS);
    };
    let megabytes = arguments.megabytes.unwrap_or_else(|| arguments.gigabytes.saturating_mul(1024));
    let bytes = megabytes.saturating_mul(MEBIBYTE);
    let (cuts, judged) = (arguments.cuts, !arguments.unjudged);
    let plan = Plan { bytes, cuts, rakit, below: arguments.dir, judged };
    let (report, result) = snapshot::run(&plan, &mut complain);
    drop(write!(std::io::stdout(), "{report}"));
    code_of(&result)
}
