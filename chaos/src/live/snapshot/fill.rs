//! State of a size that is wanted, through the officers' side: forms corrected again and again, each with a long reason,
//! in batches.
//!
//! Invariant: what counts is the size of the snapshot that the leader built, not what was sent.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use api::client::Client;
use api::dto::batch::{BatchBody, BatchItem, BatchResult};
use futures_util::future::{try_join, try_join_all};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{FILLED, Report, mebibytes, mebibytes_a_second};
use crate::chance::Chance;
use crate::live::fleet::Fleet;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country, harness};

/// Batches under way at once.
const FILLERS: u64 = 6;
/// Forms of a batch, and bytes of each reason: together just below what one proposal may hold.
const FORMS: u64 = 100;
const REASON_BYTES: usize = 1_900;
/// What a form takes beside its reason, about.
const FORM_BYTES: u64 = 300;
/// Between two lines about how far it is.
const SAY_EVERY: Duration = Duration::from_secs(20);
/// A form that is put off is sent again so often, after a pause each.
const ATTEMPTS_MAX: u32 = 100;
const BUSY: u16 = 503;
const BUSY_PAUSE: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Fills until the leader's snapshot has that size.
pub(super) async fn fill(
    fleet: &Fleet,
    officers: &Client<HttpTransport>,
    bytes: u64,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let began = Instant::now();
    let sent = Cell::new(0_u64);
    let revisions: Vec<Cell<u32>> = (0..FILLED).map(|_| Cell::new(0)).collect();
    let mut wanted = bytes;
    loop {
        let stop = Cell::new(false);
        let filling =
            try_join_all((0..FILLERS).map(|filler| send(officers, filler, &revisions, &sent, wanted)));
        let filling = async {
            let filled = filling.await;
            stop.set(true);
            filled
        };
        let telling = async {
            let mut told = Instant::now();
            while !stop.get() {
                sleep(LOOK_EVERY).await;
                if told.elapsed() >= SAY_EVERY {
                    told = Instant::now();
                    let rate = mebibytes_a_second(sent.get(), began.elapsed());
                    say(&format!("{} MiB written, {rate} MiB/s", mebibytes(sent.get())));
                }
            }
            Ok(())
        };
        try_join(filling, telling).await?;
        let leader = fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
        fleet.build_snapshot(leader).await?;
        let size = newest(&fleet.data_of(leader)?)?;
        report.snapshot_bytes = size;
        report.filled_in = began.elapsed();
        report.forms =
            sent.get().div_euclid(FORM_BYTES.saturating_add(u64::try_from(REASON_BYTES).unwrap_or(0)));
        say(&format!(
            "{} forms written in {} s; the snapshot has {} MiB",
            report.forms,
            began.elapsed().as_secs(),
            mebibytes(size)
        ));
        if size >= bytes {
            return Ok(());
        }
        let lacking = bytes.saturating_sub(size).max(1024 * 1024);
        wanted = sent.get().saturating_add(lacking.saturating_add(lacking.div_euclid(10)));
    }
}

/// Size of the newest snapshot of a node, from its files.
fn newest(data: &Path) -> Result<u64, Trouble> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(data.join("snapshots")).map_err(harness)? {
        let entry = entry.map_err(harness)?;
        if entry.path().join("MANIFEST").exists() {
            found.push(entry.path());
        }
    }
    let newest = found.into_iter().max().ok_or_else(|| harness("no snapshot was built"))?;
    let mut size = 0_u64;
    for file in std::fs::read_dir(newest.join("state")).map_err(harness)? {
        size = size.saturating_add(file.map_err(harness)?.metadata().map_err(harness)?.len());
    }
    Ok(size)
}

/// One filler's batches, at stations of its own, until enough was sent by all.
async fn send(
    officers: &Client<HttpTransport>,
    filler: u64,
    revisions: &[Cell<u32>],
    sent: &Cell<u64>,
    wanted: u64,
) -> Result<(), Trouble> {
    let own: Vec<u64> = (0..FILLED).filter(|number| number.checked_rem(FILLERS) == Some(filler)).collect();
    let mut chance = Chance::new(filler.saturating_add(sent.get()));
    let each = FORM_BYTES.saturating_add(u64::try_from(REASON_BYTES).unwrap_or(0));
    for batch in own.chunks(usize::try_from(FORMS).unwrap_or(1)).cycle() {
        if sent.get() >= wanted {
            return Ok(());
        }
        let mut items = Vec::new();
        for number in batch {
            let revision = usize::try_from(*number).ok().and_then(|place| revisions.get(place));
            let revision = revision.ok_or_else(|| harness("no such station"))?;
            items.push(item(*number, revision.get(), &mut chance)?);
            revision.set(revision.get().saturating_add(1));
        }
        let count = u64::try_from(items.len()).unwrap_or(0);
        batched(officers, items).await?;
        sent.set(sent.get().saturating_add(count.saturating_mul(each)));
    }
    Ok(())
}

/// Sends a batch until each of its forms was taken: a busy node says so form by form.
async fn batched(officers: &Client<HttpTransport>, mut items: Vec<BatchItem>) -> Result<(), Trouble> {
    for _ in 0..ATTEMPTS_MAX {
        let answer = officers.batch(Uuid::new_v4(), &BatchBody { items: items.clone() }).await;
        let answer = answer.map_err(|error| Trouble::Violation(format!("a batch was not taken: {error}")))?;
        let refused = |result: &&BatchResult| result.status >= 300 && result.status != BUSY;
        if let Some(refused) = answer.value.results.iter().find(refused) {
            return Err(Trouble::Violation(format!("a form of a batch was refused: {refused:?}")));
        }
        let busy = |item: &BatchItem| {
            answer.value.results.iter().any(|result| result.key == item.key && result.status == BUSY)
        };
        items.retain(busy);
        if items.is_empty() {
            return Ok(());
        }
        sleep(BUSY_PAUSE).await;
    }
    Err(Trouble::Violation("forms of a batch were put off again and again".to_owned()))
}

fn item(number: u64, revision: u32, chance: &mut Chance) -> Result<BatchItem, Trouble> {
    let body = country::body(u64::from(revision).saturating_add(number))?;
    Ok(BatchItem {
        key: Uuid::new_v4().hyphenated().to_string(),
        contest: country::CONTEST.to_owned(),
        station: country::station(country::STATIONS.saturating_add(number)),
        if_revision: revision,
        form: body.form,
        confirm: Vec::new(),
        // Letters by chance: no compression makes it much smaller.
        reason: Some(chance.text(REASON_BYTES)),
        attachments: Vec::new(),
        observed_at: None,
        count_kind: None,
    })
}
