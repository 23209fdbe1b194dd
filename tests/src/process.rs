//! Processes that are not our children: signals, and waiting for their end.

use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::wait;

/// Sends a signal; a process that is gone already is fine.
pub fn signal(pid: i32, signal: Signal) {
    let sent = Pid::from_raw(pid).map(|known| kill_process(known, signal));
    assert!(!matches!(sent, Some(Err(Errno::PERM))), "process {pid} is not ours to signal");
}

/// Whether a process runs; a zombie that nobody reaped does not, once its last thread is gone: until then it holds
/// its ports and its locks, and niced threads take long to die on a busy machine.
#[must_use]
pub fn runs(pid: i32) -> bool {
    let Some(known) = Pid::from_raw(pid) else { return false };
    let zombie = fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')));
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    test_kill_process(known).is_ok() && threads > usize::from(zombie)
}

/// Waits for the end of a process.
pub async fn gone(pid: i32) {
    wait::until(&format!("the end of process {pid}"), async || (!runs(pid)).then_some(())).await;
}

/// The process id in a file, if there is one.
#[must_use]
pub fn pid_in(file: &Path) -> Option<i32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Processor time a process has used so far, user and system, in milliseconds.
#[must_use]
pub fn cpu_ms(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    // Fields 14 and 15 of proc(5), counted from the third, in ticks of 10 ms.
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

/// Memory a process holds, in KiB.
#[must_use]
pub fn resident_kib(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}
