//! Programs of the machine, run with a deadline.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

const DEADLINE_S: i64 = 10;

/// Runs a program to its end and answers what it printed.
///
/// The error is one line: not installed, too slow, or what the program said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    run_command(Command::new(program).args(arguments))
}

/// [`run`] with a deadline of its own, for what does more than a system tool.
pub(crate) fn within(command: &mut Command, deadline_s: i64) -> Result<String, String> {
    let (success, printed) = finish_within(command, deadline_s)?;
    if success { Ok(printed) } else { Err(failure(command, &printed)) }
}

/// [`run`] for a command that needs more than arguments.
pub(super) fn run_command(command: &mut Command) -> Result<String, String> {
    let (success, printed) = finish(command)?;
    if success { Ok(printed) } else { Err(failure(command, &printed)) }
}

/// Runs a program to its end, well or badly, within the deadline: whether it succeeded, and what it printed.
pub(super) fn finish(command: &mut Command) -> Result<(bool, String), String> {
    finish_within(command, DEADLINE_S)
}

fn finish_within(command: &mut Command, deadline_s: i64) -> Result<(bool, String), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    if !ended_within(&child, deadline_s)? {
        kill(&mut child);
        return Err(format!("{program}: no end after {deadline_s} s"));
    }
    let status = child.wait().map_err(|error| format!("{program}: {error}"))?;
    let mut printed = String::new();
    if let Some(mut stream) = child.stdout.take() {
        stream.read_to_string(&mut printed).map_err(|error| format!("{program}: {error}"))?;
    }
    if let Some(mut stream) = child.stderr.take() {
        stream.read_to_string(&mut printed).map_err(|error| format!("{program}: {error}"))?;
    }
    Ok((status.success(), printed))
}

/// Waits for the end of a child without reaping it.
pub(super) fn ended_within(child: &Child, deadline_s: i64) -> Result<bool, String> {
    let handle =
        pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(|error| error.to_string())?;
    let mut waiting = [PollFd::new(&handle, PollFlags::IN)];
    let ready = poll(&mut waiting, Some(&Timespec { tv_sec: deadline_s, tv_nsec: 0 }));
    Ok(ready.map_err(|error| error.to_string())? > 0)
}

/// Ends a child and takes its exit status, so that no zombie stays.
pub(super) fn kill(child: &mut Child) {
    // Both fail only for a child that has ended already.
    drop(child.kill());
    drop(child.wait());
}

fn failure(command: &Command, printed: &str) -> String {
    let said = printed.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("failed silently");
    format!("{}: {said}", command.get_program().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{finish, run};
    use std::process::Command;

    #[test]
    fn output_and_failure_are_told_apart() {
        assert_eq!(run("echo", &["here"]).unwrap(), "here\n");
        assert!(run("sh", &["-c", "echo broken >&2; exit 3"]).unwrap_err().contains("broken"));
        assert!(run("no-such-program", &[]).unwrap_err().contains("no-such-program"));
        assert!(!finish(&mut Command::new("false")).unwrap().0);
    }
}
