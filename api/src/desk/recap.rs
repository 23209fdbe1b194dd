//! Reports: how far a contest is and what it comes to, by the regions right below one.
//!
//! Invariant: a table is one page of results, so its numbers add up within it.

use axum::response::Response;

use super::address::escaped;
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::files;
use super::frame::{self, Failure, Frame};
use super::gate::Visitor;
use crate::dto::contests::{Contest, Contests};
use crate::dto::results::{ResultChild, ResultsPage, Totals};
use crate::export::{Column, Value};
use crate::web::state_words;

/// The region of a scope: that of a station is its village.
pub(super) fn region_of(scope: &str) -> &str {
    scope.get(..10).filter(|_| scope.len() > 10).unwrap_or(scope)
}

/// The contest that is asked for, or else the first that is held in the account's region.
pub(super) fn chosen(visitor: &Visitor, contests: &Contests) -> String {
    let asked = visitor.asked("pemilihan");
    let own = region_of(&visitor.account.scope);
    let all = || contests.contests.iter();
    let found = all().find(|contest| contest.id == asked);
    let found = found.or_else(|| all().find(|contest| held_in(contest, own))).or_else(|| all().next());
    found.map(|contest| contest.id.clone()).unwrap_or_default()
}

/// Whether a contest is held in a region or a part of it: codes begin with the codes of what lies above.
pub(super) fn held_in(contest: &Contest, region: &str) -> bool {
    let holds =
        |held: &String| held == "0" || region == "0" || held.starts_with(region) || region.starts_with(held);
    contest.regions.iter().any(holds)
}

/// The field that chooses a contest.
pub(super) fn contest_field(contests: &Contests, chosen: &str) -> Field {
    let options: Vec<(&str, &str)> =
        contests.contests.iter().map(|contest| (contest.id.as_str(), contest.name.as_str())).collect();
    Field::choice("pemilihan", "Pemilihan", &options, chosen)
}

/// `GET /meja/rekap`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Failure> {
    let title = "Laporan";
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value;
    let chosen = chosen(&visitor, &contests);
    let region = match visitor.asked("wilayah") {
        "" => region_of(&visitor.account.scope).to_owned(),
        region => region.to_owned(),
    };
    let fields = vec![
        contest_field(&contests, &chosen),
        Field::new("wilayah", "Kode wilayah", Kind::Text).holding(&region).with_hint("0 = seluruh negeri"),
    ];
    let filter = Section::new(
        "Saring",
        vec![Block::Form(Form::looking("/meja/rekap", fields)), other_reports(&visitor)],
    );
    let Some(contest) = contests.contests.iter().find(|contest| contest.id == chosen) else {
        return Ok(frame::page(Frame::inside(title, &visitor), title, vec![filter]));
    };
    let path = format!("/api/v1/results/{}/{}", escaped(&contest.id), escaped(&region));
    let answer = match visitor.client.read::<ResultsPage>(path).await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("not-found") => {
            let text = "Wilayah itu tidak ada, atau pemilihan itu tidak diadakan di sana.".to_owned();
            let sections = vec![filter, Section::new("", vec![Block::Warning(text)])];
            let mut response = frame::page(Frame::inside(title, &visitor), title, sections);
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            return Ok(response);
        }
        Err(error) => return Err(error.into()),
    };
    let (node, index) = (answer.node, answer.index);
    let table = table(contest, &answer.value);
    if let Some(file) = files::asked(&visitor)? {
        let name = format!("rekap-{}-{region}", contest.id);
        return file.of(&table, &name, (index.unwrap_or_default(), false)).await;
    }
    let blocks = vec![Block::Table(table), files::links(&visitor)];
    let sections = vec![filter, Section::new(&answer.value.region.name, blocks)];
    Ok(frame::page(Frame::inside(title, &visitor).of(node, index), title, sections))
}

fn other_reports(visitor: &Visitor) -> Block {
    let mut links = vec![Link::new("/meja/formulir", "Daftar formulir menurut keadaan dan tanda")];
    if visitor.is(&["super_admin", "admin", "auditor"]) {
        links.push(Link::new("/meja/akun", "Daftar akun"));
    }
    if visitor.is(&["super_admin", "auditor"]) {
        links.push(Link::new("/meja/catatan", "Log audit"));
    }
    Block::Links(links)
}

fn table(contest: &Contest, results: &ResultsPage) -> Table {
    let stations = results.children.iter().any(|child| matches!(child, ResultChild::Station(_)));
    let mut heads = if stations {
        columns(&["TPS", "Keadaan", "#Revisi", "#Tanda"])
    } else {
        columns(&["Wilayah", "#TPS", "#Masuk", "#Bertanda", "#Ditahan", "#Disahkan"])
    };
    let votes = contest
        .options
        .iter()
        .map(|option| Column { name: format!("{}. {}", option.order, option.name), numeric: true });
    heads.extend(votes);
    heads.extend(columns(&["#Suara sah", "#Tidak sah", "#Pengguna hak pilih"]));
    let mut rows: Vec<Row> = results.children.iter().map(|child| row(contest, child)).collect();
    rows.push(total(contest, results, stations));
    Table {
        caption: format!("{}: {}", contest.name, results.region.name),
        columns: heads,
        rows,
        empty: String::new(),
    }
}

fn row(contest: &Contest, child: &ResultChild) -> Row {
    match child {
        ResultChild::Region(line) => {
            let progress = &line.progress;
            let mut cells = vec![Value::Text(format!("{} {}", line.code, line.name))];
            let counts =
                [progress.stations, progress.reported, progress.flagged, progress.held, progress.certified];
            cells.extend(counts.map(Value::Count));
            cells.extend(sums(contest, Some(&line.totals)));
            let address = Some(format!("/meja/rekap?pemilihan={}&wilayah={}", contest.id, line.code));
            Row { cells, address, pick: None }
        }
        ResultChild::Station(line) => {
            let mut cells =
                vec![Value::Text(format!("{} {}", line.code, line.name)), state_words(&line.state).into()];
            cells.extend([u64::from(line.revision), line.flags].map(Value::Count));
            cells.extend(sums(contest, line.totals.as_ref()));
            let address = Some(format!("/meja/formulir/{}/{}", contest.id, line.code));
            Row { cells, address, pick: None }
        }
    }
}

fn total(contest: &Contest, results: &ResultsPage, stations: bool) -> Row {
    let progress = &results.progress;
    let mut cells = vec![Value::Text("Jumlah".to_owned())];
    if stations {
        cells.extend([Value::Unknown, Value::Unknown, Value::Count(progress.flagged)]);
    } else {
        let counts =
            [progress.stations, progress.reported, progress.flagged, progress.held, progress.certified];
        cells.extend(counts.map(Value::Count));
    }
    cells.extend(sums(contest, Some(&results.totals)));
    Row { cells, address: None, pick: None }
}

fn sums(contest: &Contest, totals: Option<&Totals>) -> Vec<Value> {
    let known = |count: Option<u64>| count.map_or(Value::Unknown, Value::Count);
    let votes =
        contest.options.iter().map(|option| known(totals.and_then(|totals| totals.votes.of(&option.id))));
    let rest = [
        known(totals.map(|totals| totals.valid)),
        known(totals.map(|totals| totals.invalid)),
        known(totals.map(|totals| totals.turnout)),
    ];
    votes.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_scope_is_the_village_of_a_station() {
        assert_eq!(region_of("3175091001087"), "3175091001");
        assert_eq!(region_of("3175091001"), "3175091001");
        assert_eq!(region_of("0"), "0");
    }
}
