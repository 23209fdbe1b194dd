//! Accounts and those that are in use: making one, changing it, giving it a new code, ending its sessions.
//!
//! Invariant: a code is shown once, on the page that answers the change, and is in no address and no list.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Method;

use super::address::{self, escaped, parameter};
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::files;
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor};
use crate::client::Call;
use crate::dto::accounts::{
    AccountEntry, AccountPatch, Accounts, CodeIssued, NewAccountBody, SessionEntry, Sessions,
};
use crate::export::Value;
use crate::web::{role_words, when};

/// Accounts, or sessions, on one page.
const PAGE: usize = 100;

/// Roles that an account may be given, with their words.
const ROLES: [(&str, &str); 6] = [
    ("officer", "petugas KPPS"),
    ("reviewer", "pemeriksa"),
    ("certifier", "pengesah"),
    ("auditor", "pengawas (Bawaslu, saksi)"),
    ("admin", "admin"),
    ("super_admin", "super admin"),
];

fn path(visitor: &Visitor, limit: usize, next: Option<&str>) -> String {
    let query = [
        parameter("q", visitor.asked("nama")),
        parameter("role", visitor.asked("peran")),
        parameter("next", next.unwrap_or_default()),
    ];
    format!("/api/v1/accounts?limit={limit}{}", query.concat())
}

/// `GET /meja/akun`.
pub(super) async fn list(visitor: Visitor) -> Result<Response, Failure> {
    if let Some(file) = files::asked(&visitor)? {
        let found = files::gathered::<Accounts>(&visitor, |limit, next| path(&visitor, limit, next)).await?;
        return file.of(&table(&found.rows), "akun", (found.index, found.cut)).await;
    }
    let next = Some(visitor.asked("lanjut")).filter(|next| !next.is_empty());
    let answer = visitor.client.read::<Accounts>(path(&visitor, PAGE, next)).await?;
    let mut roles = vec![("", "Semua peran")];
    roles.extend(ROLES);
    let fields = vec![
        Field::new("nama", "Awal nama", Kind::Text).optional().holding(visitor.asked("nama")),
        Field::choice("peran", "Peran", &roles, visitor.asked("peran")),
    ];
    let mut blocks =
        vec![Block::Form(Form::looking("/meja/akun", fields)), Block::Table(table(&answer.value.accounts))];
    if let Some(next) = &answer.value.next {
        blocks
            .push(Block::Links(vec![Link::new(address::with(&visitor, "lanjut", next), "Lanjutkan daftar")]));
    }
    blocks.push(files::links(&visitor));
    let mut sections = vec![Section::new("", blocks)];
    if visitor.is(&["super_admin", "admin"]) {
        let fields = vec![
            Field::new("akun", "Nama akun baru", Kind::Text).with_hint("a-z, 0-9, titik, - dan _"),
            Field::choice("peran", "Peran", &ROLES, "officer"),
            Field::new("lingkup", "Lingkup", Kind::Text)
                .with_hint("kode wilayah atau TPS; 0 = seluruh negeri"),
        ];
        let text = "Akun baru mendapat kode aktivasi sekali pakai. Untuk banyak akun sekaligus dengan lembar kode \
                    siap cetak: perintah rakit import accounts.";
        let form = Form { inline: true, ..Form::posting("/meja/akun", "Buat akun", fields) };
        sections.push(Section::new("Buat akun", vec![Block::Text(text.to_owned()), Block::Form(form)]));
    }
    let frame = Frame::inside("Akun", &visitor).of(answer.node, answer.index);
    Ok(frame::page(frame, "Akun", sections))
}

fn table(accounts: &[AccountEntry]) -> Table {
    let yes = |is: bool| Value::from(if is { "ya" } else { "tidak" });
    let rows = accounts.iter().map(|account| Row {
        cells: vec![
            account.username.as_str().into(),
            role_words(&account.role).into(),
            account.scope.as_str().into(),
            yes(account.active),
            code_words(&account.code).into(),
            yes(account.password),
            yes(account.second_factor),
        ],
        address: Some(format!("/meja/akun/{}", escaped(&account.username))),
        pick: None,
    });
    Table {
        caption: "Akun dalam lingkup Anda".to_owned(),
        columns: columns(&[
            "Akun",
            "Peran",
            "Lingkup",
            "Aktif",
            "Kode aktivasi",
            "Kata sandi",
            "Kode enam angka",
        ]),
        rows: rows.collect(),
        empty: "Tidak ada akun seperti itu di bagian ini.".to_owned(),
    }
}

