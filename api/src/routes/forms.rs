//! Lists of forms by what they are in.
//!
//! Invariant: a page costs what a walk costs (`crate::walk`), and what it leaves out it says by `next`.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use tally::account::Scope;
use tally::aggregate::Aggregate;
use tally::region::RegionCode;
use tally::rules::RuleId;
use tally::station::{Station, Tally, TallyState};

use super::params::Params;
use super::reading::contest_named;
use super::{Pinned, Surface, page};
use crate::auth::Caller;
use crate::dto::forms::{FormEntry, Forms};
use crate::dto::text::{station_name, time};
use crate::error::Problem;
use crate::walk::{Seeker, walk};

/// What is looked for.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    state: Option<Sought>,
    rule: Option<RuleId>,
    flagged: bool,
    approval: bool,
}

/// A state as a list asks for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sought {
    Absent,
    Of(TallyState),
}

impl Sought {
    fn parse(text: &str) -> Option<Self> {
        if text == "absent" {
            return Some(Self::Absent);
        }
        TallyState::ALL.into_iter().find(|state| state.name() == text).map(Self::Of)
    }
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let state = params.one("state")?.map(|text| {
            Sought::parse(text).ok_or_else(|| Problem::wrong("state", "Keadaan ini tidak dikenal."))
        });
        let rule = params.one("rule")?.map(|text| {
            RuleId::parse(text).ok_or_else(|| Problem::wrong("rule", "Harus nomor aturan, misalnya R14."))
        });
        let flag = |name: &str| match params.one(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::wrong(name, "Harus true atau false.")),
        };
        Ok(Self {
            state: state.transpose()?,
            rule: rule.transpose()?,
            flagged: flag("flagged")?,
            approval: flag("approval_pending")?,
        })
    }

    /// Whether a region with these sums and so many stations may have such a form.
    fn possible_in(self, sums: Option<&Aggregate>, stations: u64) -> bool {
        let count = |count: fn(&Aggregate) -> u64| sums.map_or(0, count);
        let (held, certified) = (count(|sums| sums.held), count(|sums| sums.certified));
        let reported = count(|sums| sums.reported);
        let counted = reported.saturating_sub(held).saturating_sub(certified);
        let in_state = match self.state {
            None => true,
            Some(Sought::Absent) => reported < stations,
            Some(Sought::Of(TallyState::Held)) => held > 0,
            Some(Sought::Of(TallyState::Certified)) => certified > 0,
            Some(Sought::Of(TallyState::Reported | TallyState::Reviewed | TallyState::Disputed)) => {
                counted > 0
            }
        };
        let flagged = self.flagged || self.rule.is_some() || self.approval;
        in_state && (!flagged || count(|sums| sums.flagged) > 0)
    }

    fn fits(self, tally: Option<&Tally>) -> bool {
        let state = match (self.state, tally) {
            (None, _) | (Some(Sought::Absent), None) => true,
            (Some(Sought::Absent), Some(_)) | (Some(Sought::Of(_)), None) => false,
            (Some(Sought::Of(state)), Some(tally)) => tally.state == state,
        };
        let has = |rule: RuleId| tally.is_some_and(|tally| tally.flags.iter().any(|flag| flag.rule == rule));
        state
            && self.rule.is_none_or(has)
            && (!self.flagged || tally.is_some_and(Tally::flagged))
            && (!self.approval || tally.is_some_and(|tally| tally.approval_pending))
    }
}

/// `GET /tallies/{contest}`.
pub(super) async fn list(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    Path(contest): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let wanted = Wanted::read(&params)?;
    let region = match (params.one("region")?, caller.account.scope) {
        (Some(text), _) => {
            RegionCode::parse(text).ok_or_else(|| Problem::wrong("region", "Harus kode wilayah."))?
        }
        (None, Scope::Region(region)) => region,
        (None, Scope::Station(station)) => station.village(),
    };
    let after = params.after_station()?;
    let view = surface.view(options).await?;
    let contest = contest_named(view.as_ref(), &contest)?;
    let mut gathered = Gathered { wanted, limit, forms: Vec::new() };
    let next = walk(view.as_ref(), &contest, (region, after), &mut gathered)?;
    let (forms, next) = (gathered.forms, next.map(|next| next.to_string()));
    let answer = Forms { contest: contest.id.to_string(), region: region.to_string(), forms, next };
    page(Pinned::of(view.as_ref()), &answer)
}

/// The forms of one page.
struct Gathered {
    wanted: Wanted,
    limit: usize,
    forms: Vec<FormEntry>,
}

impl Seeker for Gathered {
    fn possible_in(&self, sums: Option<&Aggregate>, stations: u64) -> bool {
        self.wanted.possible_in(sums, stations)
    }

    fn meet(&mut self, station: &Station, village: &str, tally: Option<&Tally>) -> bool {
        if self.wanted.fits(tally) {
            self.forms.push(entry(station, village, tally));
        }
        self.forms.len() < self.limit
    }
}

fn entry(station: &Station, village: &str, tally: Option<&Tally>) -> FormEntry {
    let mut rules: Vec<String> =
        tally.map_or_else(Vec::new, |tally| tally.flags.iter().map(|flag| flag.rule.to_string()).collect());
    rules.dedup();
    FormEntry {
        station: station.code.to_string(),
        name: station_name(station),
        village: village.to_owned(),
        state: tally.map_or("absent", |tally| tally.state.name()).to_owned(),
        revision: tally.map_or(0, |tally| tally.revision),
        rules,
        approval_pending: tally.is_some_and(|tally| tally.approval_pending),
        certified_level: tally.and_then(|tally| tally.certified).map(|level| level.name().to_owned()),
        updated_at: tally.map(|tally| time(tally.at)),
    }
}
