//! What goes on beside a fault: readers without number, a backup, or a second fault.
//!
//! Invariant: none of it waits for the fault or makes the fault wait; it ends when this value goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use api::client::{Call, Client};
use futures_util::future::join_all;
use http::Method;
use tokio::time::sleep;

use super::record::Record;
use crate::chance::Chance;
use crate::live::fleet::Fleet;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, harness};
use crate::live::{country, operator};

/// Readers of a flood, each asking again as soon as it is answered.
const READERS: usize = 48;
/// A backup that a dying node broke off is taken up again so often; by then every node is back.
const BACKUP_ATTEMPTS: u32 = 6;
const BACKUP_PAUSE: Duration = Duration::from_secs(2);
/// What `rakit` answers when nobody can do what it asks for now.
const UNAVAILABLE: i32 = 4;

/// See the module.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Beside {
    /// Readers of the public pages at all nodes.
    Flood,
    /// `rakit backup`.
    Backup,
    /// The lines of the node at that place are slow.
    SlowLines(usize),
}

impl Beside {
    /// Whether there is something, and what, when it is wanted in so many cases of a hundred. Lines are left alone where they
    /// have no doors.
    pub(super) fn draw(percent: u64, fleet: &Fleet, chance: &mut Chance) -> Option<Self> {
        let something = chance.percent(percent);
        let place = chance.place(fleet.members().len());
        let kinds = [Self::Flood, Self::Backup, Self::SlowLines(place)];
        let count = if fleet.links().is_some() { kinds.len() } else { kinds.len().saturating_sub(1) };
        let kind = kinds.get(chance.place(count)).copied();
        kind.filter(|_| something)
    }

    /// What it is called in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Flood => "flood of readers",
            Self::Backup => "backup",
            Self::SlowLines(_) => "slow lines",
        }
    }
}

/// Readers on a thread of their own: those who judge must not wait for them.
pub(super) struct Flood {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
}

impl Flood {
    /// Begins.
    pub(super) fn begin(readers: Vec<Client<HttpTransport>>) -> Result<Self, Trouble> {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let flood = Self { stop: Arc::clone(&stop), answered: Arc::clone(&answered) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(harness)?;
        std::thread::Builder::new()
            .name("flood".to_owned())
            .spawn(move || {
                let reading =
                    readers.iter().cycle().take(READERS).map(|reader| read_on(reader, &stop, &answered));
                runtime.block_on(join_all(reading));
            })
            .map_err(harness)?;
        Ok(flood)
    }

    /// Answers so far.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn read_on(reader: &Client<HttpTransport>, stop: &AtomicBool, answered: &AtomicU64) {
    let contest = country::CONTEST;
    let pages = ["/".to_owned(), format!("/{contest}/0"), format!("/api/v1/results/{contest}/0")];
    for page in pages.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if reader.send(&Call::new(Method::GET, page.clone())).await.is_ok() {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A backup that is being taken.
pub(super) struct Backup {
    directory: PathBuf,
    rakit: PathBuf,
    command: tokio::process::Command,
}

impl Backup {
    /// Of the nodes that there are now, into a directory of its own.
    pub(super) fn of(fleet: &Fleet, number: usize) -> Self {
        let directory = fleet.folder().join(format!("backup-{number}"));
        let command = fleet.order(&["--json", "backup", &directory.display().to_string()]);
        Self { directory, rakit: fleet.rakit().to_owned(), command }
    }

    /// Takes it, and again where the node that it is taken from dies: it must come about, and be whole when it says so.
    pub(super) async fn take(self, record: &Record) -> Result<(), Trouble> {
        let Self { directory, rakit, mut command } = self;
        let mut taken = operator::once(&mut command).await?;
        for _ in 1..BACKUP_ATTEMPTS {
            if taken.code != UNAVAILABLE {
                break;
            }
            sleep(BACKUP_PAUSE).await;
            taken = operator::once(&mut command).await?;
        }
        if !taken.done() {
            record.judged("backup", Some(format!("no backup: exit {}: {}", taken.code, taken.complaint)));
            return Ok(());
        }
        let shown = directory.display().to_string();
        let verified = operator::run(operator::command(&rakit, ["backup", "verify", &shown])).await?;
        let complaint = (!verified.done())
            .then(|| format!("a backup that was taken does not verify: {}", verified.complaint));
        record.judged("backup", complaint);
        // Many of them would fill the disk.
        std::fs::remove_dir_all(&directory).map_err(harness)
    }
}
