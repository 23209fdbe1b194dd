//! The files of Sirekap, KPU's site of 2024, in their shape and at their paths: what reads those reads these.
//!
//! Invariant: numbers are those of `/results` and `/stations` of the same view; a held form is not in the sums, but its
//! own file shows it, as the paper is what it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tally::calendar::Zone;
use tally::contest::{Contest, ContestOption};
use tally::form::{Form, Turnout};
use tally::ids::{ContestId, LogTime, hex};
use tally::region::{Level, RegionCode, StationCode};
use tally::station::CountKind;

use super::results::{self, Progress, ResultChild, Totals};
use super::text::{local_seconds, parse_time, station_name};
use crate::ports::{ReadError, StateView};

/// One of Sirekap's files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SirekapFile {
    /// `/pemilu/{contest}.json`: who stands.
    Options(ContestId),
    /// `/wilayah/pemilu/{contest}/...`: what lies below a region.
    Regions(ContestId, RegionCode),
    /// `/pemilu/hhcw/{contest}/...`: sums of a region and of what lies below it.
    Results(ContestId, RegionCode),
    /// `/pemilu/hhcw/{contest}/{2}/{4}/{6}/{10}/{13}.json`: the form of a station.
    Station(ContestId, StationCode),
}

impl SirekapFile {
    /// The file at a path; `None` for all others. A path names each region above, as its files lie in folders.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_suffix(".json")?;
        if let Some(rest) = path.strip_prefix("/wilayah/pemilu/") {
            let (contest, codes) = rest.split_once('/')?;
            let region = if codes == "0" { RegionCode::NATION } else { named(codes)? };
            return Some(Self::Regions(ContestId::parse(contest)?, region));
        }
        let rest = path.strip_prefix("/pemilu/")?;
        let Some(rest) = rest.strip_prefix("hhcw/") else {
            return ContestId::parse(rest).map(Self::Options);
        };
        let Some((contest, codes)) = rest.split_once('/') else {
            return Some(Self::Results(ContestId::parse(rest)?, RegionCode::NATION));
        };
        let contest = ContestId::parse(contest)?;
        if let Some(region) = named(codes) {
            return Some(Self::Results(contest, region));
        }
        let (village, station) = codes.rsplit_once('/')?;
        let station =
            StationCode::parse(station).filter(|station| named(village) == Some(station.village()))?;
        Some(Self::Station(contest, station))
    }

    /// Its contest.
    pub(crate) const fn contest(self) -> ContestId {
        match self {
            Self::Options(contest)
            | Self::Regions(contest, _)
            | Self::Results(contest, _)
            | Self::Station(contest, _) => contest,
        }
    }

    /// What it holds; `None` when there is no such file.
    pub(crate) fn read(self, view: &dyn StateView) -> Result<Option<Value>, ReadError> {
        let Some(contest) = view.contest(&self.contest())? else { return Ok(None) };
        match self {
            Self::Options(_) => Ok(Some(options(&contest))),
            Self::Regions(_, region) => regions(view, &contest, region),
            Self::Results(_, region) => sums(view, &contest, region),
            Self::Station(_, station) => form(view, &contest, station),
        }
    }
}

/// The region that `31/3101/310101` names: each step lies in the one before.
fn named(codes: &str) -> Option<RegionCode> {
    codes.split('/').try_fold(RegionCode::NATION, |above, step| {
        RegionCode::parse(step).filter(|region| region.parent() == Some(above))
    })
}

/// A time as these files write it: Jakarta's, to the second.
fn written(at: Option<LogTime>) -> Value {
    at.and_then(|at| local_seconds(at, Zone::West)).map_or(Value::Null, Value::String)
}

fn options(contest: &Contest) -> Value {
    let option = |option: &ContestOption| {
        let line =
            json!({ "ts": null, "nama": option.name, "warna": option.color, "nomor_urut": option.order });
        (option.id.clone(), line)
    };
    Value::Object(contest.options.iter().map(option).collect())
}

