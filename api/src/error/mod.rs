//! Problems: the one shape of every refusal and failure (RFC 9457), and what the caller does next.
//!
//! Invariant: a code has one status and one answer to "shall I retry"; both are exhaustive matches.

mod code;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, LINK, RETRY_AFTER};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tally::ids::hex;
use tally::outcome::{ComplaintProblem, Refusal};
use utoipa::ToSchema;

pub use code::Code;

use crate::dto::flags::{Flag, Proposal};
use crate::ports::{OperationError, ReadError, SubmitError};

/// What is wrong with one place of a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body, or the name of a header or query parameter.
    pub pointer: String,
    /// What is wrong there, in Indonesian.
    pub detail: String,
}

/// A problem to tell, before it gets the number of the request.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What happened.
    pub code: Code,
    /// What happened here, instead of the general advice.
    pub detail: Option<String>,
    /// All that is said beyond the common members.
    pub extra: Box<Extra>,
    /// Seconds to wait, instead of the usual.
    pub retry_after_s: Option<u32>,
    /// Methods that are allowed, with 405.
    pub allow: Option<String>,
    /// URL of a node that may have what this one has not, as `Link`.
    pub instead: Option<String>,
    /// Whether this is a remembered answer.
    pub replay: bool,
}

/// Members that only some problems have.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Extra {
    /// Broken rules, with `confirmation-required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<Flag>>,
    /// Repairs to propose, with `confirmation-required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposals: Option<Vec<Proposal>>,
    /// State the form is in, with `invalid-state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Revision the form has, with `stale-revision` and `invalid-state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<u32>,
    /// Digest the form has, with `stale-revision`; null when there is no form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub digest: Option<Option<String>>,
    /// Places that are wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
}

/// A problem as it stands on the wire.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:rakit:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do.
    pub detail: String,
    /// Number of the request.
    pub instance: String,
    /// Stable code.
    pub code: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// What only some problems have.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Problem {
    /// A problem that says no more than its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            extra: Box::default(),
            retry_after_s: code.retry_after_s(),
            allow: None,
            instead: None,
            replay: false,
        }
    }

    /// A problem with words of its own.
    #[must_use]
    pub fn with_detail(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(code) }
    }

    /// A request with one wrong place.
    #[must_use]
    pub fn wrong(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::wrong_places(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// A request with wrong places.
    #[must_use]
    pub fn wrong_places(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::BadRequest);
        problem.extra.errors = Some(errors);
        problem
    }

    /// The problem as it stands on the wire.
    #[must_use]
    pub fn body(&self, request_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:rakit:problem:{}", self.code.name()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone().unwrap_or_else(|| self.code.advice().to_owned()),
            instance: request_id.to_owned(),
            code: self.code.name().to_owned(),
            retryable: self.code.retryable(),
            extra: (*self.extra).clone(),
        }
    }

    /// The whole answer.
    #[must_use]
    pub fn respond(&self, request_id: &str) -> Response<Body> {
        let body = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        let instead = self.instead.as_deref().map(|url| format!("<{url}>; rel=\"alternate\""));
        if let Some(instead) = instead.and_then(|link| HeaderValue::from_str(&link).ok()) {
            headers.insert(LINK, instead);
        }
        if self.replay {
            headers.insert("idempotent-replay", HeaderValue::from_static("true"));
        }
        response
    }

    /// What a refusal means to the caller. Flags of a form are worded where the form is known.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let code = Code::parse(refusal.code()).unwrap_or(Code::Internal);
        let mut problem = Self::new(code);
        match refusal {
            Refusal::StationUnknown => problem.detail = Some("TPS ini tidak ada di daftar.".to_owned()),
            Refusal::ContestUnknown => problem.detail = Some("Pemilihan ini tidak ada.".to_owned()),
            Refusal::ContestNotHeld => {
                problem.detail = Some("Pemilihan ini tidak diadakan di TPS itu.".to_owned());
            }
            Refusal::StaleRevision { current_revision, digest } => {
                problem.extra.current_revision = Some(*current_revision);
                problem.extra.digest = Some(digest.map(|digest| hex(&digest.0)));
            }
            Refusal::InvalidState { state, current_revision } => {
                problem.extra.state = Some(state.name().to_owned());
                problem.extra.current_revision = Some(*current_revision);
            }
            Refusal::AlreadyFounded => problem.detail = Some("Klaster ini sudah didirikan.".to_owned()),
            Refusal::LevelTooLow { level } => {
                problem.detail = Some(format!("Perlu tingkat fitur yang lebih tinggi daripada {level}."));
            }
            Refusal::LevelOutOfOrder { level } => {
                problem.detail = Some(format!("Tingkat fitur sekarang {level}; hanya dapat dinaikkan satu."));
            }
            Refusal::SamePerson => {
                problem.detail = Some(
                    "Langkah ini harus diambil akun lain daripada yang mengisi atau membaca formulir."
                        .to_owned(),
                );
            }
            Refusal::ComplaintUnknown => {
                problem.detail = Some("Laporan dengan nomor ini tidak ada.".to_owned());
            }
            Refusal::ComplaintAnswered => problem.detail = Some("Laporan ini sudah dijawab.".to_owned()),
            Refusal::InvalidComplaint(wrong) => problem.extra.errors = Some(vec![complaint_error(*wrong)]),
            Refusal::ComplaintsFull
            | Refusal::Unauthenticated
            | Refusal::Forbidden
            | Refusal::IdempotencyMismatch
            | Refusal::InvalidForm(_)
            | Refusal::ConfirmationRequired { .. }
            | Refusal::DefinitionConflict(_) => {}
        }
        problem
    }
}

