//! What stands around every page of the desk, and the pages that say that something did not work.
//!
//! Invariant: a page of the desk is kept by nobody, framed by nobody, runs no script, and sends its forms to this host.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::blocks::{Block, Kind, Link, Section, Sending};
use super::gate::Visitor;
use crate::client::ClientError;
use crate::error::{Code, Problem};
use crate::web::{asset_addresses, role_words};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Puts on what every answer of the desk has.
pub(crate) fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// A line on top of a page.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) bad: bool,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) username: String,
    pub(super) role: &'static str,
    pub(super) scope: String,
}

/// Which state a page shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) node: u64,
    pub(super) index: u64,
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) style: &'static str,
    pub(super) desk_style: &'static str,
    pub(super) icon: &'static str,
    pub(super) who: Option<Who>,
    pub(super) links: Vec<Link>,
    pub(super) here: String,
    pub(super) csrf: String,
    /// Key of the form for signing out.
    pub(super) key: String,
    pub(super) notice: Option<Notice>,
    pub(super) read: Option<Read>,
}

/// What a message in the address stands for; other words are not shown.
const MESSAGES: [(&str, &str); 13] = [
    ("ditahan", "Formulir ditahan dan tidak ikut dijumlahkan."),
    ("dilepas", "Penahanan dicabut; formulir ikut dijumlahkan."),
    ("disahkan", "Formulir disahkan."),
    ("disetujui", "Koreksi besar disetujui."),
    ("sesuai", "Bacaan kedua sama dengan formulir. Terima kasih."),
    ("berbeda", "Bacaan kedua berbeda. Formulir ditandai dan menunggu pembaca ketiga."),
    ("laporan-dijawab", "Laporan dijawab; jawabannya tampil di halaman TPS."),
    ("akun-diubah", "Akun diubah."),
    ("sesi-diakhiri", "Semua sesi akun itu diakhiri."),
    ("sandi-diganti", "Kata sandi diganti. Masuk dengan yang baru."),
    ("totp-dipasang", "Kode enam angka dipasang."),
    ("totp-dicabut", "Kode enam angka dicabut."),
    ("dimulai", "Pekerjaan dimulai di simpul ini."),
];

impl Notice {
    /// A message by its name in an address.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (_, text) = MESSAGES.iter().find(|(known, _)| *known == name)?;
        Some(Self { text: (*text).to_owned(), bad: false })
    }
}

impl Frame {
    /// Around a page for whoever is not signed in.
    pub(super) fn outside(title: &str, csrf: String) -> Self {
        let (style, desk_style, icon) = asset_addresses();
        Self {
            title: title.to_owned(),
            style,
            desk_style,
            icon,
            who: None,
            links: Vec::new(),
            here: String::new(),
            csrf,
            key: String::new(),
            notice: None,
            read: None,
        }
    }

    /// Around a page for an account.
    pub(super) fn inside(title: &str, visitor: &Visitor) -> Self {
        let account = &visitor.account;
        Self {
            who: Some(Who {
                username: account.username.clone(),
                role: role_words(&account.role),
                scope: account.scope.clone(),
            }),
            links: links(visitor),
            here: visitor.here.clone(),
            key: uuid::Uuid::new_v4().hyphenated().to_string(),
            notice: Notice::named(visitor.asked("pesan")),
            ..Self::outside(title, visitor.csrf.clone())
        }
    }

    pub(super) fn of(mut self, node: Option<u64>, index: Option<u64>) -> Self {
        self.read = node.zip(index).map(|(node, index)| Read { node, index });
        self
    }
}

/// What an account finds at the desk. What it may do is decided by the API; this only leaves out what would be refused.
fn links(visitor: &Visitor) -> Vec<Link> {
    const ADMINS: &[&str] = &["super_admin", "admin"];
    let all: [(&str, &str, &[&str]); 10] = [
        ("/meja/", "Ringkasan", &[]),
        ("/meja/formulir", "Formulir", &[]),
        ("/meja/sahkan", "Pengesahan", &["super_admin", "certifier"]),
        ("/meja/laporan", "Laporan warga", &["super_admin", "admin", "certifier", "reviewer", "auditor"]),
        ("/meja/rekap", "Laporan", &[]),
        ("/meja/akun", "Akun", &["super_admin", "admin", "auditor"]),
        ("/meja/sesi", "Pengguna aktif", &["super_admin", "admin", "auditor"]),
        ("/meja/catatan", "Log audit", &["super_admin", "auditor"]),
        ("/meja/transaksi", "Cek transaksi", &[]),
        ("/meja/perawatan", "Data dan perawatan", ADMINS),
    ];
    let may = |roles: &[&str]| roles.is_empty() || visitor.is(roles);
    let shown = all.into_iter().filter(|(_, _, roles)| may(roles));
    shown.map(|(address, words, _)| Link::new(address, words)).collect()
}