/// A region or station as Sirekap lists it; stations are one level below villages.
fn line(name: &str, (code, number): (String, u64), level: u8) -> Value {
    json!({ "nama": name, "id": number, "kode": code, "tingkat": level })
}

fn regions(view: &dyn StateView, contest: &Contest, above: RegionCode) -> Result<Option<Value>, ReadError> {
    if !contest.held_in(above) || view.region(above)?.is_none() {
        return Ok(None);
    }
    if above.level() == Level::Village {
        let level = above.level().number().saturating_add(1);
        let stations = view.stations_of(above)?.into_iter().filter(|station| contest.held_at(station.code));
        let lines = stations.map(|station| {
            line(&station_name(&station), (station.code.to_string(), station.code.number()), level)
        });
        return Ok(Some(lines.collect()));
    }
    let below = view.regions_below(above)?.into_iter().filter(|region| contest.held_in(region.code));
    let lines = below.map(|region| {
        line(&region.name, (region.code.to_string(), region.code.number()), region.code.level().number())
    });
    Ok(Some(lines.collect()))
}

fn votes(totals: &Totals) -> Map<String, Value> {
    totals.votes.0.iter().map(|(option, votes)| (option.clone(), Value::from(*votes))).collect()
}

/// Percent of the stations that are in, to a hundredth.
#[expect(
    clippy::float_arithmetic,
    reason = "the files of 2024 hold fractions; nothing is computed from them"
)]
fn percent(reported: u64, stations: u64) -> Value {
    let hundredths = reported.saturating_mul(10_000).checked_div(stations).unwrap_or(0).min(10_000);
    Value::from(f64::from(u16::try_from(hundredths).unwrap_or(10_000)) / 100.0)
}

fn row(totals: Option<&Totals>, (reported, stations): (u64, u64)) -> Value {
    let mut row = totals.map(votes).unwrap_or_default();
    row.insert("psu".to_owned(), Value::from(kind_words(CountKind::Regular)));
    row.insert("persen".to_owned(), percent(reported, stations));
    row.insert("status_progress".to_owned(), Value::from(reported > 0));
    Value::Object(row)
}

fn sums(view: &dyn StateView, contest: &Contest, region: RegionCode) -> Result<Option<Value>, ReadError> {
    let Some(page) = results::read(view, contest, region)? else { return Ok(None) };
    let Progress { reported, stations, .. } = page.progress;
    let mut chart = votes(&page.totals);
    chart.insert("persen".to_owned(), percent(reported, stations));
    let line = |child: &ResultChild| match child {
        ResultChild::Region(line) => {
            let Progress { reported, stations, .. } = line.progress;
            let some = (reported > 0).then_some(&line.totals);
            (line.code.clone(), row(some, (reported, stations)))
        }
        ResultChild::Station(line) => {
            (line.code.clone(), row(line.totals.as_ref(), (u64::from(line.revision > 0), 1)))
        }
    };
    let table: BTreeMap<String, Value> = page.children.iter().map(line).collect();
    Ok(Some(json!({
        "ts": written(page.as_of.at.as_deref().and_then(parse_time)),
        "psu": kind_words(CountKind::Regular),
        "mode": "hhcw",
        "chart": chart,
        "table": table,
        "progres": { "total": stations, "progres": reported },
    })))
}

fn form(view: &dyn StateView, contest: &Contest, code: StationCode) -> Result<Option<Value>, ReadError> {
    if !contest.held_at(code) || view.station(code)?.is_none() {
        return Ok(None);
    }
    let tally = view.tally(&contest.id, code)?;
    let events = view.events(&contest.id, code)?;
    let reported = events.iter().rev().find(|event| event.form.is_some());
    let mut images = [Value::Null, Value::Null, Value::Null];
    let attachments = reported.map_or(&[][..], |event| &event.attachments);
    for (image, attachment) in images.iter_mut().zip(attachments) {
        *image = Value::String(format!("/api/v1/attachments/{}", hex(&attachment.0)));
    }
    let form = tally.as_ref().map(|tally| &tally.form);
    let chart = form.map(|form| {
        let mut chart = votes(&Totals::of_form(form, contest));
        chart.insert("null".to_owned(), Value::Null);
        chart
    });
    let administration = form.and_then(administration);
    let kind = reported.map(|event| event.count_kind).filter(|kind| *kind != CountKind::Regular);
    Ok(Some(json!({
        "mode": "hhcw",
        "status_suara": chart.is_some(),
        "status_adm": administration.is_some(),
        "chart": chart,
        "images": images,
        "administrasi": administration,
        "psu": kind.map(kind_words),
        "ts": written(tally.as_ref().map(|tally| tally.at)),
    })))
}

