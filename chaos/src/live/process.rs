//! One node as a process.
//!
//! Invariant: it dies with this program, however this program ends.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::plant::{CLOCK_VARIABLE, HANG_VARIABLE};
use super::{Trouble, harness};

/// How a node is started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// The program under test.
    pub(super) rakit: PathBuf,
    /// The node's settings.
    pub(super) settings: PathBuf,
    /// Where its output goes, run after run.
    pub(super) log: PathBuf,
    /// The network namespace that it lives in.
    pub(super) space: Option<String>,
    /// A library to preload.
    pub(super) preload: Option<PathBuf>,
    /// Settings that go before those of the file, as environment.
    pub(super) overrides: Vec<(String, String)>,
}

/// A node that was started.
pub(super) struct Process {
    child: Child,
}

impl Launch {
    /// Starts the node. From the main thread only: the kernel ends it with the thread that started it.
    pub(super) fn start(&self) -> Result<Process, Trouble> {
        let log = File::options().create(true).append(true).open(&self.log).map_err(harness)?;
        let within = self.space.iter().flat_map(|space| ["ip", "netns", "exec", space]);
        let mut words = within.chain(["setpriv", "--pdeathsig", "KILL", "--"]);
        let mut command = Command::new(words.next().unwrap_or("setpriv"));
        command.args(words).arg(&self.rakit);
        command.args(["serve", "--config"]).arg(&self.settings).env("LANG", "en_US.UTF-8");
        command.envs(self.overrides.iter().map(|(key, value)| (key, value)));
        if let Some(library) = &self.preload {
            self.set_clock(0)?;
            command.env("LD_PRELOAD", library).env(HANG_VARIABLE, self.hang_file());
            command.env(CLOCK_VARIABLE, self.clock_file());
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(harness)?).stderr(log);
        let child = command.spawn().map_err(|error| harness(format!("setpriv: {error}")))?;
        Ok(Process { child })
    }

    /// While this file is there, flushes of the node hang, where that is planted.
    pub(super) fn hang_file(&self) -> PathBuf {
        self.log.with_extension("hang")
    }

    fn clock_file(&self) -> PathBuf {
        self.log.with_extension("clock")
    }

    /// Sets the node's clock off by so many seconds, where that is planted. The node has the file mapped, so that it is never
    /// made anew.
    pub(super) fn set_clock(&self, seconds: i64) -> Result<(), Trouble> {
        let file = File::options().create(true).truncate(false).write(true).open(self.clock_file());
        file.and_then(|file| file.write_all_at(&seconds.to_le_bytes(), 0)).map_err(harness)
    }

    /// The last lines of its output.
    pub(super) fn last_lines(&self, count: usize) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n    ")
    }
}

impl Process {
    /// Its number at the kernel.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub(super) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: rustix::process::Signal) -> Result<(), String> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).map_err(|error| error.to_string())
    }

    /// `kill -9`, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        // Both fail only for one that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
