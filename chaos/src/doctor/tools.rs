//! Instruments: not faults, but what a run needs to say what happened.

use super::command::run;
use super::{Probe, Scratch, Verdict};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "perf sampling", purpose: "where the time goes", run: sampling },
    Probe { fault: "perf counters", purpose: "instructions instead of seconds", run: counters },
    Probe { fault: "strace", purpose: "system calls, one by one", run: strace },
];

fn sampling(scratch: &Scratch) -> Verdict {
    let output = scratch.path("perf.data").display().to_string();
    run("perf", &["record", "-q", "-e", "cpu-clock", "-o", &output, "true"])
        .map(|_printed| "cpu-clock".to_owned())
}

fn counters(_scratch: &Scratch) -> Verdict {
    let printed = run("perf", &["stat", "-x", ",", "-e", "instructions", "true"])?;
    if printed.contains("not supported") || printed.contains("not counted") {
        return Err("this processor shows no counters".to_owned());
    }
    Ok("instructions".to_owned())
}

fn strace(_scratch: &Scratch) -> Verdict {
    run("strace", &["-f", "-e", "trace=none", "true"]).map(|_printed| "attaches".to_owned())
}
