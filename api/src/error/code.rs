//! The stable codes: status, words, and whether to try again.
//!
//! Invariant: every property of a code is an exhaustive match, so a new code cannot forget one.

use axum::http::StatusCode;

/// The stable codes of `api.md`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "each is the name of a code; its meaning is in its title and detail")]
pub enum Code {
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    InvalidState,
    Gone,
    StaleRevision,
    TooLarge,
    UnsupportedMediaType,
    IdempotencyMismatch,
    ConfirmationRequired,
    InvalidForm,
    Infected,
    PreconditionRequired,
    TooManyRequests,
    Overloaded,
    NoLeader,
    Stale,
    ScannerUnavailable,
    DiskFull,
    Internal,
    ComplaintsFull,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 23] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::InvalidState,
        Self::Gone,
        Self::StaleRevision,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::IdempotencyMismatch,
        Self::ConfirmationRequired,
        Self::InvalidForm,
        Self::Infected,
        Self::PreconditionRequired,
        Self::TooManyRequests,
        Self::Overloaded,
        Self::NoLeader,
        Self::Stale,
        Self::ScannerUnavailable,
        Self::DiskFull,
        Self::Internal,
        Self::ComplaintsFull,
    ];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidState | Self::ComplaintsFull => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::StaleRevision => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyMismatch | Self::ConfirmationRequired | Self::InvalidForm | Self::Infected => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::NoLeader | Self::Stale | Self::ScannerUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::InvalidState => "invalid-state",
            Self::Gone => "gone",
            Self::StaleRevision => "stale-revision",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::IdempotencyMismatch => "idempotency-mismatch",
            Self::ConfirmationRequired => "confirmation-required",
            Self::InvalidForm => "invalid-form",
            Self::Infected => "infected",
            Self::PreconditionRequired => "precondition-required",
            Self::TooManyRequests => "too-many-requests",
            Self::Overloaded => "overloaded",
            Self::NoLeader => "no-leader",
            Self::Stale => "stale",
            Self::ScannerUnavailable => "scanner-unavailable",
            Self::DiskFull => "disk-full",
            Self::Internal => "internal",
            Self::ComplaintsFull => "complaints-full",
        }
    }

    /// The code with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether the same request may succeed later without being changed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        match self {
            Self::TooManyRequests
            | Self::Overloaded
            | Self::NoLeader
            | Self::Stale
            | Self::ScannerUnavailable
            | Self::DiskFull
            | Self::Internal => true,
            Self::BadRequest
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::InvalidState
            | Self::Gone
            | Self::StaleRevision
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::IdempotencyMismatch
            | Self::ConfirmationRequired
            | Self::InvalidForm
            | Self::Infected
            | Self::PreconditionRequired
            | Self::ComplaintsFull => false,
        }
    }

    /// What happened, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Permintaan tidak sah",
            Self::Unauthenticated => "Belum masuk",
            Self::Forbidden => "Tidak berwenang",
            Self::NotFound => "Tidak ditemukan",
            Self::MethodNotAllowed => "Metode tidak diizinkan",
            Self::InvalidState => "Keadaan tidak mengizinkan",
            Self::Gone => "Tidak tersedia lagi",
            Self::StaleRevision => "Formulir sudah berubah",
            Self::TooLarge => "Terlalu besar",
            Self::UnsupportedMediaType => "Jenis isi tidak didukung",
            Self::IdempotencyMismatch => "Kunci sudah dipakai",
            Self::ConfirmationRequired => "Perlu konfirmasi",
            Self::InvalidForm => "Formulir tidak sah",
            Self::Infected => "Berkas berbahaya",
            Self::PreconditionRequired => "Prasyarat diperlukan",
            Self::TooManyRequests => "Terlalu sering",
            Self::Overloaded => "Sedang sibuk",
            Self::NoLeader => "Belum ada pemimpin",
            Self::Stale => "Data belum cukup baru",
            Self::ScannerUnavailable => "Pemindai tidak tersedia",
            Self::DiskFull => "Ruang penyimpanan penuh",
            Self::Internal => "Kesalahan di simpul ini",
            Self::ComplaintsFull => "Laporan sudah penuh",
        }
    }

    /// What the caller does next.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::BadRequest => "Perbaiki permintaan menurut daftar kesalahan, lalu kirim lagi.",
            Self::Unauthenticated => "Masuk lebih dahulu, lalu ulangi dengan token yang berlaku.",
            Self::Forbidden => {
                "Akun ini tidak berwenang di sini; mintalah akun dengan peran atau wilayah yang sesuai."
            }
            Self::NotFound => "Periksa alamat dan kodenya.",
            Self::MethodNotAllowed => "Pakailah metode yang disebut di kepala Allow.",
            Self::InvalidState => "Muat ulang keadaan terakhir sebelum melanjutkan.",
            Self::Gone => "Mulailah membaca dari awal riwayat yang baru.",
            Self::StaleRevision => {
                "Muat ulang formulir, bandingkan, lalu kirim koreksi dengan revisi terakhir."
            }
            Self::TooLarge => "Kecilkan atau bagi isi permintaan.",
            Self::UnsupportedMediaType => "Kirim isi sebagai application/json.",
            Self::IdempotencyMismatch => "Pakailah Idempotency-Key baru untuk permintaan yang berbeda.",
            Self::ConfirmationRequired => {
                "Cocokkan dengan formulir kertas: perbaiki angkanya, atau konfirmasi aturan yang disebut beserta alasannya."
            }
            Self::InvalidForm => "Perbaiki isian yang disebut, lalu kirim lagi dengan kunci baru.",
            Self::Infected => {
                "Berkas ini tidak disimpan. Foto ulang formulirnya dengan perangkat lain, lalu unggah lagi."
            }
            Self::PreconditionRequired => {
                "Sertakan If-None-Match: * untuk laporan pertama atau If-Match: \"REVISI\" untuk koreksi."
            }
            Self::TooManyRequests => "Tunggu selama Retry-After, lalu coba lagi.",
            Self::Overloaded => "Tunggu selama Retry-After, lalu ulangi dengan kunci yang sama.",
            Self::NoLeader => "Ulangi dengan kunci yang sama, di sini atau di simpul lain.",
            Self::Stale => "Ulangi sebentar lagi atau tanyakan simpul lain.",
            Self::ScannerUnavailable => {
                "Berkas belum dapat diperiksa dan tidak disimpan. Unggah lagi sebentar lagi, di sini atau di simpul lain."
            }
            Self::DiskFull => "Hubungi operator; ulangi dengan kunci yang sama setelah ruang tersedia.",
            Self::Internal => {
                "Ulangi dengan kunci yang sama di simpul lain; beri tahu operator nomor permintaannya."
            }
            Self::ComplaintsFull => {
                "Laporan tentang formulir ini sudah sebanyak yang dapat disimpan. Bacalah laporan yang ada dan jawabannya di halaman TPS."
            }
        }
    }

    /// Seconds a caller should wait at least, where it should wait.
    #[must_use]
    pub const fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::TooManyRequests => Some(60),
            Self::Overloaded | Self::NoLeader | Self::Stale => Some(1),
            Self::ScannerUnavailable => Some(10),
            Self::BadRequest
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::InvalidState
            | Self::Gone
            | Self::StaleRevision
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::IdempotencyMismatch
            | Self::ConfirmationRequired
            | Self::InvalidForm
            | Self::Infected
            | Self::PreconditionRequired
            | Self::DiskFull
            | Self::Internal
            | Self::ComplaintsFull => None,
        }
    }
}
