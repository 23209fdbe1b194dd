//! The processes of the nodes: started, watched, named by their pid files, stopped.
//!
//! Invariant: a signal goes only to a process that runs `serve` with this node's settings file. The demo restarts
//! nothing; when somebody else starts a node by its command, the demo sees it and keeps the pid file current.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::directory::{Directory, unusable};
use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::text;

/// How long a node may take to stop by itself.
const STOP_MAX: Duration = Duration::from_secs(15);
/// How often pid files and processes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The command that starts a node: no environment and no working directory matter to it.
pub(super) fn command(directory: &Directory, node: u16) -> Result<Vec<String>, Failure> {
    let executable = std::env::current_exe().map_err(|error| unusable(Path::new("rakit"), &error))?;
    let settings = directory.settings(node);
    [executable, PathBuf::from("serve"), PathBuf::from("--config"), settings]
        .into_iter()
        .map(|part| {
            part.into_os_string().into_string().map_err(|part: OsString| {
                let shown = part.display();
                Failure::precondition(text!(
                    "{shown}: nama ini bukan UTF-8; pilih --dir lain",
                    "{shown}: this name is not UTF-8; choose another --dir"
                ))
            })
        })
        .collect()
}

/// Refuses when somebody else listens where a node would.
pub(super) fn check_ports(directory: &Directory) -> Result<(), Failure> {
    for node in 0..directory.mark.nodes {
        let ports = directory.ports(node)?;
        for port in [ports.public, ports.officer, ports.peer, ports.ops] {
            if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                return Err(Failure::precondition(text!(
                    "porta {port}: tidak dapat dipakai ({error}); pilih --base-port lain untuk --dir lain, atau hentikan yang memakainya",
                    "port {port}: cannot be used ({error}); choose another --base-port with another --dir, or stop what uses it"
                )));
            }
        }
    }
    Ok(())
}

/// Starts a node and writes its pid file. Its output is appended to its log; signals of the terminal do not
/// reach it, so that it is stopped in order.
pub(super) fn start(directory: &Directory, node: u16) -> Result<u32, Failure> {
    let log = directory.log_file(node);
    let output =
        OpenOptions::new().create(true).append(true).open(&log).map_err(|error| unusable(&log, &error))?;
    let errors = output.try_clone().map_err(|error| unusable(&log, &error))?;
    let argv = command(directory, node)?;
    let (program, rest) = argv.split_first().ok_or_else(|| Failure::failed("rakit"))?;
    let mut child = std::process::Command::new(program);
    child.args(rest).stdin(std::process::Stdio::null()).stdout(output).stderr(errors).process_group(0);
    let mut child =
        tokio::process::Command::from(child).spawn().map_err(|error| unusable(Path::new(program), &error))?;
    let pid = child.id().unwrap_or(0);
    write_pid(directory, node, pid)?;
    // Takes the exit status when the time comes, so that an ended node is gone and not a zombie.
    drop(tokio::spawn(async move { child.wait().await }));
    Ok(pid)
}

/// The process that runs a node now: the one its pid file names, or, when that is gone, any that somebody else
/// started by the node's command.
pub(super) fn running(directory: &Directory, node: u16) -> Option<u32> {
    let settings = directory.settings(node);
    named(directory, node).filter(|pid| serves(*pid, &settings)).or_else(|| {
        let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.find(|pid| serves(*pid, &settings))
    })
}

/// What a node's pid file says.
fn named(directory: &Directory, node: u16) -> Option<u32> {
    fs::read_to_string(directory.pid_file(node)).ok()?.trim().parse().ok()
}

/// Whether a process is alive and runs `serve` with these settings.
fn serves(pid: u32, settings: &Path) -> bool {
    let Some(arguments) = command_line(pid) else {
        return false;
    };
    let mut arguments = arguments.split(|byte| *byte == 0).skip(1);
    let ours = settings.as_os_str().as_encoded_bytes();
    arguments.next() == Some(b"serve") && arguments.any(|argument| argument == ours)
}