/// A page of sections.
#[derive(Template)]
#[template(path = "desk/page.html")]
struct SectionsPage {
    frame: Frame,
    heading: String,
    sections: Vec<Section>,
}

/// Renders a page of sections.
pub(super) fn page(frame: Frame, heading: &str, sections: Vec<Section>) -> Response {
    rendered(&SectionsPage { frame, heading: heading.to_owned(), sections })
}

/// Renders any page of the desk.
pub(super) fn rendered(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the desk was not rendered");
            Problem::new(Code::Internal).into_response()
        }
    }
}

/// Why there is no page to show.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    title: String,
    detail: String,
    /// What is wrong in which field.
    places: Vec<String>,
    /// Whether the way out is to sign in.
    signed_out: bool,
}

impl Failure {
    fn new(code: Code, detail: &str) -> Self {
        Self {
            status: code.status(),
            title: code.title().to_owned(),
            detail: detail.to_owned(),
            places: Vec::new(),
            signed_out: false,
        }
    }

    /// Nobody is signed in.
    pub(super) fn signed_out() -> Self {
        Self { signed_out: true, ..Self::new(Code::Unauthenticated, "") }
    }

    /// A form that this session's pages did not send.
    pub(super) fn forged() -> Self {
        Self::new(
            Code::Forbidden,
            "Formulir ini bukan dari halaman sesi ini. Buka halamannya lagi, lalu kirim ulang.",
        )
    }

    /// A form that cannot be read.
    pub(super) fn unreadable() -> Self {
        Self::new(Code::BadRequest, "Isian tidak dapat dibaca. Buka halamannya lagi, lalu isi ulang.")
    }

    /// Something that is not in the list of what a field may hold.
    pub(super) fn wrong(detail: &str) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// A page that is not there.
    pub(super) fn absent() -> Self {
        Self::new(Code::NotFound, "Halaman ini tidak ada di meja petugas.")
    }

    /// Something of this side failed.
    pub(super) fn internal(detail: &str) -> Self {
        Self::new(Code::Internal, detail)
    }

    /// Too many do the same now.
    pub(super) fn overloaded() -> Self {
        Self::new(Code::Overloaded, Code::Overloaded.advice())
    }

    /// What the API said to whoever is not signed in.
    pub(super) fn outside(error: ClientError) -> Self {
        match error {
            ClientError::Refused(problem) => {
                let places = problem.extra.errors.unwrap_or_default();
                let flags = problem.extra.flags.unwrap_or_default();
                let places = places.into_iter().map(|place| format!("{}: {}", place.pointer, place.detail));
                let flags = flags.into_iter().map(|flag| format!("{}: {}", flag.rule, flag.message));
                Self {
                    status: StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                    title: problem.title,
                    detail: problem.detail,
                    places: places.chain(flags).collect(),
                    signed_out: false,
                }
            }
            ClientError::Unavailable { last, .. } => {
                tracing::warn!(last, "a call of the desk was not answered");
                let detail = "Klaster belum menjawab. Kirim ulang isian yang sama: yang sudah tersimpan tidak diulang.";
                Self::new(Code::NoLeader, detail)
            }
            ClientError::Malformed(what) => {
                tracing::error!(what, "a call of the desk was answered with something else");
                Self::new(
                    Code::Internal,
                    "Simpul ini menjawab dengan cara yang tidak dikenal. Coba simpul lain.",
                )
            }
        }
    }

    /// What to tell a person, in one line.
    pub(super) fn text(&self) -> String {
        if self.places.is_empty() {
            self.detail.clone()
        } else {
            format!("{} {}", self.detail, self.places.join(" "))
        }
    }

    /// Whether the way out is another page.
    pub(super) const fn leads_away(&self) -> bool {
        self.signed_out
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<ClientError> for Failure {
    /// What the API said to a visitor: one whose session is over signs in again.
    fn from(error: ClientError) -> Self {
        let over = matches!(&error, ClientError::Refused(problem) if problem.status == 401);
        if over { Self::signed_out() } else { Self::outside(error) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if self.signed_out {
            return Redirect::to("/meja/masuk").into_response();
        }
        let mut blocks = vec![Block::Warning(self.detail)];
        blocks.extend(self.places.into_iter().map(Block::Text));
        blocks.push(Block::Links(vec![Link::new("/meja/", "Ke ringkasan")]));
        let frame = Frame::outside(&self.title, String::new());
        let mut response = page(frame, &self.title, vec![Section::new("", blocks)]);
        *response.status_mut() = self.status;
        response
    }
}
