//! Forms that a rule has found something in, which nobody touches afterwards: whoever looks for such forms must meet them.
//!
//! Invariant: reported before anything else happens, at stations where nobody else reports; from the highest of their places
//! in the log on all of them are flagged, for ever.

use std::collections::BTreeSet;

use api::client::Client;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::record::Record;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country, harness};

/// So many, behind all other stations: some in each village.
pub(super) const FLAGGED: u64 = 24;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Flagged {
    /// Codes of their stations.
    pub(super) stations: BTreeSet<String>,
    /// From there on all are flagged.
    pub(super) index: u64,
}

/// Reports them.
pub(super) async fn report(client: &Client<HttpTransport>, record: &Record) -> Result<Flagged, Trouble> {
    let stations = (0..FLAGGED).map(|number| country::station(country::STATIONS.saturating_add(number)));
    let stations: Vec<String> = stations.collect();
    let reported = stations.iter().map(|station| async {
        let mut body = country::body(record.next_form())?;
        // One ballot is missing, and so it stands on the paper (R13).
        if let Some(ballots) = &mut body.form.ballots {
            ballots.unused = ballots.unused.saturating_sub(1);
        }
        body.confirm = vec!["R13".to_owned()];
        body.reason = Some("tertulis demikian di C.Hasil".to_owned());
        let answer = client.put_tally((country::CONTEST, station), 0, Uuid::new_v4(), &body).await;
        let answer = answer.map_err(harness)?.value;
        let flagged = answer.state == "reported" && !answer.flags.is_empty();
        if flagged { Ok(answer.receipt.index) } else { Err(harness("a form is not flagged")) }
    });
    let indexes = try_join_all(reported).await?;
    let index = indexes.into_iter().max().unwrap_or_default();
    Ok(Flagged { stations: stations.into_iter().collect(), index })
}
