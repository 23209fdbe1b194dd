//! A linearizable read sees everything that was acknowledged before it was asked, also at a node that slept.
//!
//! Invariant: what was acknowledged is taken down before the read is sent. No answer is an answer: a node may refuse.

use api::client::Client;
use api::dto::stations::TallyPage;

use crate::live::history::History;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country};

/// Reads without an answer after which no more are tried: each takes the client's whole patience.
const REFUSED_MAX: u64 = 3;

/// Reads every station once at a node, while others write.
pub(in crate::live) async fn judge(node: &Client<HttpTransport>, history: &History) -> Result<u64, Trouble> {
    let mut answered: u64 = 0;
    let mut refused: u64 = 0;
    for number in 0..country::STATIONS {
        let station = country::station(number);
        let acknowledged = history.revision(&station);
        let path = format!("/api/v1/stations/{station}/{}?consistency=linearizable", country::CONTEST);
        let Ok(page) = node.read::<TallyPage>(path).await else {
            refused = refused.saturating_add(1);
            if refused > REFUSED_MAX {
                break;
            }
            continue;
        };
        answered = answered.saturating_add(1);
        let found = page.value.revision;
        if found < acknowledged {
            return Err(Trouble::Violation(format!(
                "station {station}: a linearizable read shows revision {found}, {acknowledged} was acknowledged before"
            )));
        }
    }
    Ok(answered)
}
