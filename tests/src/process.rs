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
    cpu_ms_of(&format!("/proc/{pid}/stat"))
}

/// The same of those of its threads whose names begin so.
#[must_use]
pub fn threads_cpu_ms(pid: i32, prefix: &str) -> Option<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if name.starts_with(prefix) {
            sum += cpu_ms_of(thread.path().join("stat").to_str()?).unwrap_or_default();
        }
    }
    Some(sum)
}

fn cpu_ms_of(path: &str) -> Option<u64> {
    let stat = fs::read_to_string(path).ok()?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    // Fields 14 and 15 of proc(5), counted from the third, in ticks of 10 ms.
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

/// Memory a process holds, in KiB.
#[must_use]
pub fn resident_kib(pid: i32) -> Option<u64> {
    status_kib(pid, "VmRSS:")
}

/// The most memory it has held so far, in KiB.
#[must_use]
pub fn resident_kib_max(pid: i32) -> Option<u64> {
    status_kib(pid, "VmHWM:")
}

fn status_kib(pid: i32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.trim().parse().ok())
}
