//! The verbs of the command that run a cluster of processes: one a file.
//!
//! Invariant: a verb reads its arguments, runs a scenario of the library, prints, and answers an exit code.

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::Trouble;
use clap::Args;

use crate::{BROKEN, HARNESS, TOO_LITTLE, complain};

pub(crate) mod backup;
pub(crate) mod crash;
pub(crate) mod gaps;
pub(crate) mod live;
pub(crate) mod members;
pub(crate) mod snapshot;
pub(crate) mod soak;

/// What all of them take.
#[derive(Args)]
pub(crate) struct Ground {
    /// Where the data of the nodes is made
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The program under test; the one beside this program otherwise
    #[arg(long, value_name = "FILE")]
    rakit: Option<PathBuf>,
}

impl Ground {
    /// These arguments again, for another run of this program.
    fn words(&self) -> Vec<String> {
        let named = [("--dir", &self.dir), ("--rakit", &self.rakit)];
        let given = named.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        given.flat_map(|(name, path)| [name.to_owned(), path.display().to_string()]).collect()
    }

    /// The program under test: named, or beside this one.
    pub(crate) fn rakit(&self) -> Result<PathBuf, Trouble> {
        let beside = || Some(std::env::current_exe().ok()?.parent()?.join("rakit"));
        let rakit = self.rakit.clone().or_else(beside);
        rakit.ok_or_else(|| Trouble::Harness("where is rakit? name it with --rakit".to_owned()))
    }
}

/// Runs a scenario on the program under test, and prints what it came to.
fn play<R: Display>(
    ground: &Ground,
    scenario: impl FnOnce(PathBuf) -> (R, Result<(), Trouble>),
) -> Result<R, Trouble> {
    let (report, result) = scenario(ground.rakit()?);
    drop(write!(std::io::stdout(), "{report}"));
    result.map(|()| report)
}

/// The exit code of what a scenario came to.
fn code_of<R>(result: &Result<R, Trouble>) -> ExitCode {
    let Err(trouble) = result else { return ExitCode::SUCCESS };
    complain(&trouble.to_string());
    ExitCode::from(match trouble {
        Trouble::Violation(_) => BROKEN,
        Trouble::Harness(_) => HARNESS,
        Trouble::TooLittle(_) => TOO_LITTLE,
    })
}
