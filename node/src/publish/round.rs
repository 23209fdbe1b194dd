//! One round: walk until all is of one state, then show what changed.
//!
//! Invariant: a round that fails changes nothing that is shown, and the next one looks at every page. A round in which
//! nothing changed writes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::dto::contests::Contests;
use api::dto::results::{ResultChild, ResultsPage};
use api::dto::status::Status;
use api::web::{NOT_FOUND, StandIn, asset_paths};
use serde::Serialize;
use tally::ids::ContestId;
use tally::region::RegionCode;
use tokio::time::Instant;

use super::address::{Media, SitePath};
use super::directory::Directory;
use super::draft::{Base, Draft, Sight};
use super::manifest::{ContestState, Entry, State};
use super::packed::Content;
use super::source::{Seen, Source};
use super::walk::{Held, Plan, Unsettled, Walk, ask_all, senseless};
use crate::failure::Failure;
use crate::text;

/// Walks of a round. Each asks only for what changed during the one before; where forms come in faster than that, the
/// version is shown all the same and says that it is not of one state.
const WALKS_MAX: usize = 6;
/// Pause between them: nodes renew what they show that often.
const WALK_PAUSE: Duration = Duration::from_millis(250);
/// Pages that every site has.
const FIXED: [&str; 3] = ["/tentang", "/docs", "/openapi.json"];
/// What servers of files show where there is no file.
const MISSING_PAGE: &str = "/404.html";
const CONTESTS: &str = "/api/v1/contests";

/// What a round came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The directory.
    pub dir: PathBuf,
    /// Number of the version that is shown.
    pub version: u64,
    /// Whether this round has made it; otherwise nothing had changed.
    pub published: bool,
    /// The log index up to which everything is in it.
    pub index: u64,
    /// Log time of the newest form in it.
    pub at: Option<String>,
    /// Whether its pages add up among each other too.
    pub whole: bool,
    /// Pages and files in it, without packed neighbours.
    pub files: usize,
    /// Bytes of them, packed neighbours included.
    pub bytes: u64,
    /// Those that this round has written; the others are the former version's.
    pub written: usize,
    /// Versions that were removed.
    pub removed: Vec<String>,
}

/// What one round leaves to the next.
#[derive(Default)]
struct Memory {
    /// When every page was asked for last.
    looked: Option<Instant>,
    releases: BTreeSet<String>,
    unsettled: Unsettled,
}

/// See the module.
pub struct Publication {
    directory: Directory,
    source: Source,
    plan: Plan,
    base: Option<Base>,
    memory: Memory,
}

/// What a round begins with.
struct Begin {
    status: Status,
    contests: Seen,
    held: Vec<Held>,
    floor: u64,
}

impl Publication {
    /// Takes a directory for publishing into.
    pub fn open(root: &Path, source: Source, plan: Plan) -> Result<Self, Failure> {
        let directory = Directory::open(root)?;
        let base = Base::load(&directory)?;
        Ok(Self { directory, source, plan, base, memory: Memory::default() })
    }

    /// One round.
    pub async fn round(&mut self) -> Result<Report, Failure> {
        let done = self.attempt().await;
        if done.is_err() {
            self.memory.looked = None;
            // Best effort: whoever begins next removes it first.
            drop(self.directory.discard());
        }
        done
    }

