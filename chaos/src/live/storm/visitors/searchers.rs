//! Those who look for regions and stations that they know.
//!
//! Invariant: what is looked for exists from before the first visitor on; only no answer is no complaint.

use std::cell::RefCell;
use std::time::Duration;

use api::dto::search::SearchPage;
use api::error::ProblemBody;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, Square};
use crate::chance::Chance;
use crate::judges::search::{Answer, Search};
use crate::live::country;
use crate::live::storm::plant::{Planted, StormPlant};
use crate::live::visitor::{Visit, Visitor};
use crate::report::Ended;

/// Between two searches.
const PAUSE: Duration = Duration::from_millis(60);
/// Longest until a node at rest searches: it reads names when it starts.
const REST_MAX: Duration = Duration::from_secs(20);
/// What a node says that has not read the names.
const NOT_YET: &str = "overloaded";

/// Where what somebody types is looked for.
pub(super) fn path(text: &str) -> String {
    format!("/api/v1/search?q={}", text.replace(' ', "%20"))
}

/// What a node answered.
pub(super) fn read(visit: &Visit) -> Answer {
    if visit.status == 200
        && let Ok(page) = serde_json::from_slice::<SearchPage>(&visit.body)
    {
        return Answer::Found(page.results.into_iter().map(|result| result.code).collect());
    }
    let problem = serde_json::from_slice::<ProblemBody>(&visit.body).ok();
    let not_yet = visit.status == 503 && problem.is_some_and(|problem| problem.code == NOT_YET);
    if not_yet { Answer::NotYet } else { Answer::Refused(visit.status) }
}

/// Looks for things until told to stop.
pub(super) async fn search(square: Square<'_>, mut chance: Chance) {
    let (searches, judge) = (country::searches(), RefCell::new(Search::default()));
    // Half of them are names of regions, which come first; there are more stations.
    let names = searches.iter().take_while(|(_, code)| code.len() < 13).count();
    while !square.stop.get() {
        sleep(PAUSE).await;
        let count = if chance.coin() { names } else { searches.len() };
        let (Some(search), Some(visitor)) = (searches.get(chance.place(count)), square.pick(&mut chance))
        else {
            break;
        };
        ask(square, visitor, search, &judge).await;
    }
}

/// One question; whether it was answered.
async fn ask(
    square: Square<'_>,
    visitor: &Visitor,
    (text, meant): &(String, String),
    judge: &RefCell<Search>,
) -> bool {
    let (process, called_us) = (visitor.process(), square.record.now_us());
    let visit = visitor.get(&path(text), &[], PATIENCE).await;
    let call = (format!("searcher at node {}", visitor.id), text.clone(), called_us);
    let Some(visit) = visit else {
        square.record.did(call, "read-search", (Ended::Refused, 0, 0));
        return false;
    };
    let answer = spoil(read(&visit), square.planted);
    let found = matches!(answer, Answer::Found(_));
    let ended = if found { Ended::Done } else { Ended::Refused };
    square.record.did(call, "read-search", (ended, 0, visit.index().unwrap_or_default()));
    // A process that ended meanwhile may not be the one that answered.
    if visitor.process() == process {
        let complaint = judge.borrow_mut().saw((visitor.id, process), (text, meant), &answer);
        square.record.judged("search", complaint);
    }
    found
}

fn spoil(answer: Answer, planted: Planted<'_>) -> Answer {
    match answer {
        Answer::Found(mut codes) if planted.has(StormPlant::WrongFind) && codes.len() > 1 => {
            codes.swap(0, 1);
            Answer::Found(codes)
        }
        Answer::Found(_) | Answer::NotYet | Answer::Refused(_) => answer,
    }
}

/// When nobody does anything any more every node finds every region.
pub(super) async fn finish(square: Square<'_>) {
    let (searches, judge) = (country::searches(), RefCell::new(Search::default()));
    let began = Instant::now();
    for visitor in square.visitors {
        for search in searches.iter().filter(|(_, code)| code.len() < 13) {
            while !ask(square, visitor, search, &judge).await {
                if began.elapsed() > REST_MAX {
                    let said = format!("node {} does not search, and nobody does anything", visitor.id);
                    return square.record.judged("search", Some(said));
                }
                sleep(PAUSE).await;
            }
        }
    }
}
