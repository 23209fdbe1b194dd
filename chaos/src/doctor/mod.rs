//! What fault injection this machine allows, found out by doing it.
//!
//! Invariants: a probe touches only what it made itself (own namespaces, control groups, mounts and
//! children, all named after this process); every command it starts has a deadline; guards undo its work
//! also when it fails; a capability that is missing is shown as missing with the reason, never skipped.

mod clock;
mod command;
mod control_group;
mod disk;
mod network;
mod process;
mod report;
mod shutdown;
mod tools;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use command::{run, within};
pub(crate) use disk::Mount;
pub use report::{Finding, Report};
pub(crate) use shutdown::without_flush;

/// Where probes may leave files, and the name they give to what they make.
struct Scratch {
    folder: tempfile::TempDir,
    /// Short, unique among running processes; at most 9 bytes, so that interface names fit with it.
    tag: String,
}

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rakit-doctor-").tempdir()?;
        Ok(Self { folder, tag: format!("rd{}", std::process::id()) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.path(name);
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// What a probe answers: how it was seen to work, or why it does not.
type Verdict = Result<String, String>;

/// One capability.
struct Probe {
    /// The fault.
    fault: &'static str,
    /// What it is for.
    purpose: &'static str,
    run: fn(&Scratch) -> Verdict,
}

/// Every probe, in the order of the report.
const PROBES: &[&[Probe]] =
    &[network::PROBES, process::PROBES, control_group::PROBES, clock::PROBES, disk::PROBES, tools::PROBES];

/// Tries everything, one after the other; a few seconds.
///
/// # Errors
/// When there is no place for temporary files.
pub fn examine() -> io::Result<Report> {
    let scratch = Scratch::new()?;
    let findings = PROBES
        .iter()
        .flat_map(|group| group.iter())
        .map(|probe| {
            let verdict = (probe.run)(&scratch);
            let available = verdict.is_ok();
            let detail = verdict.unwrap_or_else(|why| why);
            Finding { fault: probe.fault, purpose: probe.purpose, available, detail }
        })
        .collect();
    Ok(Report { findings })
}

/// Removes what a probe made, whatever became of the probe.
struct Undo<F: FnMut()>(F);

impl<F: FnMut()> Drop for Undo<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Writes a small scratch file that nobody needs to survive.
pub(crate) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    std::fs::File::create(path)?.write_all(text.as_bytes())
}

/// Writes a small file that steers the kernel; the error names the file.
fn write_control(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write as _;
    std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("{}: {error}", path.display()))
}
