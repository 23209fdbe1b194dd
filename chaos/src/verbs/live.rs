//! `rakit-chaos live`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chaos::live::storm::{self, Plan, Scenario, StormPlant};
use clap::Args;

use super::{Ground, code_of};
use crate::{HARNESS, SKIPPED, complain};

/// What `live` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What happens.
    #[arg(value_enum)]
    scenario: Scenario,
    /// Nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = three_or_five)]
    nodes: usize,
    /// How long.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..))]
    seconds: u64,
    /// Seed of all choices.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write report.html, summary.json and history.jsonl there.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Only tell how long nobody was answered; do not fail when that is longer than it must be.
    #[arg(long)]
    unjudged: bool,
    /// Plant a fault: the run must then fail. May be given more than once.
    #[arg(long = "plant", value_name = "PLANT", value_enum)]
    plants: Vec<StormPlant>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let rakit = match arguments.ground.rakit() {
        Ok(rakit) => rakit,
        Err(trouble) => return code_of::<()>(&Err(trouble)),
    };
    let (below, judged) = (arguments.ground.dir.clone(), !arguments.unjudged);
    let (scenario, nodes, seconds) = (arguments.scenario, arguments.nodes, arguments.seconds);
    let (seed, plants) = (arguments.seed, arguments.plants.clone());
    let plan = Plan { scenario, nodes, seconds, seed, rakit, below, plants, judged };
    complain(&format!("{}: {}", scenario.name(), scenario.sentence()));
    let (story, result) = storm::run(&plan, &mut complain);
    let told = if arguments.json { story.to_json() } else { Ok(story.to_text()) };
    let saved = arguments.report.as_ref().map_or(Ok(()), |directory| story.save(directory));
    let printed = told.and_then(|told| writeln!(std::io::stdout(), "{told}"));
    if let Err(error) = saved.and(printed) {
        complain(&format!("rakit-chaos: the report was not written: {error}"));
        return ExitCode::from(HARNESS);
    }
    if result.is_ok() && story.skipped.is_some() {
        return ExitCode::from(SKIPPED);
    }
    code_of(&result)
}

pub(super) fn three_or_five(text: &str) -> Result<usize, String> {
    match text {
        "3" => Ok(3),
        "5" => Ok(5),
        _ => Err("there are clusters of 3 and of 5".to_owned()),
    }
}
