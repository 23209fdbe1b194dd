//! Every write that was acknowledged is there, at every node, once, with the form and the place its answer named.
//!
//! Invariant: asked while nobody writes, so that what is there is what was acknowledged and nothing more.

use api::client::Client;
use api::dto::stations::TallyPage;

use crate::live::history::Acknowledged;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country};

/// Asks one node for stations with all their revisions, as of `index` at least.
pub(in crate::live) async fn judge(
    node: &Client<HttpTransport>,
    name: &str,
    stations: &[(String, Vec<Acknowledged>)],
    index: u64,
) -> Result<(), Trouble> {
    for (station, expected) in stations {
        let path = format!("/api/v1/stations/{station}/{}?min_index={index}", country::CONTEST);
        let answer = node.read::<TallyPage>(path).await;
        let page = answer.map_err(|error| {
            Trouble::Violation(format!("{name} does not answer for station {station}: {error}"))
        })?;
        if let Err(difference) = compare(&page.value, expected) {
            return Err(Trouble::Violation(format!("{name}, station {station}: {difference}")));
        }
    }
    Ok(())
}

fn compare(page: &TallyPage, expected: &[Acknowledged]) -> Result<(), String> {
    let last = expected.last().copied();
    let revision = usize::try_from(page.revision).unwrap_or(usize::MAX);
    if revision != expected.len() {
        return Err(format!("it has revision {revision}, {} were acknowledged", expected.len()));
    }
    let found = page.form.as_ref().map(country::votes_of);
    let wanted = last.map(|last| country::votes(last.form));
    if found != wanted {
        return Err(format!("its votes are {found:?}, acknowledged were {wanted:?}"));
    }
    for (number, acknowledged) in (1_u32..).zip(expected) {
        let mut entries = page.history.iter().filter(|entry| entry.revision == number);
        let entry = entries.next().ok_or_else(|| format!("revision {number} is not in its history"))?;
        if entry.index != acknowledged.index {
            return Err(format!(
                "revision {number} is at {} of the log, acknowledged was {}",
                entry.index, acknowledged.index
            ));
        }
        if entries.next().is_some() {
            return Err(format!("revision {number} is there twice"));
        }
    }
    Ok(())
}
