//! A data directory looked through from end to end, without a node (`rakit fsck`).
//!
//! Invariant: nothing in the directory is changed; every row, entry and file is read once and every sum, hash and
//! link that could be kept wrongly is worked out anew from what is below it. Memory holds the sums of the
//! regions and never the rows.

mod log;
mod report;
mod snapshots;
mod state;

pub use report::{Check, FINDINGS_MAX, Report};

use report::Findings;

#[cfg(feature = "rocks")]
use crate::RocksDisk;
use crate::engine::{Disk, OpenMode, Purpose, Reader};
use crate::version::LOG;
use crate::{Identity, StoreError, codec, keys, machine, version};

/// Looks through the data on a disk. Refuses data that is not there, of a newer release, or open in another
/// process; whatever else is wrong is in the report.
pub fn fsck_on<D: Disk>(disk: &D) -> Result<Report, StoreError> {
    version::check_format(disk)?;
    let _lock = version::lock(disk)?;
    let mut report = Report::default();
    let identity = identity(disk, &mut report);
    let log = open(disk, LOG, Purpose::Log);
    let state = state_directory(disk).and_then(|directory| open(disk, &directory, Purpose::State));
    same_identity(identity, &log, &state, &mut report);
    let last = match &log {
        Ok(engine) => Some(log::check(disk, engine, &mut report)),
        Err(why) => {
            report.failed("log entries", why);
            None
        }
    };
    match &state {
        Ok(engine) => state::check(engine, last, &mut report),
        Err(why) => report.failed("rows", why),
    }
    snapshots::check(disk, &mut report);
    quarantine(disk, &mut report);
    Ok(report)
}

/// Looks through the data in a directory.
#[cfg(feature = "rocks")]
pub fn fsck(directory: &std::path::Path) -> Result<Report, StoreError> {
    fsck_on(&RocksDisk::new(directory))
}

fn open<D: Disk>(disk: &D, directory: &str, purpose: Purpose) -> Result<D::Engine, String> {
    match disk.exists(directory) {
        Ok(true) => {}
        Ok(false) => return Err(format!("{directory} is missing")),
        Err(error) => return Err(format!("{directory}: {error}")),
    }
    let opened = disk.open(directory, purpose, OpenMode::ReadOnly);
    opened.map_err(|error| format!("{directory} cannot be opened: {error}"))
}

fn state_directory<D: Disk>(disk: &D) -> Result<String, String> {
    version::current(disk).map_err(|error| error.to_string())
}

fn identity<D: Disk>(disk: &D, report: &mut Report) -> Option<Identity> {
    match version::identity_in_file(disk) {
        Ok(identity) => {
            report.node = Some(identity.node);
            report.cluster = Some(identity.cluster_text());
            Some(identity)
        }
        Err(error) => {
            report.failed("identity file", &error.to_string());
            None
        }
    }
}

/// All three places name one node of one cluster.
fn same_identity<R: Reader>(
    file: Option<Identity>,
    log: &Result<R, String>,
    state: &Result<R, String>,
    report: &mut Report,
) {
    let mut findings = Findings::default();
    for (name, engine) in [("log", log), ("state", state)] {
        let Ok(engine) = engine else { continue };
        findings.count();
        match engine.get(&keys::IDENTITY) {
            Err(error) => findings.wrong(format!("{name}: {error}")),
            Ok(None) => findings.wrong(format!("{name} does not say whose it is")),
            Ok(Some(value)) => match codec::decode_identity(&value) {
                Err(error) => findings.wrong(format!("{name}: {error}")),
                Ok(found) if Some(found) == file => {}
                Ok(found) => findings.wrong(format!(
                    "{name} belongs to node {} of cluster {}",
                    found.node,
                    found.cluster_text()
                )),
            },
        }
    }
    report.add("identity", findings);
}

/// A state that was found to differ from the others' may be sound in itself.
fn quarantine<D: Disk>(disk: &D, report: &mut Report) {
    let mut findings = Findings::default();
    findings.count();
    match machine::quarantine::read(disk) {
        Ok(None) => {}
        Ok(Some(reason)) => findings.wrong(format!("the state is set apart: {reason}")),
        Err(error) => findings.wrong(error.to_string()),
    }
    report.add("quarantine", findings);
}
