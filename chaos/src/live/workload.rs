//! Officers who report and correct forms, each at stations of their own, until told to stop.
//!
//! Invariant: a write whose outcome is not known is sent again with its key until it is; nothing else is sent for that
//! station before.

use std::cell::Cell;
use std::time::Duration;

use api::client::{Client, ClientError};
use tokio::time::{Instant, interval};
use uuid::Uuid;

use super::history::{Acknowledged, History};
use super::transport::HttpTransport;
use super::{Trouble, country};

/// Writers at once.
pub(super) const WRITERS: u64 = 8;
/// A write is sent again so often, each time for the client's deadline, before the cluster counts as gone.
pub(super) const PATIENCE: u32 = 4;
/// The officers' patience where no request may fail: what the typed client gives up on is given up.
pub(super) const NO_PATIENCE: u32 = 1;

/// Longest wait for acknowledged writes.
const PROGRESS_MAX: Duration = Duration::from_mins(1);

/// One officer's work until `stop` is set.
pub(super) async fn write(
    client: &Client<HttpTransport>,
    history: &History,
    writer: u64,
    first: u64,
    patience: u32,
    stop: &Cell<bool>,
) -> Result<(), Trouble> {
    let own: Vec<String> = (0..country::STATIONS)
        .filter(|number| number.checked_rem(WRITERS) == Some(writer))
        .map(country::station)
        .collect();
    let begin = usize::try_from(first).unwrap_or(0).checked_rem(own.len().max(1)).unwrap_or(0);
    for station in own.iter().cycle().skip(begin) {
        if stop.get() {
            break;
        }
        report(client, history, station, patience).await?;
    }
    Ok(())
}

async fn report(
    client: &Client<HttpTransport>,
    history: &History,
    station: &str,
    patience: u32,
) -> Result<(), Trouble> {
    let revision = history.revision(station);
    let form = history.next_form();
    let body = country::body(form)?;
    let key = Uuid::new_v4();
    let mut last = String::new();
    let began = Instant::now();
    for _ in 0..patience {
        match client.put_tally((country::CONTEST, station), revision, key, &body).await {
            Ok(answer) => {
                history.note(station, Acknowledged { form, index: answer.value.receipt.index });
                history.time(began.elapsed(), answer.attempts);
                return Ok(());
            }
            Err(error @ ClientError::Unavailable { .. }) => last = error.to_string(),
            Err(error) => {
                return Err(Trouble::Violation(format!(
                    "station {station}: revision {revision} was acknowledged, the write after it was refused: {error}"
                )));
            }
        }
    }
    Err(Trouble::Violation(format!("station {station}: a write was never answered: {last}")))
}

/// Waits for so many more acknowledged writes.
pub(super) async fn progress(history: &History, more: u64) -> Result<(), Trouble> {
    let wanted = history.count().saturating_add(more);
    let began = Instant::now();
    let mut pace = interval(Duration::from_millis(2));
    while history.count() < wanted {
        pace.tick().await;
        if began.elapsed() > PROGRESS_MAX {
            let seconds = PROGRESS_MAX.as_secs();
            return Err(Trouble::Violation(format!(
                "a majority is up, but {more} writes take over {seconds} s"
            )));
        }
    }
    Ok(())
}
