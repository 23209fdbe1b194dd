//! The page of a region: progress, a bar for each option, a table of what lies below.
//!
//! Invariant: it shows the very numbers of `/api/v1/results`, which come from one view, so a page checks out
//! within itself: its sums are the sums of the rows of its table.

use askama::Template;
use tally::contest::{Contest, ContestOption};
use tally::ids::LogTime;
use tally::region::{Level, RegionCode};

use crate::dto::results::{self, ResultsPage, Totals};
use crate::dto::text::{grouped, parse_time};
use crate::export::region::WORKBOOK_STATIONS_MAX;
use crate::ports::{ReadError, StateView};

use super::children::{self, Child};
use super::frame::{Conditions, Frame};
use super::moment::{self, Zone};
use super::number::{Share, percent};
use super::tiles::{self, TileMap};
use super::trail::{self, Choice, Step};
use super::words;

/// Most options that get a column of their own in the table; beyond it the page would not fit a screen.
pub(super) const COLUMNS_MAX: usize = 6;

/// What the page of a region shows.
#[derive(Template)]
#[template(path = "region.html")]
pub(super) struct RegionPage {
    frame: Frame,
    contest_name: String,
    choices: Vec<Choice>,
    /// The regions above.
    above: Vec<Step>,
    name: String,
    level: &'static str,
    nation: bool,
    state_time: String,
    version: String,
    index: String,
    progress: Progress,
    options: Vec<OptionLine>,
    sums: Vec<SumLine>,
    columns: Vec<Column>,
    children_word: &'static str,
    children: Vec<Child>,
    children_are_stations: bool,
    map: Option<TileMap>,
    /// The page of forms that deserve a look.
    anomalies: String,
    files: Vec<FileLink>,
}

/// The results as a file.
struct FileLink {
    address: String,
    name: &'static str,
    what: &'static str,
}

/// How far the count is.
struct Progress {
    reported: String,
    stations: String,
    percent: String,
    length: String,
    held: Option<String>,
    flagged: Option<String>,
    partial: Option<String>,
    certified: Option<String>,
}

/// One option with its bar.
struct OptionLine {
    order: u32,
    name: String,
    party: Option<String>,
    votes: String,
    percent: String,
    length: String,
    color: String,
    pattern: usize,
}

/// One sum beside the options.
struct SumLine {
    name: &'static str,
    count: String,
    share: Option<String>,
}

/// One option's column in the table.
struct Column {
    order: u32,
    name: String,
}

/// Renders the page of a region in a contest; `None` when there is no such region or it cannot hold the contest.
pub(super) fn render(
    view: &dyn StateView,
    contest: &Contest,
    code: RegionCode,
    conditions: Conditions,
) -> Result<Option<RegionPage>, ReadError> {
    let Some(page) = results::read(view, contest, code)? else {
        return Ok(None);
    };
    let mut above = trail::steps(view, contest, code)?;
    above.pop();
    let contests = view.contests()?;
    let offered = |other: &Contest| other.held_in(code);
    let choices = trail::choices(&contests, contest, offered, |other| trail::region_address(other, code));
    let zone = Zone::of(code);
    let time = page.as_of.at.as_deref().and_then(parse_time).unwrap_or(LogTime(0));
    let mut frame = Frame::new(format!("{} \u{2013} {}", page.region.name, contest.name), conditions);
    frame.next_poll_ms = conditions.next_poll_ms;
    frame.data_address = Some(format!("/api/v1/results/{}/{code}", contest.id));
    Ok(Some(RegionPage {
        frame,
        contest_name: contest.name.clone(),
        choices,
        above,
        level: words::level(code.level()),
        nation: code.level() == Level::Nation,
        state_time: moment::written(time, zone),
        version: grouped(page.as_of.version),
        index: grouped(page.as_of.index),
        progress: progress(&page.progress),
        options: option_lines(contest, &page.totals),
        sums: sum_lines(&page.totals),
        columns: columns(contest),
        children_word: words::children(code.level()),
        children_are_stations: code.level() == Level::Village,
        children: children::rows(&page, contest),
        map: if code.level() == Level::Nation { tiles::map(&page) } else { None },
        anomalies: format!("/janggal/{}/{code}", contest.id),
        files: files(contest, &page),
        name: page.region.name,
    }))
}