/// What is wrong with a complaint, or with an answer to one.
fn complaint_error(problem: ComplaintProblem) -> FieldError {
    let (pointer, detail) = match problem {
        ComplaintProblem::Text => {
            ("/text", "Tulis dengan kalimat biasa dalam satu baris, tidak kosong dan tidak terlalu panjang.")
        }
        ComplaintProblem::Field => ("/field", "Formulir ini tidak mempunyai kotak itu."),
        ComplaintProblem::Count => {
            ("/read", "Sebutkan kotaknya; angkanya paling besar yang dapat ditulis di kotak TPS itu.")
        }
    };
    FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }
}

impl IntoResponse for Problem {
    /// The answer without its body: the outermost layer knows the number of the request and writes it.
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Stale => Self::new(Code::Stale),
            ReadError::Quarantined => Self::with_detail(
                Code::Stale,
                "Data di simpul ini terbukti berbeda dari simpul lain dan tidak ditampilkan. Pakai simpul lain.",
            ),
            ReadError::NoLeader => Self::new(Code::NoLeader),
            ReadError::Overloaded => Self::new(Code::Overloaded),
            ReadError::Store(reason) => {
                tracing::error!(%reason, "the store could not be read");
                Self::new(Code::Internal)
            }
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NoLeader => Self::new(Code::NoLeader),
            SubmitError::Overloaded { retry_after_s } => {
                Self { retry_after_s: Some(retry_after_s.max(1)), ..Self::new(Code::Overloaded) }
            }
            SubmitError::DiskFull => Self::new(Code::DiskFull),
            SubmitError::TooLarge => Self::new(Code::TooLarge),
            SubmitError::AttachmentUnknown => {
                let detail =
                    "Lampiran ini belum diunggah atau sudah dihapus; unggah lagi, lalu kirim.".to_owned();
                let mut problem = Self::with_detail(Code::InvalidForm, detail.clone());
                problem.extra.errors = Some(vec![FieldError { pointer: "/attachments".to_owned(), detail }]);
                problem
            }
            SubmitError::AttachmentNotHeld => Self::with_detail(
                Code::NoLeader,
                "Lampiran belum tersimpan di cukup banyak server. Ulangi dengan kunci yang sama.",
            ),
            SubmitError::Unknown => Self::with_detail(
                Code::NoLeader,
                "Hasilnya belum diketahui: mungkin sudah tersimpan. Ulangi dengan kunci yang sama.",
            ),
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let text = error.to_string();
        match error {
            OperationError::Precondition(_) => Self::with_detail(Code::InvalidState, text),
            OperationError::Unavailable(_) => Self::with_detail(Code::NoLeader, text),
            OperationError::Failed(_) => Self::with_detail(Code::Internal, text),
        }
    }
}
