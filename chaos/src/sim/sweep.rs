//! Many seeds, each in a process of its own, and what is left of the plan of one that fails.
//!
//! Invariant: seeds are judged one by one and in any order; the totals do not depend on how many ran at once.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use serde_json::{Value, json};

use super::nemesis::kinds;
use super::report::{BROKEN, HARNESS, KEPT, TOO_LITTLE};
use super::{Plan, Plant};

/// A sweep of so many seeds must see every kind of fault.
const ALL_KINDS_SEEDS: u64 = 20;

/// How a seed is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) seconds: u64,
    pub(super) plant: Option<Plant>,
}

/// What a run printed.
pub(super) struct Outcome {
    seed: u64,
    code: u8,
    told: Value,
    repeat: String,
}

impl Outcome {
    /// Prints what is wrong, if anything is, and how to see it again.
    pub(super) fn complain(&self, print: &mut dyn FnMut(&str)) {
        if self.code == KEPT {
            return;
        }
        print(&format!("seed {}: exit code {}", self.seed, self.code));
        for complaint in self.complaints() {
            print(&format!("  VIOLATION: {complaint}"));
        }
        for key in ["too_little", "harness"] {
            let why = self.of(key);
            if !why.is_null() && why.as_array().is_none_or(|list| !list.is_empty()) {
                print(&format!("  {key}: {why}"));
            }
        }
        print(&format!("  repeat: {}", self.repeat));
    }

    fn of(&self, key: &str) -> &Value {
        self.told.get(key).unwrap_or(&Value::Null)
    }

    fn complaints(&self) -> Vec<String> {
        let list = self.of("complaints").as_array();
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let told = list.into_iter().flatten();
        told.map(|complaint| format!("{}: {}", text(complaint, "judge"), text(complaint, "what"))).collect()
    }

    /// Who complained.
    fn judges(&self) -> Vec<&str> {
        let list = self.of("complaints").as_array();
        list.into_iter().flatten().filter_map(|complaint| complaint.get("judge")?.as_str()).collect()
    }

    fn counts(&self, key: &str) -> BTreeMap<String, u64> {
        let counts = self.of(key).as_object().into_iter().flatten();
        counts.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect()
    }
}

impl Child {
    fn arguments(&self, seed: u64, without: &BTreeSet<usize>) -> Vec<String> {
        let mut arguments = vec!["sim".to_owned(), "--seed".to_owned(), seed.to_string()];
        arguments.extend(["--seconds".to_owned(), self.seconds.to_string()]);
        if let Some(plant) = self.plant {
            arguments.extend(["--plant".to_owned(), plant.name()]);
        }
        if !without.is_empty() {
            let numbers: Vec<String> = without.iter().map(usize::to_string).collect();
            arguments.extend(["--without".to_owned(), numbers.join(",")]);
        }
        arguments
    }

    /// What to type to see a run again.
    pub(super) fn command_line(&self, seed: u64, without: &BTreeSet<usize>) -> String {
        format!("rakit-chaos {}", self.arguments(seed, without).join(" "))
    }

    /// Runs a seed in a process of its own.
    pub(super) fn run(&self, seed: u64, without: &BTreeSet<usize>) -> Outcome {
        let repeat = self.command_line(seed, without);
        let failed = |why: String| Outcome {
            seed,
            code: HARNESS,
            told: json!({"harness": why}),
            repeat: repeat.clone(),
        };
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return failed(error.to_string()),
        };
        let mut command = Command::new(program);
        command.args(self.arguments(seed, without)).arg("--json").stdin(Stdio::null()).stderr(Stdio::piped());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => return failed(error.to_string()),
        };
        let Ok(told) = serde_json::from_slice::<Value>(&output.stdout) else {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let end = stderr.lines().rev().take(3).collect::<Vec<_>>().join(" / ");
            return failed(format!("{}: {end}", output.status));
        };
        let code = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(HARNESS);
        Outcome { seed, code, told, repeat: repeat.clone() }
    }

    /// Runs a seed twice: whatever the two tell must be the same, its trace above all.
    fn run_twice(&self, seed: u64) -> Outcome {
        let (first, second) = (self.run(seed, &BTreeSet::new()), self.run(seed, &BTreeSet::new()));
        if first.told == second.told {
            return first;
        }
        let traces = [&first, &second].map(|outcome| outcome.of("trace").to_string());
        let harness = format!("the same seed went two ways: traces {}", traces.join(" and "));
        Outcome { code: HARNESS, told: json!({"harness": harness}), ..first }
    }

    /// The first of so many seeds at which that judge notices something, with all who do.
    pub(super) fn first_noticed(
        self,
        judge: &str,
        (first, seeds): (u64, u64),
        jobs: usize,
    ) -> Option<(u64, String)> {
        let batch = u64::try_from(jobs.max(1)).unwrap_or(1);
        let mut begin = first;
        while begin < first.saturating_add(seeds) {
            let sweep = Sweep { first: begin, seeds: batch, jobs, child: self, twice: false };
            let mut noticed: BTreeMap<u64, String> = BTreeMap::new();
            sweep.run(&mut |outcome| {
                let judges = outcome.judges();
                if outcome.code == BROKEN && judges.contains(&judge) {
                    noticed.insert(outcome.seed, judges.join(", "));
                }
            });
            if let Some(found) = noticed.pop_first() {
                return Some(found);
            }
            begin = begin.saturating_add(batch);
        }
        None
    }
}

