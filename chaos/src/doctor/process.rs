//! Stopping and isolating a process.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::command::{self, run};
use super::{Probe, Scratch, Verdict};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "SIGSTOP", purpose: "a node that hangs with its sockets open", run: stop },
    Probe { fault: "SIGKILL", purpose: "a node that dies between two instructions", run: kill },
    Probe { fault: "unprivileged namespaces", purpose: "network faults without root", run: unprivileged },
];

/// A child that waits until it is killed, and is killed when this goes.
pub(super) struct Sleeper(Child);

impl Sleeper {
    pub(super) fn new() -> Result<Self, String> {
        Command::new("sleep")
            .arg("60")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(|error| format!("sleep: {error}"))
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// The state letter of the process: `S` sleeping, `T` stopped.
    pub(super) fn state(&self) -> Result<char, String> {
        let path = format!("/proc/{}/stat", self.0.id());
        let stat = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).ok_or_else(|| format!("{path}: {stat}"))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        command::kill(&mut self.0);
    }
}

fn stop(_scratch: &Scratch) -> Verdict {
    let sleeper = Sleeper::new()?;
    kill_process(sleeper.pid(), Signal::STOP).map_err(|error| error.to_string())?;
    // Blocks until the stop has happened, which a SIGSTOP to a child of ours does at once.
    waitid(WaitId::Pid(sleeper.pid()), WaitIdOptions::STOPPED).map_err(|error| error.to_string())?;
    match sleeper.state()? {
        'T' => Ok("child stopped, state T".to_owned()),
        other => Err(format!("state {other} after SIGSTOP")),
    }
}

fn kill(_scratch: &Scratch) -> Verdict {
    let sleeper = Sleeper::new()?;
    kill_process(sleeper.pid(), Signal::KILL).map_err(|error| error.to_string())?;
    if command::ended_within(&sleeper.0, 5)? {
        Ok("child gone".to_owned())
    } else {
        Err("child lives on".to_owned())
    }
}

fn unprivileged(_scratch: &Scratch) -> Verdict {
    run("unshare", &["-U", "-r", "-n", "true"]).map(|_printed| "user and network namespace made".to_owned())
}
