//! One walk down the regions of a contest: every page that may have changed is asked for again.
//!
//! Invariant: a page is passed over only where the row above it says that nothing below has changed since it was taken,
//! and where all that hangs together was of one state then. What is not of one state is noted and looked at again by
//! the next walk.
//!
//! How pages of one state are told without asking for a state: results name their last change `c`, and every answer the
//! index `i` that it is of, so the answer is true from `c` to `i`. A page for people that was seen at `h` shows the same
//! as results that were seen later when `c <= h <= i`. A row and the results below it are the same when they have had as
//! many changes.

use std::collections::BTreeSet;
use std::time::Duration;

use api::dto::results::{ResultChild, ResultRegionLine, ResultsPage};
use futures_util::stream::{self, StreamExt as _};
use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};

use super::address::SitePath;
use super::depth::Depth;
use super::draft::{Draft, Sight};
use super::manifest::Shown;
use super::packed::Content;
use super::source::Source;
use super::station::FormWanted;
use super::sums;
use crate::failure::Failure;
use crate::text;

/// What is published, and how.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The lowest pages.
    pub depth: Depth,
    /// Whether Sirekap's files are wanted.
    pub sirekap: bool,
    /// Versions that stay.
    pub keep: usize,
    /// Pages asked for at once.
    pub in_flight: usize,
    /// After this long every page is asked for again, whatever the rows above say.
    pub recheck: Duration,
}

/// A contest to publish.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) contest: ContestId,
    /// Smallest region that contains it.
    pub(super) region: RegionCode,
}

/// Regions whose pages are not all of one state.
pub(super) type Unsettled = BTreeSet<(ContestId, RegionCode)>;

/// One walk. See the module.
pub(super) struct Walk<'w, 'd> {
    pub(super) source: &'w Source,
    pub(super) draft: &'w mut Draft<'d>,
    pub(super) plan: &'w Plan,
    /// All contests, in the order of their identifiers.
    pub(super) contests: &'w [Held],
    pub(super) unsettled: &'w mut Unsettled,
    /// No answer may be of an older index.
    pub(super) floor: u64,
    /// Whether no page is passed over.
    pub(super) every: bool,
}

/// A page to ask for, and the tag of what is here.
pub(super) struct Page {
    path: SitePath,
    tag: Option<String>,
}

/// A page that was answered.
pub(super) struct Answer {
    pub(super) path: SitePath,
    pub(super) sight: Sight,
    content: Option<Content>,
}

/// A region to look at.
#[derive(Clone, Copy)]
struct Wanted {
    region: RegionCode,
    /// Changes that the row above tells of.
    version: Option<u64>,
}

/// A region to look at, with its pages: those of the register, those that show forms, and last its results.
struct Asking {
    wanted: Wanted,
    register: Vec<Page>,
    shown: Vec<Page>,
    results: Page,
    /// What was here before.
    former: Option<ResultsPage>,
}

/// A region that was looked at. Pages that are not there are left out.
struct Asked {
    wanted: Wanted,
    register: Vec<Answer>,
    shown: Vec<Answer>,
    /// How many pages there were to be.
    shown_wanted: usize,
    results: Option<Answer>,
    former: Option<ResultsPage>,
}

/// Asks for a page and packs it where it is new.
pub(super) async fn ask(source: &Source, page: Page, floor: u64) -> Result<Option<Answer>, Failure> {
    let Page { path, tag } = page;
    let seen = source.look(path.as_str(), path.media(), (tag.as_deref(), floor)).await?;
    let Some(seen) = seen else { return Ok(None) };
    let content = match seen.body {
        None => None,
        Some(body) => {
            let packed = tokio::task::spawn_blocking(move || Content::pack(body)).await;
            Some(packed.map_err(|error| Failure::failed(error.to_string()))?)
        }
    };
    Ok(Some(Answer { path, sight: seen.sight, content }))
}

/// Asks for pages one after the other; those that are not there are left out.
pub(super) async fn ask_all(source: &Source, pages: Vec<Page>, floor: u64) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::new();
    for page in pages {
        answers.extend(ask(source, page, floor).await?);
    }
    Ok(answers)
}