/// What a process was started with. For a moment after its start the kernel shows nothing yet, and whoever looks right
/// then would take it for one that has ended.
fn command_line(pid: u32) -> Option<Vec<u8>> {
    const LOOKS_MAX: usize = 2_000;
    (0..LOOKS_MAX).find_map(|_| match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(shown) if shown.is_empty() => {
            std::thread::yield_now();
            None
        }
        Ok(shown) => Some(Some(shown)),
        Err(_) => Some(None),
    })?
}

fn write_pid(directory: &Directory, node: u16, pid: u32) -> Result<(), Failure> {
    let file = directory.pid_file(node);
    durable::write(&file, format!("{pid}\n").as_bytes(), Access::Everyone)
        .map_err(|error| unusable(&file, &error))
}

/// Stops every node that runs: asks all at once, waits, and after a deadline ends what is left. Answers how
/// many did not stop by themselves.
pub(super) async fn stop(directory: &Directory) -> usize {
    let deadline = Instant::now().checked_add(STOP_MAX);
    let mut asked: Vec<(u16, u32)> = Vec::new();
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let alive: Vec<(u16, u32)> = (0..directory.mark.nodes)
            .filter_map(|node| running(directory, node).map(|pid| (node, pid)))
            .collect();
        if alive.is_empty() {
            return 0;
        }
        // A node may be started again by somebody meanwhile: whatever the files name now is asked too.
        for (_, pid) in alive.iter().filter(|one| !asked.contains(one)) {
            send(*pid, Signal::TERM);
            // One that was stopped hears nothing until it goes on.
            send(*pid, Signal::CONT);
        }
        if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            for (_, pid) in &alive {
                send(*pid, Signal::KILL);
            }
            return alive.len();
        }
        asked = alive;
    }
}

fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // It may have ended since it was looked at, which is what was wanted.
    let _gone = pid.map(|pid| kill_process(pid, signal));
}

/// Says when a node ends or is there again, as seen by its pid file.
#[derive(Debug)]
pub(super) struct Watch {
    /// The process seen last and the command that starts it, per node.
    seen: Vec<(Option<u32>, String)>,
}

impl Watch {
    /// Begins with what runs now.
    pub(super) fn new(directory: &Directory) -> Result<Self, Failure> {
        let seen = (0..directory.mark.nodes)
            .map(|node| Ok((running(directory, node), shell(&command(directory, node)?))))
            .collect::<Result<_, Failure>>()?;
        Ok(Self { seen })
    }

    /// One line for each node that changed since the last look. Keeps the pid files current.
    pub(super) fn look(&mut self, directory: &Directory) -> Vec<String> {
        let mut lines = Vec::new();
        for (node, (seen, command)) in (0_u16..).zip(self.seen.iter_mut()) {
            let now = running(directory, node);
            if let Some(pid) = now.filter(|pid| named(directory, node) != Some(*pid))
                && let Err(failure) = write_pid(directory, node, pid)
            {
                lines.push(failure.to_string());
            }
            match (*seen, now) {
                (Some(pid), None) => lines.push(text!(
                    "simpul node-{node} (pid {pid}) berhenti; nyalakan lagi dengan: {command}",
                    "node node-{node} (pid {pid}) ended; start it again with: {command}"
                )),
                (None, Some(pid)) => lines.push(text!(
                    "simpul node-{node} berjalan lagi (pid {pid})",
                    "node node-{node} runs again (pid {pid})"
                )),
                (Some(before), Some(pid)) if before != pid => lines.push(text!(
                    "simpul node-{node} dinyalakan ulang (pid {before}, kini {pid})",
                    "node node-{node} was restarted (pid {before}, now {pid})"
                )),
                (Some(_), Some(_)) | (None, None) => {}
            }
            *seen = now;
        }
        lines
    }
}

