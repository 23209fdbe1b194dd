//! Those who go through all flagged forms, page by page, each page at another node.
//!
//! Invariant: a walk counts when each of its pages was of an index at which all forms were flagged that are looked for; a node
//! that has just started may be behind that.

use std::time::Duration;

use api::dto::anomalies::AnomaliesPage;
use tokio::time::sleep;

use super::{PATIENCE, Square, some_region};
use crate::chance::Chance;
use crate::judges::walks::Walk;
use crate::live::country;
use crate::live::storm::plant::StormPlant;
use crate::report::Ended;

/// Between two pages.
const PAUSE: Duration = Duration::from_millis(40);
/// Forms on a page.
const LIMIT: (u64, u64) = (2, 11);
/// A page is asked for at so many nodes, one after the other.
const ATTEMPTS: u32 = 8;

/// Where flagged forms of a region are listed.
pub(super) fn path(region: &str, limit: u64, next: Option<&str>) -> String {
    let next = next.map(|next| format!("&next={next}")).unwrap_or_default();
    format!("/api/v1/anomalies/{}/{region}?limit={limit}{next}", country::CONTEST)
}

/// Walks until told to stop.
pub(super) async fn walk(square: Square<'_>, mut chance: Chance) {
    let regions = country::region_codes();
    while !square.stop.get() {
        let region = some_region(&regions, &mut chance);
        let called_us = square.record.now_us();
        let walked = through(square, &region, &mut chance).await;
        let call = ("walker".to_owned(), region.clone(), called_us);
        let ended = if walked.is_some() { Ended::Done } else { Ended::Refused };
        let met = walked.as_ref().map_or(0, Walk::len);
        square.record.did(call, "walk-anomalies", (ended, u64::try_from(met).unwrap_or(u64::MAX), 0));
        let Some(walk) = walked else { continue };
        let within = |station: &&String| region == "0" || station.starts_with(&region);
        let complaint = walk.end(square.flagged.stations.iter().filter(within));
        square.record.judged("walks", complaint.map(|said| format!("region {region}: {said}")));
    }
}

/// One walk through a region, if it came to its end.
async fn through(square: Square<'_>, region: &str, chance: &mut Chance) -> Option<Walk> {
    let (mut walk, mut next) = (Walk::default(), None);
    let mut attempts: u32 = 0;
    while !square.stop.get() && attempts < ATTEMPTS {
        sleep(PAUSE).await;
        attempts = attempts.saturating_add(1);
        let (limit, visitor) = (chance.between(LIMIT.0, LIMIT.1), square.pick(chance)?);
        let visit = visitor.get(&path(region, limit, next.as_deref()), &[], PATIENCE).await;
        let Some(visit) = visit.filter(|visit| visit.status == 200) else { continue };
        if visit.index().is_none_or(|index| index < square.flagged.index) {
            continue;
        }
        let Ok(page) = serde_json::from_slice::<AnomaliesPage>(&visit.body) else {
            let said = format!("node {}, region {region}: no page of flagged forms", visitor.id);
            square.record.judged("walks", Some(said));
            return None;
        };
        attempts = 0;
        let mut codes: Vec<String> = page.items.into_iter().map(|item| item.station).collect();
        if square.planted.has(StormPlant::SkippedForm) {
            codes.pop();
        }
        let complaint = walk.page(limit, &codes, page.next.as_deref());
        let whence = format!("node {}, region {region}", visitor.id);
        square.record.judged("walks", complaint.map(|said| format!("{whence}: {said}")));
        if page.next.is_none() {
            return Some(walk);
        }
        next = page.next;
    }
    None
}