async fn look(source: &Source, asking: Asking, floor: u64) -> Result<Asked, Failure> {
    let Asking { wanted, register, shown, results, former } = asking;
    let shown_wanted = shown.len();
    let register = ask_all(source, register, floor).await?;
    let shown = ask_all(source, shown, floor).await?;
    // Last, so that it is of no older state than the pages that show the same.
    let results = ask(source, results, floor).await?;
    Ok(Asked { wanted, register, shown, shown_wanted, results, former })
}

impl Walk<'_, '_> {
    /// Walks down a contest.
    pub(super) async fn contest(&mut self, held: Held) -> Result<(), Failure> {
        let mut level = vec![Wanted { region: RegionCode::NATION, version: None }];
        while !level.is_empty() {
            let mut below = Vec::new();
            let mut forms = Vec::new();
            let asking: Vec<Asking> = level.into_iter().map(|wanted| self.asking(held, wanted)).collect();
            let (source, floor) = (self.source, self.floor);
            let looks = asking.into_iter().map(|asking| look(source, asking, floor));
            let mut looks = stream::iter(looks).buffer_unordered(self.plan.in_flight);
            while let Some(asked) = looks.next().await {
                let page = self.take(held, asked?)?;
                if let Some((page, former)) = page {
                    below.extend(self.descend(held, &page, former.as_ref())?);
                    forms.extend(self.forms_of(held.contest, &page)?);
                }
            }
            drop(looks);
            self.forms(held.contest, forms).await?;
            level = below;
        }
        Ok(())
    }

    /// A page with the tag of what is here.
    pub(super) fn page(&self, path: SitePath) -> Page {
        Page { tag: self.draft.tag(&path), path }
    }

    /// A page that no form changes, unless the draft has it: one that is made from nothing has none yet.
    pub(super) fn register_page(&self, path: SitePath) -> Option<Page> {
        (!self.draft.entries().contains_key(&path)).then(|| self.page(path))
    }

    /// Takes an answer over.
    pub(super) fn accept(&mut self, answer: &Answer) -> Result<(), Failure> {
        if let Some(content) = &answer.content {
            return self.draft.put(&answer.path, content, &answer.sight);
        }
        self.draft.keep(&answer.path, &answer.sight);
        Ok(())
    }

    fn former(&self, contest: ContestId, region: RegionCode) -> Option<ResultsPage> {
        serde_json::from_slice(&self.draft.body(&SitePath::results(contest, region))?).ok()
    }

    fn asking(&self, held: Held, wanted: Wanted) -> Asking {
        let (contest, region) = (held.contest, wanted.region);
        let former = self.former(contest, region);
        let mut register: Vec<Page> = self.register_page(SitePath::region(region)).into_iter().collect();
        let mut shown = vec![self.page(SitePath::page(contest, region))];
        if self.contests.first() == Some(&held) && held.region == region {
            shown.push(self.page(SitePath::home()));
        }
        if former.as_ref().is_some_and(deserves_a_look) {
            shown.push(self.page(SitePath::anomalies(contest, region)));
        }
        if self.plan.sirekap {
            register.extend(self.register_page(SitePath::sirekap_regions(contest, region)));
            if region == RegionCode::NATION {
                register.extend(self.register_page(SitePath::sirekap_options(contest)));
            }
            shown.push(self.page(SitePath::sirekap_sums(contest, region)));
        }
        // Where all is looked at anyway nothing is compared, and a whole level is held at once.
        let former = former.filter(|_| !self.every);
        Asking { wanted, register, shown, results: self.page(SitePath::results(contest, region)), former }
    }