fn code_words(code: &str) -> &'static str {
    match code {
        "unused" => "belum dipakai",
        "used" => "sudah dipakai",
        _ => "tidak ada",
    }
}

/// `POST /meja/akun`.
pub(super) async fn create(posted: Posted) -> Result<Response, Failure> {
    let body = NewAccountBody {
        username: posted.text("akun").to_owned(),
        role: posted.text("peran").to_owned(),
        scope: posted.text("lingkup").to_owned(),
    };
    let call = Call::new(Method::POST, "/api/v1/accounts").with_json(&body)?.with_key(posted.key()?)?;
    let issued = posted.visitor.client.call::<CodeIssued>(&call).await?.value;
    Ok(issued_page(&posted.visitor, &issued))
}

fn issued_page(visitor: &Visitor, issued: &CodeIssued) -> Response {
    let account = &issued.account;
    let mut blocks = match &issued.code {
        Some(code) => vec![
            Block::Text("Kode ini hanya ditampilkan sekali. Sampaikan langsung kepada pemiliknya.".to_owned()),
            Block::Secret(code.clone()),
        ],
        None => vec![Block::Warning(
            "Permintaan ini sudah dikerjakan tadi dan kodenya tidak ditampilkan lagi. Atur ulang akun untuk kode baru."
                .to_owned(),
        )],
    };
    blocks.push(Block::Links(vec![
        Link::new(format!("/meja/akun/{}", escaped(&account.username)), "Buka akun ini"),
        Link::new("/meja/akun", "Daftar akun"),
    ]));
    let heading = format!("Kode aktivasi untuk {}", account.username);
    frame::page(Frame::inside(&heading, visitor), &heading, vec![Section::new("", blocks)])
}

async fn named(visitor: &Visitor, name: &str) -> Result<AccountEntry, Failure> {
    let path = format!("/api/v1/accounts?q={}&limit=1", escaped(name));
    let found = visitor.client.read::<Accounts>(path).await?.value.accounts;
    found.into_iter().find(|account| account.username == name).ok_or_else(Failure::absent)
}

/// `GET /meja/akun/{name}`.
pub(super) async fn one(Path(name): Path<String>, visitor: Visitor) -> Result<Response, Failure> {
    let account = named(&visitor, &name).await?;
    let heading = format!("Akun {name}");
    let mut sections = vec![Section::new("", vec![Block::Table(table(std::slice::from_ref(&account)))])];
    if visitor.is(&["super_admin", "admin"]) {
        sections.extend(changes(&account));
    }
    Ok(frame::page(Frame::inside(&heading, &visitor), &heading, sections))
}

fn changes(account: &AccountEntry) -> Vec<Section> {
    const ACTIVE: [(&str, &str); 2] = [("true", "aktif"), ("false", "tidak aktif")];
    let address = format!("/meja/akun/{}", escaped(&account.username));
    let doing = |what: &str, button: &str, fields: Vec<Field>, grave: bool| {
        let fields = fields.into_iter().chain([Field::hidden("langkah", what)]).collect();
        Block::Form(Form { inline: true, grave, ..Form::posting(address.clone(), button, fields) })
    };
    let active = if account.active { "true" } else { "false" };
    let fields = vec![
        Field::choice("peran", "Peran", &ROLES, &account.role),
        Field::new("lingkup", "Lingkup", Kind::Text).holding(&account.scope),
        Field::choice("aktif", "Keadaan", &ACTIVE, active),
    ];
    let text = |text: &str| Block::Text(text.to_owned());
    vec![
        Section::new("Ubah", vec![doing("ubah", "Simpan", fields, false)]),
        Section::new(
            "Atur ulang",
            vec![
                text(
                    "Kata sandi, kode lama, dan semua sesi tidak berlaku lagi. Pemilik masuk dengan kode baru.",
                ),
                doing("atur-ulang", "Beri kode baru", Vec::new(), true),
            ],
        ),
        Section::new(
            "Akhiri sesi",
            vec![
                text("Semua perangkat yang masuk dengan akun ini harus masuk lagi."),
                doing("akhiri", "Akhiri semua sesi", Vec::new(), true),
            ],
        ),
    ]
}

