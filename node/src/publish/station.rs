//! The pages of stations and their forms, below a village that was looked at.
//!
//! Invariant: a form is what the row of its village says, or the village is looked at again.

use api::dto::stations::TallyPage;
use futures_util::stream::{self, StreamExt as _};
use tally::ids::ContestId;
use tally::region::StationCode;

use super::address::SitePath;
use super::source::Source;
use super::walk::{Answer, Page, Walk, ask, ask_all, senseless};
use crate::failure::Failure;

/// A form to look at, and what the row above says of it.
pub(super) struct FormWanted {
    pub(super) station: StationCode,
    pub(super) state: String,
    pub(super) revision: u32,
}

/// A form to look at, with its pages, the form itself last.
struct Asking {
    wanted: FormWanted,
    register: Vec<Page>,
    shown: Vec<Page>,
    form: Page,
}

struct Asked {
    wanted: FormWanted,
    register: Vec<Answer>,
    shown: Vec<Answer>,
    shown_wanted: usize,
    form: Option<Answer>,
}

async fn look(source: &Source, asking: Asking, floor: u64) -> Result<Asked, Failure> {
    let Asking { wanted, register, shown, form } = asking;
    let shown_wanted = shown.len();
    let register = ask_all(source, register, floor).await?;
    let shown = ask_all(source, shown, floor).await?;
    let form = ask(source, form, floor).await?;
    Ok(Asked { wanted, register, shown, shown_wanted, form })
}

impl Walk<'_, '_> {
    /// Looks at forms.
    pub(super) async fn forms(&mut self, contest: ContestId, forms: Vec<FormWanted>) -> Result<(), Failure> {
        let asking: Vec<Asking> = forms.into_iter().map(|wanted| self.asking_form(contest, wanted)).collect();
        let (source, floor) = (self.source, self.floor);
        let looks = asking.into_iter().map(|asking| look(source, asking, floor));
        let mut looks = stream::iter(looks).buffer_unordered(self.plan.in_flight);
        while let Some(asked) = looks.next().await {
            self.take_form(contest, asked?)?;
        }
        Ok(())
    }

    fn asking_form(&self, contest: ContestId, wanted: FormWanted) -> Asking {
        let station = wanted.station;
        let register = self.register_page(SitePath::station(station)).into_iter().collect();
        let mut shown = vec![self.page(SitePath::form_page(station, contest))];
        if self.is_first_at(station, contest) {
            shown.push(self.page(SitePath::station_page(station)));
        }
        if self.plan.sirekap {
            shown.push(self.page(SitePath::sirekap_form(contest, station)));
        }
        Asking { wanted, register, shown, form: self.page(SitePath::form(station, contest)) }
    }

    /// Whether the page of a station shows this contest: contests are walked in their order, so those before it have
    /// their pages there.
    fn is_first_at(&self, station: StationCode, contest: ContestId) -> bool {
        let before = self.contests.iter().map(|held| held.contest).take_while(|other| *other != contest);
        let has = |other: ContestId| self.draft.entries().contains_key(&SitePath::form(station, other));
        !before.into_iter().any(has)
    }

    fn take_form(&mut self, contest: ContestId, asked: Asked) -> Result<(), Failure> {
        let Asked { wanted, register, shown, shown_wanted, form } = asked;
        let village = (contest, wanted.station.village());
        let Some(form) = form else {
            self.unsettled.insert(village);
            return Ok(());
        };
        for answer in register.iter().chain(&shown).chain([&form]) {
            self.accept(answer)?;
        }
        let page = self.draft.body(&form.path).and_then(|body| serde_json::from_slice(&body).ok());
        let page: TallyPage = page.ok_or_else(|| senseless(&form.path))?;
        let changed = page.history.last().map_or(0, |event| event.index);
        let span = changed..=form.sight.index;
        let settled = shown.len() == shown_wanted
            && shown.iter().all(|answer| span.contains(&answer.sight.index))
            && (page.state, page.revision) == (wanted.state, wanted.revision);
        if !settled {
            self.unsettled.insert(village);
        }
        Ok(())
    }
}
