//! `rakit-chaos soak`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chaos::live::storm::Scenario;
use chaos::soak::{self, Plan};
use clap::Args;

use super::Ground;
use super::live::three_or_five;
use crate::{HARNESS, print};

/// What `soak` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Begin no run after so many minutes; without, go on until stopped
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// End after so many runs: each scenario once with each number of nodes, and from the beginning
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Seconds of faults in each run
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..))]
    seconds: u64,
    /// Seed of the first run
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this scenario; may be repeated
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Only clusters of so many nodes; may be repeated
    #[arg(long, value_name = "N", value_parser = three_or_five)]
    nodes: Vec<usize>,
    /// Simulated seeds after each run
    #[arg(long, value_name = "N", default_value_t = 20)]
    simulated: u64,
    /// Leave a report of each run below that directory
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Only tell how long nobody was answered; do not fail when that is longer than it must be
    #[arg(long)]
    unjudged: bool,
    #[command(flatten)]
    ground: Ground,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let or_all = |named: &[Scenario]| if named.is_empty() { Scenario::ALL.to_vec() } else { named.to_vec() };
    let nodes = if arguments.nodes.is_empty() { vec![3, 5] } else { arguments.nodes.clone() };
    let mut passed_on = arguments.ground.words();
    passed_on.extend(arguments.unjudged.then(|| "--unjudged".to_owned()));
    let plan = Plan {
        scenarios: or_all(&arguments.scenario),
        nodes,
        seconds: arguments.seconds,
        seed: arguments.seed,
        simulated: arguments.simulated,
        time: arguments.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        runs: arguments.runs,
        passed_on,
        report: arguments.report.clone(),
    };
    let (total, code) = soak::run(&plan, &mut print);
    print(&total.to_text());
    ExitCode::from(u8::try_from(code).unwrap_or(HARNESS))
}
