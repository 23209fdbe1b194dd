//! `rakit-chaos`: reads the command line and prints; everything else is in the library.
//!
//! Exit codes: 0 all promises kept, 1 one was broken, 2 usage, or too little happened to prove anything, 3 the harness
//! itself failed, 4 kept as far as this machine allows the faults or the comparison, which is not all of them.

mod verbs;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Crash(verbs::crash::Arguments),
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
    /// Name scenarios, faults, judges and planted faults.
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// All live scenarios and simulated seeds again and again, until stopped.
    Soak(verbs::soak::Arguments),
    /// Measure how long nobody is answered when leadership moves, as planned and by kills.
    Gaps(verbs::gaps::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Doctor { json } => doctor(json),
        Verb::Crash(arguments) => verbs::crash::run(&arguments),
        Verb::Snapshot(arguments) => verbs::snapshot::run(&arguments),
        Verb::Backup(arguments) => verbs::backup::run(&arguments),
        Verb::Members(arguments) => verbs::members::run(&arguments),
        Verb::Sim(arguments) => ExitCode::from(chaos::sim::command::execute(&arguments, &mut print)),
        Verb::Live(arguments) => verbs::live::run(&arguments),
        Verb::List { json } => list(json),
        Verb::Soak(arguments) => verbs::soak::run(&arguments),
        Verb::Gaps(arguments) => verbs::gaps::run(&arguments),
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

fn list(json: bool) -> ExitCode {
    let catalogue = chaos::catalogue::Catalogue::new();
    let text = if json { serde_json::to_string_pretty(&catalogue) } else { Ok(catalogue.to_text()) };
    match text {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("rakit-chaos: {error}"));
            ExitCode::FAILURE
        }
    }
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
