//! Limits that the kernel puts on a group of processes; both versions of the interface.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::finish;
use super::process::Sleeper;
use super::{Probe, Scratch, Verdict, write_control};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "cgroup freezer", purpose: "a node that stops without a signal", run: freezer },
    Probe { fault: "cgroup cpu quota", purpose: "a starved node", run: cpu },
    Probe { fault: "cgroup memory limit", purpose: "the kernel kills for memory", run: memory },
    Probe { fault: "cgroup block throttle", purpose: "a slow disk", run: block },
];

const ROOT: &str = "/sys/fs/cgroup";

/// A control group of our own, removed when this goes; its processes must have ended by then.
struct Group {
    path: PathBuf,
    unified: bool,
}

impl Group {
    fn new(scratch: &Scratch, controller: &str) -> Result<Self, String> {
        let root = Path::new(ROOT);
        let unified = root.join("cgroup.controllers").exists();
        let parent = if unified { root.to_path_buf() } else { root.join(controller) };
        if !parent.exists() {
            return Err(format!("{}: no such controller", parent.display()));
        }
        if unified && controller != "freezer" {
            let name = if controller == "blkio" { "io" } else { controller };
            write_control(&parent.join("cgroup.subtree_control"), &format!("+{name}"))?;
        }
        let path = parent.join(format!("{}-{controller}", scratch.tag));
        std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, unified })
    }

    /// Writes to the file of the interface in use.
    fn set(&self, old: (&str, &str), unified: (&str, &str)) -> Result<(), String> {
        let (name, text) = if self.unified { unified } else { old };
        write_control(&self.path.join(name), text)
    }

    fn read(&self, old: &str, unified: &str) -> Result<String, String> {
        let path = self.path.join(if self.unified { unified } else { old });
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Runs a shell line inside the group; whether it ended well.
    fn run(&self, line: &str) -> Result<bool, String> {
        let script = format!("echo $$ > '{}' && {line}", self.path.join("cgroup.procs").display());
        finish(Command::new("sh").args(["-c", &script])).map(|(success, _printed)| success)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A group whose last process is still on its way out cannot go; it is empty and harmless then.
        drop(std::fs::remove_dir(&self.path));
    }
}

/// The number after a word in a file of `word number` lines.
fn counter(text: &str, word: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(word)?.trim().parse().ok()).unwrap_or_default()
}

fn freezer(scratch: &Scratch) -> Verdict {
    let group = Group::new(scratch, "freezer")?;
    let sleeper = Sleeper::new()?;
    write_control(&group.path.join("cgroup.procs"), &sleeper.pid().as_raw_nonzero().to_string())?;
    group.set(("freezer.state", "FROZEN"), ("cgroup.freeze", "1"))?;
    let state = group.read("freezer.state", "cgroup.freeze")?;
    // Thawed before the child is killed: a frozen one would not die.
    group.set(("freezer.state", "THAWED"), ("cgroup.freeze", "0"))?;
    drop(sleeper);
    let state = state.trim();
    if matches!(state, "FROZEN" | "FREEZING" | "1") {
        Ok(format!("child {state}"))
    } else {
        Err(format!("state {state}"))
    }
}

fn cpu(scratch: &Scratch) -> Verdict {
    let group = Group::new(scratch, "cpu")?;
    group.set(("cpu.cfs_quota_us", "5000"), ("cpu.max", "5000 100000"))?;
    group.run("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")?;
    match counter(&group.read("cpu.stat", "cpu.stat")?, "nr_throttled") {
        0 => Err("a busy child was never throttled".to_owned()),
        periods => Ok(format!("5 % of one core, throttled in {periods} periods")),
    }
}

fn memory(scratch: &Scratch) -> Verdict {
    let group = Group::new(scratch, "memory")?;
    group.set(("memory.limit_in_bytes", "8388608"), ("memory.max", "8388608"))?;
    // `tail` keeps the last line, and the device has no end of line.
    let survived = group.run("exec tail /dev/zero")?;
    let kills = counter(&group.read("memory.oom_control", "memory.events")?, "oom_kill ");
    if survived || kills == 0 {
        Err(format!("no kill at 8 MiB ({kills} counted)"))
    } else {
        Ok("killed at 8 MiB".to_owned())
    }
}

fn block(scratch: &Scratch) -> Verdict {
    let group = Group::new(scratch, "blkio")?;
    let stat = rustix::fs::stat(scratch.folder.path()).map_err(|error| error.to_string())?;
    let device = format!("{}:{}", rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    group.set(
        ("blkio.throttle.write_iops_device", &format!("{device} 1000")),
        ("io.max", &format!("{device} wiops=1000")),
    )?;
    let limits = group.read("blkio.throttle.write_iops_device", "io.max")?;
    if limits.contains(&device) {
        Ok(format!("limit on device {device} accepted"))
    } else {
        Err("limit does not show".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::counter;

    #[test]
    fn counters_are_read_by_their_word() {
        let text = "nr_periods 12\nnr_throttled 7\n";
        assert_eq!(counter(text, "nr_throttled"), 7);
        assert_eq!(counter(text, "oom_kill "), 0);
    }
}
