//! Who sits at the desk: the cookie, the token against forged forms, signing in and out.
//!
//! Invariant: nothing is changed by a request that another site could have a browser send. The cookie is sent by pages of
//! this host only, every form carries a token made from the session's own, and a browser that says where a request comes
//! from is believed.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::Desk;
use super::backstage::{self, Backstage};
use super::blocks::{Block, Field, Form, Kind, Section};
use super::files::Places;
use super::frame::{Failure, Frame, Notice, page};
use crate::client::{Call, Client};
use crate::dto::session::{Account, SignInBody, SignedIn};
use crate::forgery::{cookie, foreign, proof_of, same, set_cookie};
use crate::limits::BODY_MS_MAX;

/// The cookie that holds the session's token.
const SESSION: &str = "__Host-rakit";
/// The cookie that ties the page for signing in to what it sends.
const BEFORE: &str = "__Host-rakit-masuk";

/// An account that sits at the desk, with its way to the API.
pub(super) struct Visitor {
    pub(super) account: Account,
    pub(super) client: Client<Backstage>,
    pub(super) csrf: String,
    /// The path that was asked for.
    pub(super) here: String,
    pub(super) query: Vec<(String, String)>,
    /// The places for files.
    pub(super) files: Places,
}

impl Visitor {
    /// A parameter of the query; empty when there is none.
    pub(super) fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    pub(super) fn is(&self, roles: &[&str]) -> bool {
        roles.contains(&self.account.role.as_str())
    }
}

/// Refuses a request that a page of another site sent.
pub(super) fn refuse_foreign(parts: &Parts) -> Result<(), Failure> {
    if foreign(&parts.headers, &parts.uri) { Err(Failure::forged()) } else { Ok(()) }
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    pairs.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default()
}

impl FromRequestParts<Desk> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Failure> {
        let here = parts.uri.path().to_owned();
        let token = cookie(&parts.headers, SESSION).ok_or_else(Failure::signed_out)?.to_owned();
        let csrf = proof_of(&token);
        let client = backstage::client(&desk.routes, &parts.extensions, Some(token));
        let account = client.me().await.map_err(Failure::from)?.value;
        Ok(Self { account, client, csrf, here, query: query(parts), files: desk.files.clone() })
    }
}

/// What a form of the desk sent, from whom.
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    fields: Vec<(String, String)>,
}

impl FromRequest<Desk> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        refuse_foreign(&parts)?;
        let visitor = Visitor::from_request_parts(&mut parts, desk).await?;
        let fields = fields(Request::from_parts(parts, body)).await?;
        let posted = Self { visitor, fields };
        posted.checked()
    }
}

/// Waits for a body no longer than for any other.
pub(super) async fn in_time<T>(body: impl Future<Output = T>) -> Result<T, Failure> {
    let limit = Duration::from_millis(BODY_MS_MAX);
    tokio::time::timeout(limit, body)
        .await
        .map_err(|_| Failure::wrong("Isian tidak tiba pada waktunya. Kirim ulang."))
}

/// The fields of a form that was sent as such.
async fn fields(request: Request) -> Result<Vec<(String, String)>, Failure> {
    let form = axum::Form::<Vec<(String, String)>>::from_request(request, &());
    let form = in_time(form).await?;
    form.map(|axum::Form(fields)| fields).map_err(|_| Failure::unreadable())
}

impl Posted {
    /// With fields that came another way.
    pub(super) fn with(visitor: Visitor, fields: Vec<(String, String)>) -> Result<Self, Failure> {
        Self { visitor, fields }.checked()
    }

    fn checked(self) -> Result<Self, Failure> {
        if same(self.text("csrf"), &self.visitor.csrf) { Ok(self) } else { Err(Failure::forged()) }
    }

