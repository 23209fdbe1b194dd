//! Certification of many forms: those of a region that two people read alike, picked and certified together.
//!
//! Invariant: each form is certified by a call of its own under a key of its own, at the revision that was shown; one that
//! changed meanwhile is refused and told by name, the others are done.

use axum::response::{IntoResponse as _, Redirect, Response};

use super::address::{self, escaped, parameter};
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor};
use super::recap::{chosen, contest_field, region_of};
use crate::dto::contests::Contests;
use crate::dto::forms::{FormEntry, Forms};
use crate::web::level_words;

/// Forms on one page, which is how many are certified at once.
const PAGE: usize = 100;

/// States in which a form may be certified.
const STATES: [(&str, &str); 2] =
    [("reviewed", "Dua bacaan sesuai"), ("certified", "Sudah disahkan di tingkat lebih rendah")];

/// `GET /meja/sahkan`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Failure> {
    let title = "Pengesahan";
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value;
    let contest = chosen(&visitor, &contests);
    let region = match visitor.asked("wilayah") {
        "" => region_of(&visitor.account.scope).to_owned(),
        region => region.to_owned(),
    };
    let state = if visitor.asked("keadaan") == "certified" { "certified" } else { "reviewed" };
    let fields = vec![
        contest_field(&contests, &contest),
        Field::new("wilayah", "Kode wilayah", Kind::Text).holding(&region),
        Field::choice("keadaan", "Keadaan", &STATES, state),
    ];
    let mut sections = vec![Section::new("Saring", vec![Block::Form(Form::looking("/meja/sahkan", fields))])];
    let mut frame = Frame::inside(title, &visitor);
    if !contest.is_empty() {
        let next = parameter("next", visitor.asked("lanjut"));
        let path =
            format!("/api/v1/tallies/{contest}?state={state}&region={}&limit={PAGE}{next}", escaped(&region));
        let answer = visitor.client.read::<Forms>(path).await?;
        frame = frame.of(answer.node, answer.index);
        let mut blocks = vec![Block::Form(picking(&contest, &region, &answer.value.forms))];
        if let Some(next) = &answer.value.next {
            blocks.push(Block::Links(vec![Link::new(
                address::with(&visitor, "lanjut", next),
                "Lanjutkan daftar",
            )]));
        }
        sections.push(Section::new("Formulir", blocks));
    }
    Ok(frame::page(frame, title, sections))
}

fn picking(contest: &str, region: &str, forms: &[FormEntry]) -> Form {
    let rows = forms.iter().map(|form| Row {
        cells: vec![
            form.station.as_str().into(),
            form.name.as_str().into(),
            form.village.as_str().into(),
            u64::from(form.revision).into(),
            form.rules.join(" ").into(),
            form.certified_level.as_deref().map_or("", level_words).into(),
        ],
        address: Some(format!("/meja/formulir/{contest}/{}", form.station)),
        pick: Some(format!("{}:{}", form.station, form.revision)),
    });
    let table = Table {
        caption: format!("Formulir {contest} di wilayah {region}, paling banyak {PAGE}"),
        columns: columns(&["Kode TPS", "TPS", "Kelurahan/Desa", "#Revisi", "Tanda", "Disahkan di tingkat"]),
        rows: rows.collect(),
        empty: "Tidak ada formulir yang siap disahkan di bagian ini.".to_owned(),
    };
    let fields = vec![
        Field::hidden("pemilihan", contest),
        Field::hidden("wilayah", region),
        Field::choice("tingkat", "Tingkat pengesahan", &super::form::LEVELS, ""),
        Field::new("alasan", "Dasar pengesahan", Kind::Text)
            .with_hint("misalnya nomor berita acara rapat pleno"),
    ];
    Form { table: Some(table), grave: true, ..Form::posting("/meja/sahkan", "Sahkan yang dipilih", fields) }
}

/// `POST /meja/sahkan`.
pub(super) async fn send(posted: Posted) -> Result<Response, Failure> {
    let (contest, key) = (posted.text("pemilihan").to_owned(), posted.key()?);
    let picked = posted.all("pilih");
    if picked.is_empty() || picked.len() > PAGE {
        return Err(Failure::wrong("Pilih paling sedikit satu formulir, paling banyak seratus."));
    }
    let mut told = Vec::new();
    let mut done = 0_u64;
    for pick in picked {
        let (station, revision) = pick.split_once(':').ok_or_else(Failure::unreadable)?;
        let revision: u32 = revision.parse().map_err(|_| Failure::unreadable())?;
        let target = super::form::Target { contest: &contest, station, revision };
        // The page's key and the station make the step's: sent again, nothing is certified twice.
        let key = uuid::Uuid::from_bytes(super::form::derived(key, station));
        match super::form::certify(
            &posted.visitor,
            target,
            key,
            (posted.text("alasan"), posted.text("tingkat")),
        )
        .await
        {
            Ok(()) => done = done.saturating_add(1),
            Err(failure) => told.push((station.to_owned(), failure.text())),
        }
    }
    if told.is_empty() {
        let region = posted.text("wilayah");
        let address = format!(
            "/meja/sahkan?pemilihan={}&wilayah={}&pesan=disahkan",
            escaped(&contest),
            escaped(region)
        );
        return Ok(Redirect::to(&address).into_response());
    }
    let text =
        format!("{done} formulir disahkan; {} tidak. Yang tidak disahkan tetap seperti semula.", told.len());
    let blocks = vec![
        Block::Warning(text),
        Block::Pairs(told),
        Block::Links(vec![Link::new("/meja/sahkan", "Kembali")]),
    ];
    let frame = Frame::inside("Pengesahan", &posted.visitor);
    let mut response = frame::page(frame, "Pengesahan", vec![Section::new("", blocks)]);
    *response.status_mut() = http::StatusCode::CONFLICT;
    Ok(response)
}
