//! A reader of pages, who also looks at the data behind them.
//!
//! Invariant: a page is read as a person would: by what stands on it. One that cannot be read that way is wrong.

use std::time::Duration;

use api::client::{Call, Client};
use api::dto::results::{ResultChild, ResultsPage, Totals};
use http::Method;
use tokio::time::{Instant, sleep};

use super::readers::Desk;
use super::record::Record;
use crate::chance::Chance;
use crate::judges::pages::{Pages, Shown};
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::report::Ended;

/// Between two pages.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest until all pages of all nodes show the last version, when nobody writes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads pages until told to stop.
pub(super) async fn browse(desk: Desk<'_>, mut chance: Chance) -> Pages {
    let (regions, mut pages) = (country::region_codes(), Pages::default());
    while !desk.stop.get() {
        sleep(PAUSE).await;
        let place = chance.place(desk.nodes.len());
        let (Some(region), Some(node)) = (regions.get(chance.place(regions.len())), desk.nodes.get(place))
        else {
            break;
        };
        look((place, node), desk.record, region, &mut pages).await;
    }
    pages
}

/// When nobody writes any more, every page and its data come to one version at all nodes.
pub(super) async fn finish(nodes: &[Client<HttpTransport>], record: &Record, pages: &mut Pages) {
    let began = Instant::now();
    for region in country::region_codes() {
        loop {
            let mut versions = Vec::new();
            for (place, node) in nodes.iter().enumerate() {
                versions.extend(look((place, node), record, &region, pages).await);
            }
            let all = nodes.len().saturating_mul(2);
            let same = versions.iter().all(|version| versions.first() == Some(version));
            if same && versions.len() == all {
                break;
            }
            if began.elapsed() > PATIENCE {
                let said = format!("region {region}: nobody writes, and pages show versions {versions:?}");
                record.judged("pages", Some(said));
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

/// The page of a region and its data at one node. Answers the versions that were shown.
async fn look(
    (place, node): (usize, &Client<HttpTransport>),
    record: &Record,
    region: &str,
    pages: &mut Pages,
) -> Vec<u64> {
    let mut versions = Vec::new();
    let mut saw = |kind: &'static str, called_us: u64, answer: Option<Result<(u64, Shown), String>>| {
        let call = (format!("{kind} at node {place}"), region.to_owned(), called_us);
        let (version, shown) = match answer {
            None => return record.did(call, kind, (Ended::Refused, 0, 0)),
            Some(Ok(shown)) => shown,
            Some(Err(said)) => return record.judged("pages", Some(said)),
        };
        record.did(call, kind, (Ended::Done, version, shown.index));
        versions.push(version);
        match pages.saw(&format!("{kind} at node {place}"), region, version, shown) {
            Ok(true) => record.judged("pages", None),
            Ok(false) => {}
            Err(said) => record.judged("pages", Some(said)),
        }
    };
    let called_us = record.now_us();
    let answer = node.send(&Call::new(Method::GET, format!("/{}/{region}", country::CONTEST))).await;
    let page = answer.ok().map(|(response, _)| {
        let html = String::from_utf8_lossy(response.body());
        read(&html).ok_or_else(|| format!("the page of region {region} at node {place} says no numbers"))
    });
    saw("read-page", called_us, page);
    let called_us = record.now_us();
    let answer = node.results(country::CONTEST, region).await;
    saw("read-data", called_us, answer.ok().map(|page| Ok(shown(&page.value))));
    versions
}

/// What the data shows.
fn shown(page: &ResultsPage) -> (u64, Shown) {
    let votes = |totals: &Totals| country::OPTIONS.map(|option| totals.votes.of(option).unwrap_or_default());
    let row = |child: &ResultChild| {
        let votes = match child {
            ResultChild::Region(line) => votes(&line.totals),
            ResultChild::Station(line) => line.totals.as_ref().map(votes).unwrap_or_default(),
        };
        let sum = votes.iter().fold(0, |sum: u64, votes| sum.saturating_add(*votes));
        votes.into_iter().chain([sum]).collect()
    };
    let totals = &page.totals;
    let shown = Shown {
        index: page.as_of.index,
        reported: page.progress.reported,
        stations: page.progress.stations,
        votes: votes(totals).into(),
        sums: vec![totals.valid, totals.invalid, totals.total, totals.turnout, totals.registered],
        below: page.children.iter().map(row).collect(),
    };
    (page.as_of.version, shown)
}

/// What a page shows: its version, and its numbers. `None` when something is not where it belongs.
fn read(html: &str) -> Option<(u64, Shown)> {
    let as_of = part(html, "id=\"per\"", "</p>")?;
    let (version, index) = if as_of.contains("Belum ada formulir") {
        (0, 0)
    } else {
        (number(part(as_of, "versi ", "<")?)?, number(part(as_of, "indeks ", "<")?)?)
    };
    let (reported, stations) =
        part(part(html, "id=\"progres\"", "</p>")?, "</strong>", " TPS")?.split_once(" dari ")?;
    let votes = numbers(part(html, "id=\"suara\"", "</ol>")?, "class=\"got\"", |option| {
        number(part(option, "<small>", " suara")?)
    })?;
    let sums = numbers(part(html, "id=\"jumlah\"", "</dl>")?, "<dd", |sum| number(part(sum, ">", "<")?))?;
    let row = |row: &str| {
        numbers(row, "<td class=\"count", |cell| {
            let cell = part(cell, ">", "</td>")?;
            // A cell with a share has the votes below it.
            number(part(cell, "<small>", "</small>").unwrap_or(cell))
        })
    };
    let below =
        part(html, "id=\"baris\"", "</tbody>")?.split("<tr>").skip(1).map(row).collect::<Option<_>>()?;
    let (reported, stations) = (number(reported)?, number(stations)?);
    Some((version, Shown { index, reported, stations, votes, sums, below }))
}

/// What stands between one text and the next other.
fn part<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(part, _)| part)
}

/// One number for each time that a text occurs, from what follows it until it occurs again.
fn numbers(text: &str, each: &str, read: impl Fn(&str) -> Option<u64>) -> Option<Vec<u64>> {
    text.split(each).skip(1).map(read).collect()
}

/// A number as people write it; a dash or nothing at all for nothing.
fn number(text: &str) -> Option<u64> {
    let digits: String = text.trim().chars().filter(|letter| *letter != '.').collect();
    if digits.is_empty() || digits == "\u{2013}" { Some(0) } else { digits.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts with numbers of a page, as the templates write them, with two rows; a tilde for each dash.
    const PAGE: &str = r#"<h1><small>Presiden</small>DESA</h1>
<p class="as-of" id="per" data-live>Data per <strong>14 Februari 2024 15.50.03 WIB</strong> <span>versi 1.012</span> <span>indeks 20.300</span></p>
<section class="card progress" id="progres" data-live aria-label="Progres">
<p><strong>50,00 %</strong> 1 dari 2 TPS masuk</p>
<ol class="options" id="suara" data-live>
<li><span class="number">1</span><span class="who">A<small>P</small></span>
<span class="got"><strong>10,00 %</strong><small>1.000 suara</small></span></li>
<li><span class="got"><strong>90,00 %</strong><small>9.000 suara</small></span></li></ol>
<dl class="sums" id="jumlah" data-live>
<div><dt>Suara sah</dt><dd>10.000</dd></div><div><dt>Suara tidak sah</dt><dd>5 <small>0,05 %</small></dd></div></dl>
<table><thead><tr><th scope="col" class="count">1</th></tr></thead>
<tbody id="baris" data-live-rows>
<tr><th scope="row"><a href="/x">TPS 1</a></th><td class="count">10,00 %<small>1.000</small></td><td class="count most">90,00 %<small>9.000</small></td>
<td class="count all">10.000</td><td class="status">dilaporkan<small class="warn">2 tanda</small></td></tr>
<tr><th scope="row"><a href="/y">TPS 2</a></th><td class="count">~<small></small></td><td class="count">~<small></small></td>
<td class="count all">~</td><td class="status">belum ada</td></tr>
</tbody></table>"#;

    #[test]
    fn the_numbers_of_a_page_are_read() {
        let page = PAGE.replace('~', "\u{2013}");
        let shown = Shown {
            index: 20_300,
            reported: 1,
            stations: 2,
            votes: vec![1_000, 9_000],
            sums: vec![10_000, 5],
            below: vec![vec![1_000, 9_000, 10_000], vec![0, 0, 0]],
        };
        assert_eq!(read(&page), Some((1_012, shown)));
        let empty = page.replace("Data per", "Belum ada formulir yang masuk");
        assert_eq!(read(&empty).map(|(version, shown)| (version, shown.index)), Some((0, 0)));
    }

    #[test]
    fn a_page_without_its_numbers_is_not_read() {
        let page = PAGE.replace('~', "\u{2013}");
        for lost in ["versi 1.012", "id=\"suara\"", "1 dari 2", "</dl>", "</tbody>"] {
            assert_eq!(read(&page.replace(lost, "")), None, "{lost}");
        }
        assert_eq!(read("<html>"), None);
    }
}
