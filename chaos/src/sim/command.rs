//! `rakit-chaos sim`: one run, a sweep of many, what is left of a failing one, and the table of planted faults.
//!
//! Invariant: each seed of a sweep runs in a process of its own; whatever fails prints the one command that repeats it.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;

use super::complaints::Complaints;
use super::moment::reached_ms;
use super::report::{self, BROKEN, KEPT};
use super::run::run;
use super::sweep::{Child, Sweep, shrink};
use super::{Plan, Plant, Summary};

/// A run whose virtual time stands still for so long goes in circles.
const STUCK: Duration = Duration::from_secs(20);
/// Seeds that a planted fault gets to be noticed.
const PLANT_SEEDS_MAX: u64 = 40;

/// What a simulation is asked for.
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Seed of all choices; the first one of a sweep.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual seconds of faults.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Run that many seeds, each in a process of its own.
    #[arg(long, value_name = "SEEDS")]
    sweep: Option<u64>,
    /// Run each seed of the sweep twice: both must go the same way.
    #[arg(long, requires = "sweep")]
    twice: bool,
    /// Processes at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Leave out these faults of the plan, by number.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    without: Vec<usize>,
    /// Leave out faults as long as the seed still fails.
    #[arg(long)]
    shrink: bool,
    /// Plant a fault: the run must then fail.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
    /// Plant each fault in turn and say who noticed it.
    #[arg(long)]
    plants: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does what was asked for; answers the exit code.
pub fn execute(arguments: &Arguments, print: &mut dyn FnMut(&str)) -> u8 {
    let child = Child { seconds: arguments.seconds, plant: arguments.plant };
    if arguments.plants {
        return plants(arguments, print);
    }
    if let Some(seeds) = arguments.sweep {
        let (first, jobs, twice) = (arguments.seed, arguments.jobs, arguments.twice);
        let sweep = Sweep { first, seeds, jobs, child, twice };
        let total = sweep.run(&mut |outcome| outcome.complain(print));
        print(&if arguments.json { total.to_json() } else { total.to_text() });
        return total.code();
    }
    let plan = Plan::of(arguments.seed, arguments.seconds);
    if arguments.shrink {
        let left_out = shrink(&child, &plan, arguments.without.clone(), print);
        let kept = plan.steps.iter().enumerate().filter(|(number, _)| !left_out.contains(number));
        kept.for_each(|(number, step)| print(&format!("{number:>3} {step}")));
        print(&format!("repeat: {}", child.command_line(arguments.seed, &left_out)));
        return KEPT;
    }
    one(arguments, plan, print)
}

fn one(arguments: &Arguments, mut plan: Plan, print: &mut dyn FnMut(&str)) -> u8 {
    if !arguments.json {
        let mut text = format!(
            "seed {}: {} nodes, those of the old release {:?}, ways up to {} ms, {} % lost, {} s\n",
            plan.seed, plan.nodes, plan.outdated, plan.latency_ms, plan.loss_percent, arguments.seconds
        );
        for (number, step) in plan.steps.iter().enumerate() {
            let out = if arguments.without.contains(&number) { "(left out) " } else { "" };
            // Writing to a text cannot fail.
            writeln!(text, "{number:>3} {out}{step}").ok();
        }
        print(text.trim_end());
    }
    let mut number = 0_usize;
    plan.steps.retain(|_| {
        let kept = !arguments.without.contains(&number);
        number = number.saturating_add(1);
        kept
    });
    let complaints = Complaints::default();
    complaints.heed_panics();
    watch_out(complaints.clone(), arguments.json);
    let summary = run(&plan, arguments.plant, &complaints);
    print(&report::told(&summary, arguments.json));
    report::code(&summary)
}

/// Ends the process when virtual time stands still, with what was wrong until then: such a run never ends by itself.
fn watch_out(complaints: Complaints, json: bool) {
    let watched = std::thread::Builder::new().name("guard".to_owned()).spawn(move || {
        let mut before = u64::MAX;
        while before != reached_ms() {
            before = reached_ms();
            std::thread::park_timeout(STUCK);
        }
        let harness = Some(format!("virtual time stands still at {before} ms"));
        report::stuck(&Summary { complaints: complaints.list(), harness, ..Summary::default() }, json);
    });
    // Without a guard a run that goes in circles is ended by whoever waits for it.
    drop(watched);
}

/// The table: planted fault, the judge whose promise it breaks, all who noticed, seed, runs needed.
fn plants(arguments: &Arguments, print: &mut dyn FnMut(&str)) -> u8 {
    let mut code = KEPT;
    print("planted fault | judge who must notice | noticed by | seed | runs");
    print("---|---|---|---|---");
    for plant in Plant::ALL {
        if arguments.plant.is_some_and(|wanted| wanted != plant) {
            continue;
        }
        let child = Child { seconds: arguments.seconds, plant: Some(plant) };
        let first = arguments.seed;
        let noticed = child.first_noticed(plant.judge(), (first, PLANT_SEEDS_MAX), arguments.jobs);
        if let Some((seed, judges)) = noticed {
            let runs = seed.saturating_sub(first).saturating_add(1);
            print(&format!("{} | {} | {judges} | {seed} | {runs}", plant.name(), plant.judge()));
        } else {
            print(&format!("{} | {} | NOT NOTICED | - | {PLANT_SEEDS_MAX}", plant.name(), plant.judge()));
            code = BROKEN;
        }
    }
    code
}