/// KPU's word for how a form came to be counted.
const fn kind_words(kind: CountKind) -> &'static str {
    match kind {
        CountKind::Regular => "Reguler",
        CountKind::Recount => "Penghitungan Suara Ulang",
        CountKind::DelayedCount => "Penghitungan Suara Susulan",
        CountKind::Revote => "Pemungutan Suara Ulang",
        CountKind::DelayedVote => "Pemungutan Suara Susulan",
        CountKind::ContinuedVote => "Pemungutan Suara Lanjutan",
    }
}

/// Parts I, I.B and V; `None` unless all of them are known.
fn administration(form: &Form) -> Option<Value> {
    let Turnout { dpt, dptb, dpk, total } = form.turnout?;
    let mut block = Map::new();
    let parts = [
        ("pemilih_dpt", form.registered?),
        ("pengguna_dpt", dpt),
        ("pengguna_dptb", dptb),
        ("pengguna_non_dpt", dpk),
        ("pengguna_total", total),
    ];
    for (name, people) in parts {
        for (column, count) in [("j", people.total), ("l", people.male), ("p", people.female)] {
            block.insert(format!("{name}_{column}"), Value::from(count));
        }
    }
    for (name, count) in
        [("suara_sah", form.valid?), ("suara_tidak_sah", form.invalid?), ("suara_total", form.total?)]
    {
        block.insert(name.to_owned(), Value::from(count));
    }
    Some(Value::Object(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_files_as_sirekap_lays_them_out() {
        let contest = ContestId::parse("ppwp").unwrap();
        let region = |code| RegionCode::parse(code).unwrap();
        let station = StationCode::parse("3101011001001").unwrap();
        let village = SirekapFile::Results(contest, region("3101011001"));
        for (path, file) in [
            ("/pemilu/ppwp.json", SirekapFile::Options(contest)),
            ("/wilayah/pemilu/ppwp/0.json", SirekapFile::Regions(contest, RegionCode::NATION)),
            ("/wilayah/pemilu/ppwp/31.json", SirekapFile::Regions(contest, region("31"))),
            ("/wilayah/pemilu/ppwp/31/3101.json", SirekapFile::Regions(contest, region("3101"))),
            ("/pemilu/hhcw/ppwp.json", SirekapFile::Results(contest, RegionCode::NATION)),
            ("/pemilu/hhcw/ppwp/31.json", SirekapFile::Results(contest, region("31"))),
            ("/pemilu/hhcw/ppwp/31/3101/310101/3101011001.json", village),
            (
                "/pemilu/hhcw/ppwp/31/3101/310101/3101011001/3101011001001.json",
                SirekapFile::Station(contest, station),
            ),
        ] {
            assert_eq!(SirekapFile::parse(path), Some(file), "{path}");
        }
        for path in [
            "/pemilu/hhcw/ppwp/3101.json",
            "/pemilu/hhcw/ppwp/32/3101.json",
            "/pemilu/hhcw/ppwp/31/3101/310101/3101011002/3101011001001.json",
            "/pemilu/hhcw/ppwp/31/3101011001001.json",
            "/pemilu/hhcw/ppwp/0.json",
            "/pemilu/hhcw/ppwp/.json",
            "/pemilu/hhcw/ppwp",
            "/wilayah/pemilu/ppwp.json",
            "/pemilu/.json",
        ] {
            assert_eq!(SirekapFile::parse(path), None, "{path}");
        }
    }
}
