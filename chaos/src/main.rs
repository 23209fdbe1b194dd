//! `rakit-chaos`: reads the command line and prints; everything else is in the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
}

fn main() -> ExitCode {
    let Verb::Doctor { json } = Arguments::parse().verb;
    let printed = chaos::doctor::examine().and_then(|report| {
        let text = if json { report.to_json() } else { report.to_table() };
        std::io::stdout().lock().write_all(text.as_bytes())
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            drop(writeln!(std::io::stderr(), "rakit-chaos: {error}"));
            ExitCode::FAILURE
        }
    }
}