fn files(contest: &Contest, page: &ResultsPage) -> Vec<FileLink> {
    const FILES: [(&str, &str, &str); 5] = [
        ("csv", "CSV", "satu baris tiap TPS"),
        ("xlsx", "Excel", "satu baris tiap TPS"),
        ("json", "JSON", "satu entri tiap TPS"),
        ("pdf", "PDF", "untuk dicetak"),
        ("cdf.json", "NIST CDF", "SP 1500-100"),
    ];
    let offered = |ending: &str| ending != "xlsx" || page.progress.stations <= WORKBOOK_STATIONS_MAX;
    let files = FILES.into_iter().filter(|(ending, ..)| offered(ending));
    let link = |(ending, name, what): (&str, &'static str, &'static str)| FileLink {
        address: format!("/api/v1/exports/{}/{}.{ending}", contest.id, page.region.code),
        name,
        what,
    };
    files.map(link).collect()
}

fn progress(progress: &results::Progress) -> Progress {
    let share = Share::of_progress(progress.reported, progress.stations);
    let some = |count: u64| (count > 0).then(|| grouped(count));
    Progress {
        reported: grouped(progress.reported),
        stations: grouped(progress.stations),
        percent: share.map_or_else(|| "\u{2013}".to_owned(), Share::text),
        length: share.map_or_else(|| "0%".to_owned(), Share::length),
        held: some(progress.held),
        flagged: some(progress.flagged),
        partial: some(progress.partial),
        certified: some(progress.certified),
    }
}

/// The votes of an option; none reported yet is zero.
pub(super) fn votes_at(totals: &Totals, position: usize) -> u64 {
    totals.votes.0.get(position).map_or(0, |(_, votes)| *votes)
}

/// All votes for options: the whole that shares are of. Not `valid`, which older feeds lack.
pub(super) fn votes_sum(totals: &Totals) -> u64 {
    totals.votes.0.iter().fold(0, |sum, (_, votes)| sum.saturating_add(*votes))
}

/// Positions of the options in the order of the ballot.
pub(super) fn ballot_order(contest: &Contest) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..contest.options.len()).collect();
    positions.sort_by_key(|position| contest.options.get(*position).map(|option| option.order));
    positions
}

fn option_lines(contest: &Contest, totals: &Totals) -> Vec<OptionLine> {
    let whole = votes_sum(totals);
    let line = |(place, position): (usize, usize)| {
        let option = contest.options.get(position)?;
        let votes = votes_at(totals, position);
        Some(OptionLine {
            order: option.order,
            name: option.name.clone(),
            party: option.party.clone(),
            votes: grouped(votes),
            percent: percent(votes, whole),
            length: Share::of(votes, whole).map_or_else(|| "0%".to_owned(), Share::length),
            color: color(option, place),
            pattern: pattern(place),
        })
    };
    ballot_order(contest).into_iter().enumerate().filter_map(line).collect()
}

/// KPU's neutral colours, for options that name none.
const COLORS: [&str; 6] = ["#8CB9BD", "#C7B7A3", "#B67352", "#A3B18A", "#B8A1C9", "#D4B483"];
/// Patterns in `region.html`, numbered from 1.
const PATTERNS: usize = 6;

fn pattern(place: usize) -> usize {
    place.checked_rem(PATTERNS).unwrap_or(0).saturating_add(1)
}

fn color(option: &ContestOption, place: usize) -> String {
    let given = option.color.as_deref().filter(|color| {
        color
            .strip_prefix('#')
            .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    let own = || COLORS.get(place.checked_rem(COLORS.len())?).copied();
    given.or_else(own).unwrap_or("#8CB9BD").to_owned()
}

fn sum_lines(totals: &Totals) -> Vec<SumLine> {
    let line = |name, count, whole: Option<u64>| SumLine {
        name,
        count: grouped(count),
        share: whole.and_then(|whole| Share::of(count, whole)).map(Share::text),
    };
    vec![
        line("Suara sah", totals.valid, None),
        line("Suara tidak sah", totals.invalid, Some(totals.total)),
        line("Jumlah suara", totals.total, None),
        line("Pengguna hak pilih", totals.turnout, Some(totals.registered)),
        line("Pemilih dalam DPT", totals.registered, None),
    ]
}

fn columns(contest: &Contest) -> Vec<Column> {
    if contest.options.len() > COLUMNS_MAX {
        return Vec::new();
    }
    let options = ballot_order(contest).into_iter().filter_map(|place| contest.options.get(place));
    options.map(|option| Column { order: option.order, name: option.name.clone() }).collect()
}
