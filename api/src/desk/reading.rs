//! A second reading: empty boxes beside the photo, so that nobody copies the first one.
//!
//! Invariant: the page shows no number of the form; what was filled in stays in its boxes when it is not taken.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Method;

use super::address::escaped;
use super::blocks::{Block, Field, Form, Section};
use super::form::{Shown, photos, shown};
use super::frame::{self, Failure, Notice};
use super::gate::{Posted, Visitor};
use super::paper;
use crate::client::Call;
use crate::dto::steps::Reviewed;

/// `GET /meja/formulir/{contest}/{station}/baca`.
pub(super) async fn blank(
    Path((contest, station)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let shown = shown(&visitor, &contest, &station).await?;
    Ok(drawn(shown, None, |_| String::new()))
}

fn drawn(shown: Shown, notice: Option<String>, held: impl Fn(&str) -> String) -> Response {
    let Shown { contest, station, tally, mut frame } = shown;
    let address = format!("/meja/formulir/{}/{}/baca", contest.id, station.code);
    let hidden = vec![Field::hidden("revisi", tally.revision.to_string())];
    let mut form = Form::posting(address, "Kirim bacaan", hidden);
    form.groups.extend(paper::groups(&contest, held));
    let text = "Isi angka seperti tertulis di formulir. Bagian yang tidak ada di formulir dibiarkan kosong. \
                Bacaan ini dibandingkan kotak demi kotak dengan bacaan pertama, yang sengaja tidak ditampilkan.";
    let mut sections = vec![Section::new("", vec![Block::Text(text.to_owned())])];
    if tally.attachments.is_empty() {
        let text = "Formulir ini tidak punya foto. Baca dari formulir kertas atau salinan saksi.";
        sections.push(Section::new("", vec![Block::Warning(text.to_owned())]));
    } else {
        sections.push(Section::new("Foto formulir", photos(&tally)));
    }
    sections.push(Section::new("Bacaan kedua", vec![Block::Form(form)]));
    frame.notice = notice.map(|text| Notice { text, bad: true });
    let heading = format!("Bacaan kedua: {}", frame.title);
    frame::page(frame, &heading, sections)
}

/// `POST /meja/formulir/{contest}/{station}/baca`.
pub(super) async fn send(
    Path((contest, station)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Failure> {
    let shown = shown(&posted.visitor, &contest, &station).await?;
    let held = |pointer: &str| posted.text(pointer).to_owned();
    let form = paper::filled(&shown.contest, held);
    let path = format!("/api/v1/tallies/{}/{}/reviews", escaped(&contest), escaped(&station));
    let revision: u32 = posted.text("revisi").parse().map_err(|_| Failure::unreadable())?;
    let call = Call::new(Method::POST, path)
        .with_json(&serde_json::json!({ "form": form }))?
        .with_key(posted.key()?)?
        .with_header("if-match", &format!("\"{revision}\""))?;
    match posted.visitor.client.call::<Reviewed>(&call).await {
        Ok(answer) => {
            let message = if answer.value.differences.is_empty() { "sesuai" } else { "berbeda" };
            let address =
                format!("/meja/formulir/{}/{}?pesan={message}", escaped(&contest), escaped(&station));
            Ok(Redirect::to(&address).into_response())
        }
        Err(error) => {
            let failure = Failure::from(error);
            if failure.leads_away() {
                return Err(failure);
            }
            let mut response = drawn(shown, Some(failure.text()), held);
            *response.status_mut() = failure.status();
            Ok(response)
        }
    }
}
