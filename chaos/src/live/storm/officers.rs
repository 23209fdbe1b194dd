//! Officers who report and correct: some of them race on the same stations, and some have seen an old revision.
//!
//! Invariant: a write whose outcome is not known is sent again with its key, at whichever node answers, until it is or the
//! officer's patience ends; only then it counts as unknown. At every node there is somebody who wants something.

use std::cell::Cell;

use api::client::{Client, ClientError};
use uuid::Uuid;

use super::batches;
use super::record::{Call, Fate, Record};
use crate::chance::Chance;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country};

/// Officers at once.
pub(super) const OFFICERS: u64 = 8;
/// Stations that all of them write to.
pub(super) const RACED: u64 = 6;
/// Stations of one officer alone.
pub(super) const OWN: u64 = 24;
/// The first station of those who photograph, behind those of whoever signs in and out.
pub(super) const PHOTOGRAPHED_FIRST: u64 = RACED + (OFFICERS + 1) * OWN;
/// Stations of those who photograph.
pub(super) const PHOTOGRAPHED: u64 = 18;
/// All stations that are written to.
pub(super) const STATIONS: u64 = PHOTOGRAPHED_FIRST + PHOTOGRAPHED;
const _: () = assert!(STATIONS <= country::STATIONS);
/// A write is sent again so often, each time for the client's deadline.
pub(super) const PATIENCE: u32 = 4;
/// Of a hundred times that an officer sends something, so many times it is a batch.
const BATCH_PERCENT: u64 = 6;
/// Of a hundred times, so many times an officer first goes back to the node that was theirs in the beginning: who loses a
/// node stays at the next one, so that after some faults all would sit at one, and its loss be the loss of all.
const HOME_PERCENT: u64 = 20;

/// One officer's work until `stop` is set.
pub(super) async fn work(
    client: &Client<HttpTransport>,
    record: &Record,
    officer: u64,
    mut chance: Chance,
    stop: &Cell<bool>,
) -> Result<(), Trouble> {
    let (first, name) = (first_own(officer), format!("officer {officer}"));
    while !stop.get() {
        if chance.percent(HOME_PERCENT) {
            client.begin_at(0);
        }
        if chance.percent(BATCH_PERCENT) {
            batches::write(client, record, &name, (first, OWN), &mut chance).await?;
            continue;
        }
        let own = first.saturating_add(chance.below(OWN));
        let station = if chance.percent(25) { chance.below(RACED) } else { own };
        let seen = record.revision(station);
        // Now and then somebody has not seen the newest one.
        let seen = if chance.percent(3) { seen.saturating_sub(1) } else { seen };
        write(client, record, name.clone(), (station, seen)).await?;
    }
    Ok(())
}

/// The first of an officer's own stations.
pub(super) const fn first_own(officer: u64) -> u64 {
    RACED.saturating_add(officer.saturating_mul(OWN))
}

async fn write(
    client: &Client<HttpTransport>,
    record: &Record,
    name: String,
    (station, seen): (u64, u32),
) -> Result<(), Trouble> {
    let value = record.next_form();
    let body = country::body(value)?;
    let (key, code) = (Uuid::new_v4(), country::station(station));
    let call = Call { client: name, station, called_us: record.now_us() };
    for _ in 0..PATIENCE {
        let fate = match client.put_tally((country::CONTEST, &code), seen, key, &body).await {
            Ok(answer) => {
                let receipt = &answer.value.receipt;
                Fate::Accepted(receipt.revision, receipt.index)
            }
            Err(ClientError::Refused(problem)) if problem.code == "stale-revision" => {
                Fate::Stale(problem.extra.current_revision.unwrap_or_default())
            }
            Err(ClientError::Unavailable { .. }) => continue,
            Err(error) => {
                let said = format!("station {code}: a write that keeps every rule was refused: {error}");
                record.judged("exactly_once", Some(said));
                Fate::Unknown
            }
        };
        record.wrote(&call, seen, value, fate);
        return Ok(());
    }
    record.wrote(&call, seen, value, Fate::Unknown);
    Ok(())
}