    async fn attempt(&mut self) -> Result<Report, Failure> {
        let now = Instant::now();
        let begin = self.begin().await?;
        let releases = begin.status.nodes.iter().filter_map(|node| node.release.clone()).collect();
        let every = self.looks_everywhere(&begin, &releases);
        let mut unsettled = if every { Unsettled::new() } else { std::mem::take(&mut self.memory.unsettled) };
        let mut draft = Draft::new(&self.directory, self.base.as_ref(), !every)?;
        self.fixed(&mut draft, &begin, every).await?;
        for number in 0..WALKS_MAX {
            if number > 0 {
                tokio::time::sleep(WALK_PAUSE).await;
            }
            for held in &begin.held {
                let mut walk = Walk {
                    source: &self.source,
                    draft: &mut draft,
                    plan: &self.plan,
                    contests: &begin.held,
                    unsettled: &mut unsettled,
                    floor: begin.floor,
                    every: every && number == 0,
                };
                walk.contest(*held).await?;
            }
            if unsettled.is_empty() {
                break;
            }
        }
        stand_ins(&mut draft, &begin)?;
        let state = self.state(&draft, &begin, &unsettled);
        let report = finish(&self.directory, draft, state, self.base.as_ref())?;
        let (base, mut report) = report;
        self.base = Some(base);
        self.memory =
            Memory { looked: if every { Some(now) } else { self.memory.looked }, releases, unsettled };
        report.removed = self.directory.prune(self.plan.keep)?;
        Ok(report)
    }

    /// Finds out who is there and which contests are held, from a node that has all that was published already.
    async fn begin(&self) -> Result<Begin, Failure> {
        let status = self.source.status().await?;
        let shown = self.base.as_ref().map(|base| &base.manifest.state);
        if let Some(shown) = shown.filter(|shown| shown.cluster != status.cluster) {
            let (root, ours, theirs) = (self.directory.root().display(), &shown.cluster, &status.cluster);
            return Err(Failure::precondition(text!(
                "{root}: berisi klaster {ours}, bukan {theirs}; pilih direktori lain",
                "{root}: holds cluster {ours}, not {theirs}; choose another directory"
            )));
        }
        // An older history has other indexes; one that ended goes on from a higher one.
        let shown = shown.filter(|shown| shown.epoch == status.epoch);
        let floor = shown.into_iter().flat_map(|shown| &shown.contests).map(|contest| contest.index).max();
        let floor = floor.unwrap_or(0);
        let address = format!("{CONTESTS}?min_index={floor}");
        let contests = self.source.look(&address, Media::Json, (None, floor)).await?;
        let path = SitePath::parse(CONTESTS);
        let (Some(contests), Some(path)) = (contests, path) else {
            return Err(Failure::failed(format!("{CONTESTS}: 404")));
        };
        let body = contests.body.as_deref().unwrap_or_default();
        let read: Contests = serde_json::from_slice(body).map_err(|_| senseless(&path))?;
        let held = read.contests.iter().map(|contest| {
            Some(Held {
                contest: ContestId::parse(&contest.id)?,
                region: RegionCode::parse(&contest.region)?,
            })
        });
        let held = held.collect::<Option<Vec<Held>>>().ok_or_else(|| senseless(&path))?;
        Ok(Begin { status, contests, held, floor })
    }

    /// Whether every page is asked for: at first, now and then, and when something changed that no count of changes
    /// tells: names, templates, or that pages say that they may be old.
    fn looks_everywhere(&self, begin: &Begin, releases: &BTreeSet<String>) -> bool {
        let Some((base, looked)) = self.base.as_ref().zip(self.memory.looked) else { return true };
        let entries = &base.manifest.entries;
        let contests = SitePath::parse(CONTESTS).and_then(|path| entries.get(&path));
        looked.elapsed() >= self.plan.recheck
            || *releases != self.memory.releases
            || begin.status.epoch != base.manifest.state.epoch
            || contests.is_none_or(|known| known.etag != begin.contests.sight.etag)
            || entries.values().any(|entry| entry.late)
    }

    /// The pages that no form changes.
    async fn fixed(&self, draft: &mut Draft<'_>, begin: &Begin, every: bool) -> Result<(), Failure> {
        let mut unsettled = Unsettled::new();
        let mut walk = Walk {
            source: &self.source,
            draft,
            plan: &self.plan,
            contests: &begin.held,
            unsettled: &mut unsettled,
            floor: begin.floor,
            every,
        };
        let home = begin.held.is_empty().then_some("/");
        let paths = FIXED.into_iter().chain(asset_paths()).chain(home).filter_map(SitePath::parse);
        let pages = paths.filter_map(|path| walk.register_page(path)).collect();
        for answer in ask_all(&self.source, pages, begin.floor).await? {
            walk.accept(&answer)?;
        }
        if let (Some(path), Some(body)) = (SitePath::parse(CONTESTS), &begin.contests.body) {
            draft.put(&path, &Content::pack(body.clone()), &begin.contests.sight)?;
        }
        Ok(())
    }

