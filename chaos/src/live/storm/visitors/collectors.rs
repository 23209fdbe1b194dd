//! Those who take files of results with them, tables and objects, packed and plain.
//!
//! Invariant: a file that came is kept row for row until the whole count can judge it; a node that cannot make one, or whose
//! disk has no room for it, says so, which is no complaint.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use super::table::{self, Table};
use super::{Square, some_region, stations};
use crate::chance::Chance;
use crate::course::Row;
use crate::judges::files::File;
use crate::live::country;
use crate::live::storm::plant::{Planted, StormPlant};
use crate::live::visitor::Visit;
use crate::report::Ended;

/// Between two files.
const PAUSE: Duration = Duration::from_millis(180);
/// Longest wait for one: they are made one at a time.
const PATIENCE: Duration = Duration::from_secs(6);

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) region: String,
    /// An object rather than a table.
    pub(super) json: bool,
    pub(super) packed: bool,
}

impl Wanted {
    fn draw(regions: &[String], chance: &mut Chance) -> Self {
        Self { region: some_region(regions, chance), json: chance.coin(), packed: chance.coin() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> String {
        let ending = if self.json { "json" } else { "csv" };
        format!("/api/v1/exports/{}/{}.{ending}", country::CONTEST, self.region)
    }

    /// What is sent with the question.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let accepted = if self.packed { "gzip" } else { "identity" };
        vec![("accept-encoding", accepted.to_owned())]
    }

    /// What came.
    pub(super) fn read(&self, visit: &Visit, planted: Planted<'_>) -> Result<Table, String> {
        let packed = visit.header("content-encoding") == Some("gzip");
        if packed != self.packed {
            return Err(format!("it is packed: {packed}, and was asked for otherwise"));
        }
        let torn = planted.has(StormPlant::TornFile).then(|| visit.body.len().saturating_sub(2));
        let bytes = visit.body.get(..torn.unwrap_or(visit.body.len())).unwrap_or_default();
        let plain = if packed { table::unpack(bytes)? } else { bytes.to_vec() };
        if self.json { table::json(&plain) } else { table::csv(&plain) }
    }
}

/// Collects files until told to stop.
pub(super) async fn collect(square: Square<'_>, mut chance: Chance) -> Vec<File> {
    let (regions, stations) = (country::region_codes(), stations());
    let (mut files, mut earlier) = (Vec::new(), BTreeMap::new());
    while !square.stop.get() {
        sleep(PAUSE).await;
        let wanted = Wanted::draw(&regions, &mut chance);
        let Some(visitor) = square.pick(&mut chance) else { break };
        let (path, called_us) = (wanted.path(), square.record.now_us());
        let visit = visitor.get(&path, &wanted.headers(), PATIENCE).await;
        let call = (format!("collector at node {}", visitor.id), path.clone(), called_us);
        let Some(visit) = visit else {
            square.record.did(call, "read-file", (Ended::Refused, 0, 0));
            continue;
        };
        if visit.status != 200 {
            square.record.did(call, "read-file", (Ended::Refused, 0, 0));
            // Nothing is wrong with the question.
            let said = format!("node {}: {path} is refused with {}", visitor.id, visit.status);
            square.record.judged("files", (400..500).contains(&visit.status).then_some(said));
            continue;
        }
        let whence = format!("{path} of node {}", visitor.id);
        match wanted.read(&visit, square.planted) {
            Ok((index, mut rows)) => {
                square.record.did(call, "read-file", (Ended::Done, 0, index.unwrap_or_default()));
                if square.planted.has(StormPlant::MixedFile) {
                    mix(&mut rows, &mut earlier);
                }
                let file = File { whence, region: wanted.region, index, rows };
                square.record.judged("files", file.whole(&stations));
                files.push(file);
            }
            Err(said) => {
                square.record.did(call, "read-file", (Ended::Done, 0, 0));
                square.record.judged("files", Some(format!("{whence}: {said}")));
            }
        }
    }
    files
}

/// Puts an earlier row in place of the first that has changed since.
fn mix(rows: &mut [(String, Row)], earlier: &mut BTreeMap<String, Row>) {
    let mut mixed = false;
    for (station, row) in rows {
        let before = earlier.insert(station.clone(), row.clone());
        if let Some(before) = before.filter(|before| !mixed && before.revision < row.revision) {
            *row = before;
            mixed = true;
        }
    }
}
