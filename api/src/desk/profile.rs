//! One's own account: password, second factor.
//!
//! Invariant: a secret that was just made is shown once, on the page that asks for a code made with it.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::Method;
use qrcode::{Color, EcLevel, QrCode};

use super::blocks::{Block, Field, Form, Kind, Section};
use super::frame::{self, Failure, Frame, Notice};
use super::gate::{self, Posted, Visitor};
use crate::client::Call;
use crate::dto::accounts::{PasswordBody, SecondFactorBody, SecondFactorOffer};
use crate::web::role_words;

/// `GET /meja/profil`.
pub(super) async fn page(visitor: Visitor) -> Response {
    let frame = Frame::inside("Profil", &visitor);
    frame::page(frame, "Profil", sections(&visitor))
}

fn sections(visitor: &Visitor) -> Vec<Section> {
    let account = &visitor.account;
    let pairs = [
        ("Nama akun", account.username.as_str()),
        ("Peran", role_words(&account.role)),
        ("Lingkup", account.scope.as_str()),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let password = vec![
        Field::hidden("langkah", "sandi"),
        Field::new("lama", "Kata sandi sekarang", Kind::Password)
            .optional()
            .filled_by("current-password")
            .with_hint("Kosongkan kalau belum punya."),
        Field::new("baru", "Kata sandi baru", Kind::Password)
            .filled_by("new-password")
            .with_hint("Paling sedikit 12 huruf."),
    ];
    let offer = vec![Field::hidden("langkah", "totp-tawar")];
    let remove =
        vec![Field::hidden("langkah", "totp-cabut"), Field::new("totp", "Kode enam angka", Kind::Text)];
    let form = |button: &str, fields| Block::Form(Form::posting("/meja/profil", button, fields));
    vec![
        Section::new("", vec![Block::Pairs(pairs)]),
        Section::new(
            "Ganti kata sandi",
            vec![
                Block::Text(
                    "Semua sesi akun ini berakhir, juga yang ini; masuk lagi dengan yang baru.".to_owned(),
                ),
                form("Ganti", password),
            ],
        ),
        Section::new(
            "Kode enam angka (TOTP)",
            vec![
                Block::Text(
                    "Dengan aplikasi autentikator, kata sandi saja tidak cukup untuk masuk.".to_owned(),
                ),
                form("Pasang", offer),
                form("Cabut", remove),
            ],
        ),
    ]
}

/// `POST /meja/profil`.
pub(super) async fn change(posted: Posted) -> Result<Response, Failure> {
    let key = posted.key()?;
    let text = |name: &str| posted.text(name).to_owned();
    let call = match posted.text("langkah") {
        "sandi" => {
            let current = Some(text("lama")).filter(|current| !current.is_empty());
            let body = PasswordBody { current, password: text("baru") };
            (Call::new(Method::POST, "/api/v1/me/password").with_json(&body)?, "sandi-diganti")
        }
        "totp-tawar" => return offered(&posted.visitor).await,
        "totp-pasang" => {
            let body = SecondFactorBody { secret: Some(text("rahasia")), totp: text("totp") };
            (Call::new(Method::PUT, "/api/v1/me/totp").with_json(&body)?, "totp-dipasang")
        }
        "totp-cabut" => {
            let body = SecondFactorBody { secret: None, totp: text("totp") };
            (Call::new(Method::DELETE, "/api/v1/me/totp").with_json(&body)?, "totp-dicabut")
        }
        _ => return Err(Failure::unreadable()),
    };
    let (call, message) = call;
    match posted.visitor.client.call_for_nothing(&call.with_key(key)?).await {
        // A new password ends all sessions, this one too.
        Ok(_) if message == "sandi-diganti" => Ok(gate::signed_out_with(message)),
        Ok(_) => Ok(Redirect::to(&format!("/meja/profil?pesan={message}")).into_response()),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.leads_away() {
                return Err(failure);
            }
            let mut frame = Frame::inside("Profil", &posted.visitor);
            frame.notice = Some(Notice { text: failure.text(), bad: true });
            let mut response = frame::page(frame, "Profil", sections(&posted.visitor));
            *response.status_mut() = failure.status();
            Ok(response)
        }
    }
}

/// The page that shows a new secret and asks for a code made with it.
async fn offered(visitor: &Visitor) -> Result<Response, Failure> {
    let call = Call::new(Method::POST, "/api/v1/me/totp");
    let offer = visitor.client.call::<SecondFactorOffer>(&call).await?.value;
    let fields = vec![
        Field::hidden("langkah", "totp-pasang"),
        Field::hidden("rahasia", &offer.secret),
        Field::new("totp", "Kode enam angka dari aplikasi", Kind::Text).filled_by("one-time-code"),
    ];
    let mut blocks =
        vec![Block::Text("Pindai dengan aplikasi autentikator, atau ketik rahasianya.".to_owned())];
    blocks.extend(square(&offer.uri));
    blocks.push(Block::Secret(offer.secret));
    blocks.push(Block::Form(Form::posting("/meja/profil", "Pasang", fields)));
    let frame = Frame::inside("Pasang kode enam angka", visitor);
    Ok(frame::page(frame, "Pasang kode enam angka", vec![Section::new("", blocks)]))
}

/// A text as a square to scan; none for one that is too long.
fn square(text: &str) -> Option<Block> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let side = code.width();
    let colors = code.to_colors();
    let dark = colors.chunks(side.max(1)).enumerate().flat_map(|(line, row)| {
        let modules = row.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
        modules.map(move |(column, _)| format!("M{column} {line}h1v1h-1z"))
    });
    let label = "Kode QR untuk aplikasi autentikator".to_owned();
    Some(Block::Square { side, path: dark.collect(), label })
}