    /// Which state the draft shows.
    fn state(&self, draft: &Draft<'_>, begin: &Begin, unsettled: &Unsettled) -> State {
        let mut newest = (0, None);
        let mut contests = Vec::new();
        for Held { contest, .. } in &begin.held {
            let path = SitePath::results(*contest, RegionCode::NATION);
            let Some(Entry { index, results: Some(shown), .. }) = draft.entries().get(&path) else {
                continue;
            };
            let at = draft.body(&path).and_then(|body| serde_json::from_slice::<ResultsPage>(&body).ok());
            let at = at.and_then(|page| page.as_of.at);
            if shown.changed >= newest.0 {
                newest = (shown.changed, at.clone());
            }
            contests.push(ContestState {
                contest: contest.to_string(),
                index: *index,
                at,
                version: shown.version,
                whole: !unsettled.iter().any(|(other, _)| other == contest),
            });
        }
        let index = contests.iter().map(|contest| contest.index).min();
        State {
            cluster: begin.status.cluster.clone(),
            epoch: begin.status.epoch,
            index: index.unwrap_or(begin.contests.sight.index),
            at: newest.1,
            whole: contests.iter().all(|contest| contest.whole),
            depth: self.plan.depth,
            sirekap: self.plan.sirekap,
            contests,
        }
    }
}

/// Shows the draft, or leaves it where it holds nothing new.
fn finish(
    directory: &Directory,
    draft: Draft<'_>,
    state: State,
    base: Option<&Base>,
) -> Result<(Base, Report), Failure> {
    let written = draft.fresh();
    let unchanged = base.filter(|base| draft.unchanged() && base.manifest.state.whole == state.whole);
    let (number, base) = match unchanged {
        Some(base) => {
            let mut base = base.clone();
            base.manifest.entries = draft.into_entries();
            base.manifest.state = state;
            (directory.current()?.unwrap_or(0), base)
        }
        None => draft.finish(state)?,
    };
    let entries = &base.manifest.entries;
    let report = Report {
        dir: directory.root().to_owned(),
        version: number,
        published: unchanged.is_none(),
        index: base.manifest.state.index,
        at: base.manifest.state.at.clone(),
        whole: base.manifest.state.whole,
        files: entries.len(),
        bytes: entries.values().fold(0, |sum, entry| sum.saturating_add(entry.bytes())),
        written,
        removed: Vec::new(),
    };
    Ok((base, report))
}

/// Pages of our own in place of those that only nodes can answer, and one for what is not there.
fn stand_ins(draft: &mut Draft<'_>, begin: &Begin) -> Result<(), Failure> {
    let mut links = Vec::new();
    if let Some(Held { contest, region }) = begin.held.first() {
        let body = draft.body(&SitePath::results(*contest, *region)).unwrap_or_default();
        let page = serde_json::from_slice::<ResultsPage>(&body).ok();
        for child in page.iter().flat_map(|page| &page.children) {
            let ResultChild::Region(line) = child else { continue };
            let address = RegionCode::parse(&line.code).map(|code| SitePath::page(*contest, code));
            let address = address.filter(|address| draft.entries().contains_key(address));
            links.extend(address.map(|address| (address.to_string(), line.name.clone())));
        }
    }
    let sight = Sight { index: begin.contests.sight.index, late: false, etag: None };
    for page in StandIn::ALL {
        if let Some(path) = SitePath::parse(page.path()) {
            draft.put(&path, &Content::pack(page.page(&links)), &sight)?;
        }
    }
    match SitePath::parse(MISSING_PAGE) {
        Some(path) => draft.put(&path, &Content::pack(NOT_FOUND.clone()), &sight),
        None => Ok(()),
    }
}