    /// A field; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// Every value of a field that may be there several times.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The key that the page gave the form.
    pub(super) fn key(&self) -> Result<uuid::Uuid, Failure> {
        uuid::Uuid::try_parse(self.text("kunci")).map_err(|_| Failure::unreadable())
    }
}

/// `GET /meja/masuk`.
pub(super) async fn sign_in_page(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let message = query.iter().find(|(name, _)| name == "pesan").and_then(|(_, value)| Notice::named(value));
    shown(message, &parts.headers)
}

/// The page for signing in, with a token that its form must bring back.
fn shown(notice: Option<Notice>, headers: &HeaderMap) -> Response {
    let before = cookie(headers, BEFORE).filter(|token| token.len() >= 32).map(str::to_owned);
    let before = before.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let fields = vec![
        Field::new("akun", "Nama akun", Kind::Text).filled_by("username"),
        Field::new("sandi", "Kata sandi", Kind::Password)
            .optional()
            .filled_by("current-password")
            .with_hint("Kosongkan kalau memakai kode aktivasi."),
        Field::new("kode", "Kode aktivasi", Kind::Text)
            .optional()
            .filled_by("one-time-code")
            .with_hint("Dari lembar kode, sekali pakai."),
        Field::new("totp", "Kode enam angka", Kind::Text)
            .optional()
            .filled_by("one-time-code")
            .with_hint("Hanya kalau akun memakai aplikasi autentikator."),
    ];
    let form = Form::posting("/meja/masuk", "Masuk", fields);
    let section = Section::new("", vec![Block::Form(form)]);
    let mut frame = Frame::outside("Masuk", proof_of(&before));
    frame.notice = notice;
    let mut response = page(frame, "Masuk ke meja petugas", vec![section]);
    set_cookie(&mut response, BEFORE, &before);
    response
}

/// `POST /meja/masuk`.
pub(super) async fn sign_in(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let (headers, uri) = (parts.headers.clone(), parts.uri.clone());
    let client = backstage::client(&desk.routes, &parts.extensions, None);
    let fields = fields(Request::from_parts(parts, body)).await?;
    let text = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let known = cookie(&headers, BEFORE).is_some_and(|before| same(text("csrf"), &proof_of(before)));
    if foreign(&headers, &uri) || !known {
        let text = "Halaman ini sudah lama terbuka. Isi sekali lagi.".to_owned();
        return Ok(shown(Some(Notice { text, bad: true }), &headers));
    }
    let filled = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
    let body = SignInBody {
        username: text("akun").to_owned(),
        password: filled("sandi"),
        totp: filled("totp"),
        code: filled("kode"),
    };
    let key = uuid::Uuid::try_parse(text("kunci")).map_err(|_| Failure::unreadable())?;
    let call =
        Call::new(Method::POST, "/api/v1/session").with_json(&body).and_then(|call| call.with_key(key));
    let call = call.map_err(Failure::outside)?;
    match client.call::<SignedIn>(&call).await {
        Ok(answer) => {
            let mut response = Redirect::to("/meja/").into_response();
            set_cookie(&mut response, SESSION, &answer.value.token);
            set_cookie(&mut response, BEFORE, "");
            Ok(response)
        }
        Err(error) => {
            let failure = Failure::outside(error);
            let mut response = shown(Some(Notice { text: failure.text(), bad: true }), &headers);
            *response.status_mut() = failure.status();
            Ok(response)
        }
    }
}

/// `POST /meja/keluar`.
pub(super) async fn sign_out(posted: Posted) -> Result<Response, Failure> {
    posted.visitor.client.sign_out(posted.key()?).await?;
    Ok(signed_out_with(""))
}

/// To the door, without a session, with a message by its name.
pub(super) fn signed_out_with(message: &str) -> Response {
    let address =
        if message.is_empty() { "/meja/masuk".to_owned() } else { format!("/meja/masuk?pesan={message}") };
    let mut response = Redirect::to(&address).into_response();
    set_cookie(&mut response, SESSION, "");
    response
}
