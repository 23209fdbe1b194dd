//! `rakit backup`: takes a backup of a running cluster, or verifies one.
//!
//! Invariant: a backup that is said to be whole was read back from its disk, byte by byte.

mod take;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use store::RocksDisk;
use store::backup::{BackupDirectory, BackupManifest, Fault, Verified};

use super::operator::Operator;
use super::output::Output;
use crate::failure::Failure;
use crate::{data, text};

/// What `rakit backup` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Directory of backups; made where it is missing
    #[arg(value_name = "DIR", required = true)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check every byte and row of a backup
    Verify {
        /// Directory of backups
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Name of the backup; the newest without it
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    if let Some(Verb::Verify { dir, id }) = &arguments.verb {
        return verify::run(dir, id.as_deref(), output);
    }
    take::run(&arguments.dir.clone().unwrap_or_default(), &arguments.operator, output)
}

/// A backup that was verified, and the directory it is in.
pub struct Checked {
    /// The directory.
    pub directory: BackupDirectory<RocksDisk>,
    /// The backup.
    pub verified: Verified,
}

/// What is wrong with a backup, as one line.
fn damaged(faults: &[Fault]) -> Failure {
    let lines: Vec<String> =
        faults.iter().map(|Fault { file, detail }| format!("{file}: {detail}")).collect();
    let lines = lines.join("; ");
    Failure::failed(text!("cadangan rusak: {lines}", "the backup is damaged: {lines}"))
}

/// The manifest of a backup, of the newest where none is named.
fn manifest(
    directory: &BackupDirectory<RocksDisk>,
    dir: &Path,
    id: Option<&str>,
) -> Result<BackupManifest, Failure> {
    let ids = directory.list().map_err(|error| data::refused(&error))?;
    let wanted = id.map(str::to_owned).or_else(|| ids.last().cloned());
    let Some(id) = wanted.filter(|id| ids.contains(id)) else {
        let shown = dir.display();
        return Err(Failure::precondition(text!(
            "{shown}: tidak ada cadangan seperti itu",
            "{shown}: there is no such backup"
        )));
    };
    directory.manifest(&id).map_err(|error| Failure::failed(error.to_string()))
}

/// A directory for a database that is only looked at; gone with this.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| Failure::failed(error.to_string()))?;
        let name = tally::ids::hex(&random);
        let path = std::env::temp_dir().join(format!("rakit-verify-{name}"));
        crate::durable::create_directory(&path).map_err(|error| {
            let shown = path.display();
            Failure::failed(format!("{shown}: {error}"))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // References and a log of the library: nothing that anybody would miss.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Checks every byte and row of a backup, without changing it.
pub fn check(dir: &Path, id: Option<&str>) -> Result<Checked, Failure> {
    let directory = BackupDirectory::open(RocksDisk::new(dir)).map_err(|error| data::refused(&error))?;
    let manifest = manifest(&directory, dir, id)?;
    let faults = directory.faults(&manifest).map_err(|error| Failure::failed(error.to_string()))?;
    if !faults.is_empty() {
        return Err(damaged(&faults));
    }
    let scratch = Scratch::make()?;
    let verified = directory.verify_rows(&manifest, &RocksDisk::new(&scratch.0));
    let verified = verified.map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Checked { directory, verified })
}
