//! "Cari TPS": a form and what it found; both work without a script.
//!
//! Invariant: what was typed comes back escaped, and every link leads to a page that exists in the same view.

use askama::Template;
use tally::region::RegionCode;

use crate::dto::search::{SearchPage as Found, SearchResult};
use crate::ports::{ReadError, StateView};

use super::frame::{Conditions, Frame};
use super::words;

/// What the page shows.
#[derive(Template)]
#[template(path = "search.html")]
pub(super) struct SearchPage {
    frame: Frame,
    text: String,
    /// Whether something was looked for.
    asked: bool,
    /// Whether names are not read yet.
    early: bool,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    kind: &'static str,
    code: String,
    path: String,
    address: String,
}

/// The page for what was typed; `found` is `None` while nothing can be found yet.
pub(super) fn page(
    view: &dyn StateView,
    text: String,
    found: Option<Found>,
    conditions: Conditions,
) -> Result<SearchPage, ReadError> {
    let contest = view.contests()?.into_iter().next().map(|contest| contest.id.to_string());
    let asked = !text.trim().is_empty();
    let early = found.is_none() && asked;
    let line = |result: SearchResult| {
        let region = RegionCode::parse(&result.code);
        let address = match &contest {
            _ if region.is_none() => format!("/tps/{}", result.code),
            Some(contest) => format!("/{contest}/{}", result.code),
            None => "/".to_owned(),
        };
        let names: Vec<String> = result.path.into_iter().skip(1).map(|step| step.name).rev().collect();
        Line {
            kind: region.map_or("TPS", |region| words::level(region.level())),
            path: names.join(", "),
            name: result.name,
            code: result.code,
            address,
        }
    };
    let lines = found.map_or_else(Vec::new, |found| found.results.into_iter().map(line).collect());
    let title = if asked { format!("{text} \u{2013} Cari TPS") } else { "Cari TPS".to_owned() };
    Ok(SearchPage { frame: Frame::new(title, conditions), text, asked, early, lines })
}
