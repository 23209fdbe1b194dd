//! `rakit-chaos soak`: run after run of everything, until stopped or the time is over.
//!
//! Invariant: each run is a process of its own with a seed of its own, and what breaks a promise ends the soak with the
//! command that repeats it; totals are sums over runs, never means of means.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::live::storm::Scenario;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Scenarios, in turn.
    pub scenarios: Vec<Scenario>,
    /// Nodes of the clusters, in turn: one round of scenarios each.
    pub nodes: Vec<usize>,
    /// Length of a run.
    pub seconds: u64,
    /// Seed of the first run; each later one has the next.
    pub seed: u64,
    /// Simulated seeds after each run.
    pub simulated: u64,
    /// No run begins after that; without it and without a number of runs, nothing ends the soak but a broken promise.
    pub time: Option<Duration>,
    /// So many runs and no more.
    pub runs: Option<u64>,
    /// Arguments that every live run gets.
    pub passed_on: Vec<String>,
    /// Where each run leaves its report.
    pub report: Option<PathBuf>,
}

/// What all runs together came to.
#[derive(Clone, Debug, Default)]
pub struct Total {
    runs: u64,
    by_code: BTreeMap<i32, u64>,
    took_us: u64,
    missing_us: u64,
    operations: u64,
    unknown: u64,
    /// Longest waits around faults, by fault.
    waits: BTreeMap<String, Vec<u64>>,
    /// Verdicts by promise: kept, broken, open.
    verdicts: BTreeMap<String, [u64; 3]>,
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

impl Total {
    /// Adds the summary of a live run that ended with a code.
    fn add(&mut self, code: i32, summary: &Value) {
        add(&mut self.runs, 1);
        add(self.by_code.entry(code).or_default(), 1);
        add(&mut self.took_us, number(summary, "took_us"));
        add(&mut self.missing_us, number(summary, "missing_us"));
        add(&mut self.operations, number(summary, "operations"));
        add(&mut self.unknown, number(summary, "unknown"));
        for waits in list(summary, "waits") {
            let fault = waits.get("fault").and_then(Value::as_str).unwrap_or_default();
            let all = self.waits.entry(fault.to_owned()).or_default();
            all.extend(list(waits, "longest_ms").filter_map(Value::as_u64));
        }
        for verdict in list(summary, "verdicts") {
            let promise = verdict.get("promise").and_then(Value::as_str).unwrap_or_default();
            let [kept, broken, open] = self.verdicts.entry(promise.to_owned()).or_default();
            let counted = match verdict.get("kept").and_then(Value::as_bool) {
                Some(true) => kept,
                Some(false) => broken,
                None => open,
            };
            add(counted, 1);
        }
    }

    /// Share of the time outside gaps of more than 100 ms, in percent with three digits.
    #[must_use]
    pub fn availability_percent(&self) -> String {
        let there = u128::from(self.took_us.saturating_sub(self.missing_us));
        let share = there.saturating_mul(100_000).checked_div(u128::from(self.took_us)).unwrap_or(100_000);
        format!("{}.{:03}", share.div_euclid(1_000), share.rem_euclid(1_000))
    }

