//! The `rakit` command as an operator types it, run beside everything else.
//!
//! Invariant: it does not block the officers who write meanwhile, and ends with its deadline.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval, timeout};

use super::{Trouble, harness};

/// Longest that one command may take.
const COMMAND_MAX: Duration = Duration::from_mins(15);
/// Longest wait for an invitation to be there, and for its end once the guest has joined.
const INVITATION_MAX: Duration = Duration::from_secs(30);
const PACE: Duration = Duration::from_millis(20);

/// How a command ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Its exit code; -1 for a signal.
    pub(super) code: i32,
    /// What it printed.
    pub(super) answer: String,
    /// What it complained about.
    pub(super) complaint: String,
}

/// A command of the program under test.
pub(super) fn command<S: AsRef<OsStr>>(rakit: &Path, words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(rakit);
    command.args(words).env("LANG", "en_US.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub(super) async fn run(mut command: Command) -> Result<Ended, Trouble> {
    once(&mut command).await
}

/// [`run`] for a command that may have to be typed again.
pub(super) async fn once(command: &mut Command) -> Result<Ended, Trouble> {
    let running = timeout(COMMAND_MAX, command.output()).await;
    let output = running.map_err(|_| harness("a command does not end"))?.map_err(harness)?;
    Ok(Ended::of(&output))
}

impl Ended {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            answer: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }
    }

    /// Whether it was done.
    pub(super) const fn done(&self) -> bool {
        self.code == 0
    }

    /// The JSON it printed; what was not done breaks a promise.
    pub(super) fn json(&self, what: &str) -> Result<Value, Trouble> {
        if !self.done() {
            return Err(Trouble::Violation(format!("{what}: exit {}: {}", self.code, self.complaint)));
        }
        serde_json::from_str(&self.answer)
            .map_err(|error| harness(format!("{what}: {error}: {}", self.answer)))
    }
}

/// `rakit node invite`, waiting for its guest.
pub(super) struct Host {
    child: Child,
    /// The invitation.
    pub(super) file: PathBuf,
}

impl Host {
    /// Starts it and waits until the invitation is there.
    pub(super) async fn open(mut command: Command, file: PathBuf) -> Result<Self, Trouble> {
        let mut child = command.arg("--out").arg(&file).spawn().map_err(harness)?;
        let began = Instant::now();
        let mut pace = interval(PACE);
        while !file.exists() {
            pace.tick().await;
            if child.try_wait().map_err(harness)?.is_some() {
                let ended = Ended::of(&child.wait_with_output().await.map_err(harness)?);
                return Err(Trouble::Violation(format!("nobody can be invited: {}", ended.complaint)));
            }
            if began.elapsed() > INVITATION_MAX {
                return Err(Trouble::Violation("an invitation takes too long".to_owned()));
            }
        }
        Ok(Self { child, file })
    }

    /// The number that the guest got.
    pub(super) async fn guest(self) -> Result<u64, Trouble> {
        let ended = timeout(INVITATION_MAX, self.child.wait_with_output()).await;
        let ended = ended.map_err(|_| Trouble::Violation("an invitation does not end".to_owned()))?;
        let answer = Ended::of(&ended.map_err(harness)?).json("an invitation")?;
        answer.get("id").and_then(Value::as_u64).ok_or_else(|| harness(format!("no number in {answer}")))
    }
}