    /// Takes over what a look brought; answers the results and those that were here before.
    fn take(
        &mut self,
        held: Held,
        asked: Asked,
    ) -> Result<Option<(ResultsPage, Option<ResultsPage>)>, Failure> {
        let Asked { wanted, register, shown, shown_wanted, results, former } = asked;
        let (contest, region) = (held.contest, wanted.region);
        let Some(results) = results else {
            // A contest of which no region is known yet has no page; elsewhere the register has changed meanwhile.
            if region != RegionCode::NATION {
                self.unsettled.insert((contest, region));
            }
            return Ok(None);
        };
        for answer in register.iter().chain(&shown).chain([&results]) {
            self.accept(answer)?;
        }
        let page = self.former(contest, region).filter(|page| {
            page.contest == contest.as_str() && RegionCode::parse(&page.region.code) == Some(region)
        });
        let page = page.ok_or_else(|| senseless(&results.path))?;
        sums::check(&page).map_err(|what| wrong_sums(&results.path, what))?;
        let shows = Shown { version: page.as_of.version, changed: page.as_of.index };
        self.draft.mark(&results.path, shows);
        let newest = results.sight.index;
        let span = shows.changed..=newest;
        let settled = shown.len() == shown_wanted
            && shown.iter().all(|answer| span.contains(&answer.sight.index))
            && wanted.version.is_none_or(|version| version == shows.version)
            && (!deserves_a_look(&page)
                || shown.iter().any(|answer| answer.path == SitePath::anomalies(contest, region)));
        if settled {
            self.unsettled.remove(&(contest, region));
        } else {
            self.unsettled.insert((contest, region));
        }
        Ok(Some((page, former)))
    }

    /// The regions below that must be looked at.
    fn descend(
        &self,
        held: Held,
        page: &ResultsPage,
        former: Option<&ResultsPage>,
    ) -> Result<Vec<Wanted>, Failure> {
        let path = || SitePath::results(held.contest, RegionCode::NATION);
        let region = RegionCode::parse(&page.region.code).ok_or_else(|| senseless(&path()))?;
        if region.level() >= self.plan.depth.level() {
            return Ok(Vec::new());
        }
        let mut below = Vec::new();
        for child in &page.children {
            let ResultChild::Region(line) = child else { continue };
            let code = RegionCode::parse(&line.code).filter(|code| code.parent() == Some(region));
            let code = code.ok_or_else(|| senseless(&SitePath::results(held.contest, region)))?;
            if self.every || !self.as_it_was(held.contest, (code, line), former) {
                below.push(Wanted { region: code, version: Some(line.version) });
            }
        }
        Ok(below)
    }

    /// Whether a region and all below it are as they were taken.
    fn as_it_was(
        &self,
        contest: ContestId,
        (code, line): (RegionCode, &ResultRegionLine),
        former: Option<&ResultsPage>,
    ) -> bool {
        let same = |child: &ResultChild| match child {
            ResultChild::Region(before) => before == line,
            ResultChild::Station(_) => false,
        };
        let kept = self.draft.entries().get(&SitePath::results(contest, code));
        let known = kept.and_then(|entry| entry.results).map(|shown| shown.version);
        known == Some(line.version)
            && former.is_some_and(|former| former.children.iter().any(same))
            && !self.unsettled.iter().any(|(other, region)| *other == contest && code.contains(*region))
    }

    /// The forms to look at with a village.
    fn forms_of(&self, contest: ContestId, page: &ResultsPage) -> Result<Vec<FormWanted>, Failure> {
        if !self.plan.depth.stations() {
            return Ok(Vec::new());
        }
        let mut forms = Vec::new();
        for child in &page.children {
            let ResultChild::Station(line) = child else { continue };
            let station = StationCode::parse(&line.code)
                .filter(|station| station.village().to_string() == page.region.code)
                .ok_or_else(|| senseless(&SitePath::results(contest, RegionCode::NATION)))?;
            forms.push(FormWanted { station, state: line.state.clone(), revision: line.revision });
        }
        Ok(forms)
    }
}

/// Whether a region's page leads to one of forms that deserve a look.
fn deserves_a_look(page: &ResultsPage) -> bool {
    page.progress.held > 0 || page.progress.flagged > 0
}

pub(super) fn senseless(path: &SitePath) -> Failure {
    Failure::failed(text!(
        "{path}: isinya tidak sesuai kontrak; tidak ada yang diterbitkan",
        "{path}: not what the contract says; nothing was published"
    ))
}

fn wrong_sums(path: &SitePath, what: &str) -> Failure {
    Failure::unhealthy(text!(
        "{path}: jumlahnya bukan jumlah baris-barisnya ({what}); tidak ada yang diterbitkan, periksa dengan `rakit state-hash --all`",
        "{path}: its sums are not those of its rows ({what}); nothing was published, look with `rakit state-hash --all`"
    ))
}