    /// What to tell.
    #[must_use]
    pub fn to_text(&self) -> String {
        let codes: Vec<String> =
            self.by_code.iter().map(|(code, runs)| format!("{runs} with code {code}")).collect();
        let minutes = self.took_us.div_euclid(60_000_000);
        let mut lines = vec![format!(
            "{} runs ({}), {minutes} min of load, {} operations, {} with an unknown outcome; writes answered {} % of the time",
            self.runs,
            codes.join(", "),
            self.operations,
            self.unknown,
            self.availability_percent()
        )];
        for (fault, waits) in &self.waits {
            let mut sorted = waits.clone();
            sorted.sort_unstable();
            let at = |percent: usize| {
                let place = sorted.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
                sorted.get(place).copied().unwrap_or_default()
            };
            let (times, median, high, worst) = (sorted.len(), at(50), at(99), at(100));
            lines.push(format!(
                "  {fault:48} {times:5}x  wait median {median} ms, 99 % {high}, worst {worst}"
            ));
        }
        for (promise, [kept, broken, open]) in &self.verdicts {
            lines.push(format!("  {promise}: kept in {kept} runs, broken in {broken}, open in {open}"));
        }
        lines.join("\n")
    }
}

/// Runs until the time or the runs are over or a promise is broken; `say` hears of each run, and of the totals after each. Answers the
/// totals and the exit code.
pub fn run(plan: &Plan, say: &mut dyn FnMut(&str)) -> (Total, i32) {
    let (mut total, began) = (Total::default(), Instant::now());
    let turns =
        plan.nodes.iter().flat_map(|nodes| plan.scenarios.iter().map(move |scenario| (nodes, scenario)));
    let turns: Vec<_> = turns.collect();
    let mut worst = 0;
    for (seed, (nodes, scenario)) in (plan.seed..).zip(turns.iter().cycle()) {
        let late = plan.time.is_some_and(|time| began.elapsed() >= time);
        if late || plan.runs.is_some_and(|runs| total.runs >= runs) {
            break;
        }
        let (code, summary) = live(plan, seed, **nodes, **scenario).unwrap_or_else(|error| {
            say(&format!("no run: {error}"));
            (HARNESS, Value::Null)
        });
        total.add(code, &summary);
        let what = format!("{} with {nodes} nodes, seed {seed}", scenario.name());
        let word = if code == 0 || code == SKIPPED { "kept" } else { "NOT KEPT" };
        say(&format!("{what}: {word}, code {code}\n{}", total.to_text()));
        let simulated = sim(plan, seed, say).unwrap_or_else(|error| {
            say(&format!("no simulation: {error}"));
            HARNESS
        });
        worst = gravest(worst, gravest(code, simulated));
        if worst == BROKEN {
            let repeat = summary.get("repeat").and_then(Value::as_str).unwrap_or_default();
            say(&format!("repeat: {repeat}"));
            break;
        }
    }
    (total, worst)
}

const BROKEN: i32 = 1;
const HARNESS: i32 = 3;
const SKIPPED: i32 = 4;

/// Of two exit codes the one that says the worse: broken, harness, too little, skipped, kept.
fn gravest(one: i32, other: i32) -> i32 {
    let gravity = |code: i32| match code {
        0 => 0,
        SKIPPED => 1,
        2 => 2,
        BROKEN => 4,
        _ => 3,
    };
    if gravity(one) >= gravity(other) { one } else { other }
}

/// This program once more.
fn again(arguments: impl IntoIterator<Item = String>) -> Result<(i32, Vec<u8>), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| error.to_string())?;
    Ok((output.status.code().unwrap_or(-1), output.stdout))
}

fn live(plan: &Plan, seed: u64, nodes: usize, scenario: Scenario) -> Result<(i32, Value), String> {
    let words = ["live", scenario.name(), "--json", "--nodes", &nodes.to_string()].map(str::to_owned);
    let length = ["--seconds".to_owned(), plan.seconds.to_string(), "--seed".to_owned(), seed.to_string()];
    let mut arguments: Vec<String> = words.into_iter().chain(length).collect();
    arguments.extend(plan.passed_on.iter().cloned());
    if let Some(report) = &plan.report {
        let directory = report.join(format!("{}-{nodes}-{seed}", scenario.name()));
        arguments.extend(["--report".to_owned(), directory.display().to_string()]);
    }
    let (code, told) = again(arguments)?;
    let summary = serde_json::from_slice(&told);
    summary.map(|summary| (code, summary)).map_err(|error| format!("exit code {code}, {error}"))
}

fn sim(plan: &Plan, seed: u64, say: &mut dyn FnMut(&str)) -> Result<i32, String> {
    if plan.simulated == 0 {
        return Ok(0);
    }
    let first = seed.saturating_mul(plan.simulated);
    let words = ["sim", "--seed", &first.to_string(), "--sweep", &plan.simulated.to_string()];
    let (code, told) = again(words.map(str::to_owned))?;
    say(&String::from_utf8_lossy(&told));
    Ok(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn totals_are_sums_over_runs() {
        let summary = |longest: [u64; 2], kept: Value| {
            json!({
                "took_us": 1_000_000, "missing_us": 5_000, "operations": 10, "unknown": 1,
                "waits": [{"fault": "kill", "longest_ms": longest}],
                "verdicts": [{"promise": "P1", "kept": kept}],
            })
        };
        let mut total = Total::default();
        total.add(0, &summary([300, 400], json!(true)));
        total.add(1, &summary([100, 900], json!(false)));
        total.add(2, &summary([200, 200], Value::Null));
        assert_eq!(total.availability_percent(), "99.500");
        let text = total.to_text();
        assert!(text.contains("3 runs (1 with code 0, 1 with code 1, 1 with code 2)"), "{text}");
        assert!(text.contains("6x  wait median 200 ms, 99 % 900, worst 900"), "{text}");
        assert!(text.contains("P1: kept in 1 runs, broken in 1, open in 1"), "{text}");
    }

    #[test]
    fn the_gravest_code_wins() {
        assert_eq!(
            [(0, 4), (4, 2), (2, 3), (3, 1), (1, 0)].map(|(one, other)| gravest(one, other)),
            [4, 2, 3, 1, 1]
        );
    }
}
