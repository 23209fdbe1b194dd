//! Which public paths are rendered and kept, and how each is made.
//!
//! Invariant: the JSON bytes are those that the route of the same path answers: one function reads them.

use bytes::Bytes;
use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::RegionCode;

use super::page::{Kind, Page};
use crate::dto::results;
use crate::dto::sirekap::SirekapFile;
use crate::ports::{ReadError, StateView};
use crate::web::{self, Conditions, Subject, Target};

const RESULTS: &str = "/api/v1/results/";

/// Something that can be rendered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// A page for people.
    Html(Target),
    /// The results of a region for programs.
    Json(ContestId, RegionCode),
    /// A file as Sirekap had it.
    Sirekap(SirekapFile),
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
            let file = SirekapFile::parse(path).map(Self::Sirekap);
            return file.or_else(|| Target::parse(path).map(Self::Html));
        };
        let (contest, region) = rest.split_once('/')?;
        Some(Self::Json(ContestId::parse(contest)?, RegionCode::parse(region)?))
    }

    /// Whether a query asks for more than the page: a fresher read or a later part, which are not kept here.
    pub(super) fn asks_more(self, query: Option<&str>) -> bool {
        let Some(query) = query else { return false };
        let options: &[&str] = match self {
            Self::Json(..) => &["consistency", "min_index", "max_age_ms"],
            Self::Html(Target::Anomalies(..)) => &[web::AFTER],
            Self::Html(
                Target::Home | Target::Region(..) | Target::Station(_) | Target::Form(..) | Target::About,
            )
            | Self::Sirekap(_) => &[],
        };
        // A name may be written in percent signs; whoever does so is answered by the slow path.
        !options.is_empty() && (query.contains('%') || options.iter().any(|option| query.contains(option)))
    }

    /// Renders it; `None` when there is nothing there.
    pub(super) fn make(
        self,
        view: &dyn StateView,
        conditions: Conditions,
    ) -> Result<Option<Made>, ReadError> {
        match self {
            Self::Html(target) => {
                let Some(rendered) = web::render(view, target, conditions)? else { return Ok(None) };
                let version = version(view, rendered.subject)?;
                let page = Page::compressed(Kind::Html, rendered.body);
                Ok(Some(Made { subject: rendered.subject, version, page }))
            }
            Self::Json(contest, region) => {
                let Some(contest) = view.contest(&contest)? else { return Ok(None) };
                json(view, &contest, region, conditions)
            }
            Self::Sirekap(file) => sirekap(view, file),
        }
    }
}

fn sirekap(view: &dyn StateView, file: SirekapFile) -> Result<Option<Made>, ReadError> {
    let Some(value) = file.read(view)? else { return Ok(None) };
    let subject = match file {
        SirekapFile::Options(_) | SirekapFile::Regions(..) => Subject::MasterData,
        SirekapFile::Results(contest, region) => Subject::Region(contest, region),
        SirekapFile::Station(contest, station) => Subject::Form(contest, station),
    };
    let page = Page::compressed(Kind::Json, Bytes::from(value.to_string()));
    Ok(Some(Made { subject, version: version(view, subject)?, page }))
}

fn json(
    view: &dyn StateView,
    contest: &Contest,
    region: RegionCode,
    conditions: Conditions,
) -> Result<Option<Made>, ReadError> {
    let Some(mut results) = results::read(view, contest, region)? else { return Ok(None) };
    results.next_poll_ms = conditions.next_poll_ms;
    let body = serde_json::to_vec(&results)
        .map_err(|error| ReadError::Store(format!("results not written: {error}")))?;
    let page = Page::compressed(Kind::Json, Bytes::from(body));
    Ok(Some(Made { subject: Subject::Region(contest.id, region), version: results.as_of.version, page }))
}

/// How often the rows behind a subject changed: a page of the same version is the same page.
pub(super) fn version(view: &dyn StateView, subject: Subject) -> Result<u64, ReadError> {
    match subject {
        Subject::Nothing | Subject::MasterData => Ok(0),
        Subject::Region(contest, region) => {
            Ok(view.aggregate(&contest, region)?.map_or(0, |aggregate| aggregate.version))
        }
        Subject::Form(contest, station) => {
            let events = view.tally(&contest, station)?.map_or(0, |tally| u64::from(tally.events));
            // Both only grow, so their sum tells each change of either.
            Ok(events.saturating_add(view.complaint_counts(&contest, station)?.version()))
        }
    }
}

#[cfg(test)]
mod tests {
    use tally::command::{Command, Principal};
    use tally::complaint::{ComplaintKind, NewComplaint};

    use super::*;
    use crate::ports::Queries as _;
    use crate::web::fixture::{Country, form, ppwp, station_codes};

    #[test]
    fn a_complaint_makes_the_page_of_its_station_another_and_no_page_of_a_region() {
        let country = Country::new();
        let (contest, station) = (ppwp(), station_codes()[0]);
        country.report(station, form([100, 40, 27]));
        let versions = || {
            let view = country.local().unwrap();
            let subjects = [Subject::Form(contest, station), Subject::Region(contest, station.village())];
            subjects.map(|subject| version(&*view, subject).unwrap())
        };
        let [page, village] = versions();
        let complaint = NewComplaint {
            kind: ComplaintKind::Other,
            field: None,
            read: None,
            text: "<b>foto</b>".to_owned(),
        };
        country.accept(Principal::Public, Command::Complain { contest, station, revision: 1, complaint });
        assert_eq!(versions(), [page + 1, village]);
        let view = country.local().unwrap();
        let target = Source::Html(Target::Form(station, contest));
        let made = target.make(&*view, Conditions::quiet(0)).unwrap().unwrap();
        let text = String::from_utf8(made.page.body().to_vec()).unwrap();
        assert!(text.contains("Laporan 1: Lainnya") && !text.contains("<b>foto"), "{text}");
    }
}
