//! `rakit recover`: goes on after a majority was lost, with what one node still has.
//!
//! Invariant: `plan` changes nothing. `apply` makes new data elsewhere and only reads the old; it makes it only when
//! the operator has typed what is given up.

mod apply;
mod plan;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cluster::recovery::{KnownMembers, RecoveryPlan};
use store::RocksDisk;
use store::restore::{Survivor, SurvivorReport};

use super::output::Output;
use crate::failure::Failure;
use crate::{data, text};

/// What `rakit recover` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Look at the data of all survivors, propose the best, say what may be lost
    Plan {
        /// Data directory of a survivor that is stopped; may be repeated
        #[arg(value_name = "DIR", required = true)]
        dir: Vec<PathBuf>,
    },
    /// Make a new cluster of one node from the best survivor
    Apply(apply::Arguments),
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Plan { dir } => plan::run(dir, output),
        Verb::Apply(arguments) => apply::run(arguments, output),
    }
}

/// All survivors, and what is proposed.
struct Judged {
    survivors: Vec<Survivor<RocksDisk>>,
    plan: RecoveryPlan,
}

impl Judged {
    fn reports(&self) -> impl Iterator<Item = &SurvivorReport> {
        self.survivors.iter().map(Survivor::report)
    }

    fn best(&self) -> Option<&Survivor<RocksDisk>> {
        self.survivors.get(self.plan.best?)
    }
}

/// Looks at the data directories and judges them.
fn judge(directories: &[PathBuf]) -> Result<Judged, Failure> {
    let examine = |directory: &PathBuf| {
        Survivor::examine(RocksDisk::new(directory)).map_err(|error| {
            let shown = directory.display();
            let refused = data::refused(&error);
            Failure { text: format!("{shown}: {}", refused.text), ..refused }
        })
    };
    let survivors = directories.iter().map(examine).collect::<Result<Vec<_>, _>>()?;
    let reports: Vec<SurvivorReport> = survivors.iter().map(|survivor| survivor.report().clone()).collect();
    let of = |report: &SurvivorReport| (report.identity.cluster, report.identity.epoch);
    if reports.windows(2).any(|pair| pair.first().map(of) != pair.last().map(of)) {
        return Err(Failure::precondition(text!(
            "direktori-direktori itu bukan dari satu klaster dan satu epoch",
            "these directories are not of one cluster and one epoch"
        )));
    }
    let plan = cluster::recovery::plan(&reports).map_err(Failure::failed)?;
    Ok(Judged { survivors, plan })
}

/// The members that a survivor knows of.
fn known(report: &SurvivorReport) -> Result<KnownMembers, Failure> {
    KnownMembers::read(&report.membership).map_err(Failure::failed)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