/// `POST /meja/akun/{name}`.
pub(super) async fn change(Path(name): Path<String>, posted: Posted) -> Result<Response, Failure> {
    let (client, key) = (&posted.visitor.client, posted.key()?);
    let api = format!("/api/v1/accounts/{}", escaped(&name));
    let message = match posted.text("langkah") {
        "ubah" => {
            let text = |name: &str| Some(posted.text(name).to_owned()).filter(|text| !text.is_empty());
            let body = AccountPatch {
                role: text("peran"),
                scope: text("lingkup"),
                active: Some(posted.text("aktif") == "true"),
            };
            let call = Call::new(Method::PATCH, api).with_json(&body)?.with_key(key)?;
            client.call::<AccountEntry>(&call).await?;
            "akun-diubah"
        }
        "atur-ulang" => {
            let call = Call::new(Method::POST, format!("{api}/reset")).with_key(key)?;
            let issued = client.call::<CodeIssued>(&call).await?.value;
            return Ok(issued_page(&posted.visitor, &issued));
        }
        "akhiri" => {
            let call = Call::new(Method::DELETE, format!("{api}/sessions")).with_key(key)?;
            client.call_for_nothing(&call).await?;
            "sesi-diakhiri"
        }
        _ => return Err(Failure::unreadable()),
    };
    Ok(Redirect::to(&format!("/meja/akun/{}?pesan={message}", escaped(&name))).into_response())
}

/// `GET /meja/sesi`.
pub(super) async fn sessions(visitor: Visitor) -> Result<Response, Failure> {
    let path = |limit: usize, next: Option<&str>| {
        format!("/api/v1/accounts/sessions?limit={limit}{}", parameter("next", next.unwrap_or_default()))
    };
    if let Some(file) = files::asked(&visitor)? {
        let found = files::gathered::<Sessions>(&visitor, path).await?;
        return file.of(&session_table(&found.rows), "pengguna-aktif", (found.index, found.cut)).await;
    }
    let next = Some(visitor.asked("lanjut")).filter(|next| !next.is_empty());
    let answer = visitor.client.read::<Sessions>(path(PAGE, next)).await?;
    let mut blocks = vec![Block::Table(session_table(&answer.value.sessions))];
    if let Some(next) = &answer.value.next {
        blocks
            .push(Block::Links(vec![Link::new(address::with(&visitor, "lanjut", next), "Lanjutkan daftar")]));
    }
    blocks.push(files::links(&visitor));
    let frame = Frame::inside("Pengguna aktif", &visitor).of(answer.node, answer.index);
    Ok(frame::page(frame, "Pengguna aktif", vec![Section::new("", blocks)]))
}

fn session_table(sessions: &[SessionEntry]) -> Table {
    let rows = sessions.iter().map(|session| Row {
        cells: vec![
            session.username.as_str().into(),
            role_words(&session.role).into(),
            session.scope.as_str().into(),
            session.address.as_deref().map_or(Value::Unknown, Value::from),
            when(&session.opened_at, &session.scope).into(),
            when(&session.seen_at, &session.scope).into(),
        ],
        address: Some(format!("/meja/akun/{}", escaped(&session.username))),
        pick: None,
    });
    Table {
        caption: "Sesi yang berlaku sekarang".to_owned(),
        columns: columns(&["Akun", "Peran", "Lingkup", "Alamat", "Masuk", "Terakhir dipakai"]),
        rows: rows.collect(),
        empty: "Tidak ada sesi di bagian ini.".to_owned(),
    }
}
