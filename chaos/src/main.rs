//! `rakit-chaos`: reads the command line and prints; everything else is in the library.
//!
//! Exit codes: 0 all promises kept, 1 one was broken, 2 usage, or too little happened to prove anything, 3 the harness itself failed, 4 kept as far as this
//! machine allows the faults, which is not all of them.

mod verbs;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::crash::{self, Plan};
use chaos::live::gaps;
use chaos::live::{Fault, Plant, Trouble};
use clap::{Args, Parser, Subcommand};

/// A promise was broken.
const BROKEN: u8 = 1;
/// Too little happened.
const TOO_LITTLE: u8 = 2;
/// The harness failed.
const HARNESS: u8 = 3;
/// Some faults could not be injected.
const SKIPPED: u8 = 4;

/// Fault injection for Rakit.
#[derive(Parser)]
#[command(name = "rakit-chaos", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Say which faults this machine allows, by trying each on something worthless.
    Doctor {
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Kill nodes and cut their power under load; every acknowledged write must be there afterwards.
    Crash(CrashArguments),
    /// Let nodes come and go under load: no request fails, wrong orders are refused, interrupted ones finished.
    Members(verbs::members::Arguments),
    /// Give an empty node a big snapshot under load and cut the way: it goes on where it was, nobody else notices.
    Snapshot(verbs::snapshot::Arguments),
    /// Back up under load and restore; destroy a majority: what is lost is what was announced.
    Backup(verbs::backup::Arguments),
    /// Run a whole cluster in one thread and virtual time, with faults that a seed draws.
    Sim(chaos::sim::command::Arguments),
    /// Faults of a kind, one after the other, under load of every kind; all promises judged, one page that shows it.
    Live(verbs::live::Arguments),
    /// Measure how long nobody is answered when leadership moves, as planned and by kills.
    Gaps {
        /// Planned hand-overs.
        #[arg(long, default_value_t = 50)]
        handovers: u32,
        /// Kills of the leader.
        #[arg(long, default_value_t = 50)]
        kills: u32,
        /// Where the data of the nodes is made.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The program under test; the one beside this program otherwise.
        #[arg(long, value_name = "FILE")]
        rakit: Option<PathBuf>,
        /// Kill the leader of an etcd as often, with the same client: with its defaults, and with quicker timers.
        #[arg(long)]
        beside_etcd: bool,
        /// Only tell; do not fail when a gap is longer than it must be.
        #[arg(long)]
        unjudged: bool,
    },
}

#[derive(Args)]
struct CrashArguments {
    /// Rounds, each with one fault.
    #[arg(long, default_value_t = 8)]
    rounds: u32,
    /// Seed of all choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this fault; may be repeated. Without: kills and power losses of one and of all.
    #[arg(long, value_enum)]
    fault: Vec<Fault>,
    /// Where the disks of the nodes are made.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The program under test; the one beside this program otherwise.
    #[arg(long, value_name = "FILE")]
    rakit: Option<PathBuf>,
    /// Plant a fault into the nodes: the run must then fail.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Doctor { json } => doctor(json),
        Verb::Crash(arguments) => crash(arguments),
        Verb::Snapshot(arguments) => verbs::snapshot::run(arguments),
        Verb::Backup(arguments) => verbs::backup::run(arguments),
        Verb::Members(arguments) => verbs::members::run(arguments),
        Verb::Sim(arguments) => ExitCode::from(chaos::sim::command::execute(&arguments, &mut print)),
        Verb::Live(arguments) => verbs::live::run(arguments),
        Verb::Gaps { handovers, kills, dir, rakit, beside_etcd, unjudged } => {
            let (below, judged) = (dir, !unjudged);
            measure(rakit, |rakit| gaps::Plan { handovers, kills, rakit, below, beside_etcd, judged })
        }
    }
}

/// A closed stream leaves nobody to tell.
fn complain(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// A closed stream leaves nobody to tell.
fn print(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

fn doctor(json: bool) -> ExitCode {
    let printed = chaos::doctor::examine().and_then(|report| {
        let text = if json { report.to_json() } else { report.to_table() };
        std::io::stdout().lock().write_all(text.as_bytes())
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("rakit-chaos: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The program under test: named, or beside this one.
fn program(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| Some(std::env::current_exe().ok()?.parent()?.join("rakit")))
}

fn code_of(result: &Result<(), Trouble>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(&trouble.to_string());
            ExitCode::from(match trouble {
                Trouble::Violation(_) => BROKEN,
                Trouble::Harness(_) => HARNESS,
                Trouble::TooLittle(_) => TOO_LITTLE,
            })
        }
    }
}

fn measure(rakit: Option<PathBuf>, plan: impl FnOnce(PathBuf) -> gaps::Plan) -> ExitCode {
    let Some(rakit) = program(rakit) else {
        complain("rakit-chaos: where is rakit? name it with --rakit");
        return ExitCode::from(HARNESS);
    };
    let (measured, result) = gaps::run(&plan(rakit), &mut complain);
    drop(write!(std::io::stdout(), "{measured}"));
    code_of(&result)
}

fn crash(arguments: CrashArguments) -> ExitCode {
    let Some(rakit) = program(arguments.rakit) else {
        complain("rakit-chaos: where is rakit? name it with --rakit");
        return ExitCode::from(HARNESS);
    };
    let faults = if arguments.fault.is_empty() { Fault::CRASHES.to_vec() } else { arguments.fault };
    let (rounds, seed, plant) = (arguments.rounds, arguments.seed, arguments.plant);
    let plan = Plan { rounds, seed, faults, rakit, below: arguments.dir, plant };
    complain(&format!("crash: {rounds} rounds, seed {seed}, faults {:?}, plant {plant:?}", plan.faults));
    let (report, result) = crash::run(&plan, &mut complain);
    drop(write!(std::io::stdout(), "{report}"));
    match result {
        Ok(()) if report.skipped.is_some() => ExitCode::from(SKIPPED),
        result => code_of(&result),
    }
}