/// Some seeds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    pub(super) first: u64,
    pub(super) seeds: u64,
    pub(super) jobs: usize,
    pub(super) child: Child,
    /// Whether each is run a second time and compared.
    pub(super) twice: bool,
}

/// What a sweep came to.
#[derive(Debug, Default)]
pub(super) struct Total {
    by_code: BTreeMap<u8, u64>,
    failed: BTreeSet<u64>,
    virtual_ms: u64,
    faults: BTreeMap<String, u64>,
    numbers: BTreeMap<String, u64>,
    written_again_ms_max: u64,
    caught_up_ms_max: u64,
    kinds_missing: bool,
    took_ms: u64,
}

impl Sweep {
    fn one(&self, seed: u64) -> Outcome {
        if self.twice { self.child.run_twice(seed) } else { self.child.run(seed, &BTreeSet::new()) }
    }

    /// Runs them all; `each` hears of every one.
    pub(super) fn run(&self, each: &mut dyn FnMut(&Outcome)) -> Total {
        let next = AtomicU64::new(self.first);
        let end = self.first.saturating_add(self.seeds);
        let (sender, outcomes) = mpsc::channel();
        let mut total = Total::default();
        let begun = std::time::Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                let sender = sender.clone();
                let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
                let mut seeds = numbers.take_while(|seed| *seed < end);
                scope.spawn(move || seeds.try_for_each(|seed| sender.send(self.one(seed))));
            }
            for _ in 0..self.seeds {
                let Ok(outcome) = outcomes.recv() else { break };
                each(&outcome);
                total.add(&outcome);
            }
        });
        total.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        total.kinds_missing = self.seeds >= ALL_KINDS_SEEDS && total.faults.len() < kinds().len();
        total
    }
}

fn sum_into(sums: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (name, count) in more {
        let sum = sums.entry(name).or_default();
        *sum = sum.saturating_add(count);
    }
}

impl Total {
    fn add(&mut self, outcome: &Outcome) {
        let count = self.by_code.entry(outcome.code).or_default();
        *count = count.saturating_add(1);
        if outcome.code == BROKEN {
            self.failed.insert(outcome.seed);
        }
        let told = |key: &str| outcome.of(key).as_u64().unwrap_or_default();
        self.virtual_ms = self.virtual_ms.saturating_add(told("virtual_ms"));
        self.written_again_ms_max = self.written_again_ms_max.max(told("written_again_ms"));
        self.caught_up_ms_max = self.caught_up_ms_max.max(told("caught_up_ms"));
        sum_into(&mut self.faults, outcome.counts("faults"));
        sum_into(&mut self.numbers, outcome.counts("numbers"));
    }

    /// The exit code: the gravest that any run had, but that a broken promise is graver than a failed harness.
    pub(super) fn code(&self) -> u8 {
        let had = |code: u8| self.by_code.contains_key(&code);
        if had(BROKEN) {
            BROKEN
        } else if had(HARNESS) {
            HARNESS
        } else if had(TOO_LITTLE) || self.kinds_missing {
            TOO_LITTLE
        } else {
            KEPT
        }
    }

    pub(super) fn to_json(&self) -> String {
        json!({
            "code": self.code(),
            "runs_by_code": self.by_code.iter().map(|(code, runs)| (code.to_string(), *runs)).collect::<BTreeMap<_, _>>(),
            "failed_seeds": self.failed,
            "virtual_ms": self.virtual_ms,
            "faults": self.faults,
            "numbers": self.numbers,
            "written_again_ms_max": self.written_again_ms_max,
            "caught_up_ms_max": self.caught_up_ms_max,
            "took_ms": self.took_ms,
        })
        .to_string()
    }

    pub(super) fn to_text(&self) -> String {
        let list = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let runs = self.by_code.values().fold(0_u64, |sum, runs| sum.saturating_add(*runs));
        let codes: Vec<String> =
            self.by_code.iter().map(|(code, runs)| format!("{runs} with code {code}")).collect();
        let (hours, minutes) =
            (self.virtual_ms.div_euclid(3_600_000), self.virtual_ms.div_euclid(60_000) % 60);
        let missing = if self.kinds_missing { "\nTOO LITTLE: not every kind of fault struck" } else { "" };
        format!(
            "{runs} runs in {} s: {}; {hours} h {minutes} min of virtual time\nfaults: {}\nseen: {}\nafter the last \
             fault: written again within {} ms, caught up within {} ms{missing}",
            self.took_ms.div_euclid(1_000),
            codes.join(", "),
            list(&self.faults),
            list(&self.numbers),
            self.written_again_ms_max,
            self.caught_up_ms_max,
        )
    }
}

/// Leaves out faults, first many at once, then one by one, as long as the run still breaks a promise. Answers the
/// numbers of those that are not needed.
pub(super) fn shrink(
    child: &Child,
    plan: &Plan,
    without: Vec<usize>,
    print: &mut dyn FnMut(&str),
) -> BTreeSet<usize> {
    let mut left_out: BTreeSet<usize> = without.into_iter().collect();
    let count = plan.steps.len();
    let mut size = count.div_ceil(2);
    while size > 0 {
        let mut begin = 0_usize;
        while begin < count {
            let end = begin.saturating_add(size);
            let more: BTreeSet<usize> = (begin..end.min(count)).collect();
            let attempt: BTreeSet<usize> = left_out.union(&more).copied().collect();
            if attempt.len() > left_out.len() && child.run(plan.seed, &attempt).code == BROKEN {
                left_out = attempt;
                print(&format!("{} of {count} faults left", count.saturating_sub(left_out.len())));
            }
            begin = end;
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    left_out
}