/// A command as a shell reads it.
pub(super) fn shell(argv: &[String]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte);
    let quoted = argv.iter().map(|part| {
        if !part.is_empty() && part.bytes().all(plain) {
            part.clone()
        } else {
            format!("'{}'", part.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn directory(parent: &Path) -> Directory {
        let directory = Directory::open(&parent.join("demo"), Some(3), Some(28_000)).unwrap();
        for node in 0..3 {
            durable::create_directory(&directory.node(node)).unwrap();
        }
        directory
    }

    /// A process that looks like a node and waits for its standard input to end.
    fn stand_in(directory: &Directory, node: u16, script: &str) -> Child {
        let place = directory.node(node);
        durable::write(&place.join("serve"), script.as_bytes(), Access::Everyone).unwrap();
        let mut child = Command::new("sh")
            .args(["serve", "--config"])
            .arg(directory.settings(node))
            .current_dir(&place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        durable::write(&directory.pid_file(node), pid.to_string().as_bytes(), Access::Everyone).unwrap();
        // The script says when its signal handlers stand.
        let mut ready = [0; 1];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        child
    }

    #[tokio::test]
    async fn nodes_are_recognised_watched_and_stopped() {
        let parent = tempfile::tempdir().unwrap();
        let directory = directory(parent.path());
        let mut first = stand_in(&directory, 0, "echo x; read line");
        let mut second = stand_in(&directory, 1, "echo x; read line");
        assert_eq!(running(&directory, 0), Some(first.id()));
        assert_eq!(running(&directory, 2), None);
        let mut watch = Watch::new(&directory).unwrap();
        assert!(watch.look(&directory).is_empty());
        first.kill().unwrap();
        first.wait().unwrap();
        let lines = watch.look(&directory);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("node-0") && lines[0].contains("serve --config"), "{lines:?}");
        assert_eq!(stop(&directory).await, 0);
        assert_eq!(running(&directory, 1), None);
        second.wait().unwrap();
    }

    #[tokio::test]
    async fn a_process_that_is_no_node_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let (directory, another) = (directory(parent.path()), directory(elsewhere.path()));
        // This very process, and one that runs a node of another demo.
        let own = std::process::id().to_string();
        durable::write(&directory.pid_file(0), own.as_bytes(), Access::Everyone).unwrap();
        let mut other = stand_in(&another, 1, "echo x; read line");
        let pid = other.id().to_string();
        durable::write(&directory.pid_file(1), pid.as_bytes(), Access::Everyone).unwrap();
        assert!((0..3).all(|node| running(&directory, node).is_none()));
        assert_eq!(stop(&directory).await, 0);
        assert!(other.try_wait().unwrap().is_none(), "it still runs");
        drop(other.stdin.take());
        other.wait().unwrap();
    }

    #[tokio::test]
    async fn a_node_that_somebody_else_starts_gets_its_pid_file() {
        let parent = tempfile::tempdir().unwrap();
        let directory = directory(parent.path());
        let mut watch = Watch::new(&directory).unwrap();
        let mut child = stand_in(&directory, 2, "echo x; read line");
        durable::write(&directory.pid_file(2), b"1\n", Access::Everyone).unwrap();
        assert_eq!(watch.look(&directory).len(), 1);
        assert_eq!(named(&directory, 2), Some(child.id()));
        assert_eq!(stop(&directory).await, 0);
        child.wait().unwrap();
    }

    #[test]
    fn a_port_in_use_is_told() {
        let parent = tempfile::tempdir().unwrap();
        // Any free port will do as the peer port of the second node.
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let directory =
            Directory::open(&parent.path().join("demo"), Some(3), Some(port.saturating_sub(12))).unwrap();
        let failure = check_ports(&directory).unwrap_err();
        assert_eq!(failure.exit, crate::failure::Exit::Precondition);
    }

    #[test]
    fn commands_are_shown_as_a_shell_reads_them() {
        let argv = ["/opt/a b/rakit", "serve", "--config", "/x/it's.toml"].map(str::to_owned);
        assert_eq!(shell(&argv), "'/opt/a b/rakit' serve --config '/x/it'\\''s.toml'");
    }
}
