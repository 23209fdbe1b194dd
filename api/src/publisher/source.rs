//! Which public paths are rendered and kept, and how each is made.
//!
//! Invariant: the JSON bytes are those that the route of the same path answers: one function reads them.

use bytes::Bytes;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::RegionCode;

use super::page::{Kind, Page};
use crate::dto::results;
use crate::ports::{ReadError, StateView};
use crate::web::{self, Subject, Target};

const RESULTS: &str = "/api/v1/results/";

/// Something that can be rendered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// A page for people.
    Html(Target),
    /// The results of a region for programs.
    Json(ContestId, RegionCode),
}

/// A rendered source.
pub(super) struct Made {
    pub(super) subject: Subject,
    pub(super) version: u64,
    pub(super) page: Page,
}

impl Source {
    /// What a path names; `None` for everything that is not rendered here.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let Some(rest) = path.strip_prefix(RESULTS) else {
            return Target::parse(path).map(Self::Html);
        };
        let (contest, region) = rest.split_once('/')?;
        Some(Self::Json(ContestId::parse(contest)?, RegionCode::parse(region)?))
    }

    /// Whether a query asks for more than the page: a fresher read, which is not kept here.
    pub(super) fn asks_more(self, query: Option<&str>) -> bool {
        const OPTIONS: [&str; 3] = ["consistency", "min_index", "max_age_ms"];
        match (self, query) {
            (Self::Html(_), _) | (_, None) => false,
            // A name may be written in percent signs; whoever does so is answered by the slow path.
            (Self::Json(..), Some(query)) => {
                query.contains('%') || OPTIONS.iter().any(|option| query.contains(option))
            }
        }
    }

    /// Renders it; `None` when there is nothing there.
    pub(super) fn make(self, view: &dyn StateView, stale: bool) -> Result<Option<Made>, ReadError> {
        match self {
            Self::Html(target) => {
                let Some(rendered) = web::render(view, target, stale)? else { return Ok(None) };
                let version = version(view, rendered.subject)?;
                let page = Page::compressed(Kind::Html, rendered.body);
                Ok(Some(Made { subject: rendered.subject, version, page }))
            }
            Self::Json(contest, region) => {
                let Some(contest) = view.contest(&contest)? else { return Ok(None) };
                json(view, &contest, region)
            }
        }
    }
}

fn json(view: &dyn StateView, contest: &Contest, region: RegionCode) -> Result<Option<Made>, ReadError> {
    let Some(results) = results::read(view, contest, region)? else { return Ok(None) };
    let body = serde_json::to_vec(&results)
        .map_err(|error| ReadError::Store(format!("results not written: {error}")))?;
    let page = Page::compressed(Kind::Json, Bytes::from(body));
    Ok(Some(Made { subject: Subject::Region(contest.id, region), version: results.as_of.version, page }))
}

/// How often the rows behind a subject changed: a page of the same version is the same page.
pub(super) fn version(view: &dyn StateView, subject: Subject) -> Result<u64, ReadError> {
    match subject {
        Subject::Nothing => Ok(0),
        Subject::Region(contest, region) => {
            Ok(view.aggregate(&contest, region)?.map_or(0, |aggregate| aggregate.version))
        }
        Subject::Form(contest, station) => {
            Ok(view.tally(&contest, station)?.map_or(0, |tally| u64::from(tally.events)))
        }
    }
}
