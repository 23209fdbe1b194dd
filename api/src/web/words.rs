//! The words of the pages (`docs`, glossary): one place for each, so that they stay the same everywhere.
//!
//! Invariant: no code, enum name or English word reaches a reader.

use tally::account::Role;
use tally::region::Level;
use tally::rules::Severity;
use tally::station::{EventKind, StationKind, TallyState};

/// What a region of that level is called.
#[must_use]
pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::Nation => "Nasional",
        Level::Province => "Provinsi",
        Level::Regency => "Kabupaten/Kota",
        Level::District => "Kecamatan",
        Level::Village => "Kelurahan/Desa",
    }
}

/// What the children of a region of that level are called.
#[must_use]
pub(super) const fn children(above: Level) -> &'static str {
    match above {
        Level::Nation => level(Level::Province),
        Level::Province => level(Level::Regency),
        Level::Regency => level(Level::District),
        Level::District => level(Level::Village),
        Level::Village => "TPS",
    }
}

/// What a station of that kind is.
#[must_use]
pub(super) const fn station_kind(kind: StationKind) -> &'static str {
    match kind {
        StationKind::Home => "TPS",
        StationKind::Special => "TPS lokasi khusus",
        StationKind::Tpsln => "TPS luar negeri (TPSLN)",
        StationKind::Ksk => "Kotak suara keliling (KSK)",
        StationKind::Pos => "Pos",
    }
}

/// What a form's state is called; `None` is a form that is not there.
#[must_use]
pub(super) const fn state(state: Option<TallyState>) -> &'static str {
    match state {
        None => "Belum masuk",
        Some(TallyState::Reported) => "Diterima",
        Some(TallyState::Reviewed) => "Sesuai",
        Some(TallyState::Disputed) => "Tidak sesuai",
        Some(TallyState::Held) => "Ditahan",
        Some(TallyState::Certified) => "Disahkan",
    }
}

/// One sentence on what the state means for the sums.
#[must_use]
pub(super) const fn state_meaning(state: Option<TallyState>) -> &'static str {
    match state {
        None => "Formulir TPS ini belum diterima.",
        Some(TallyState::Reported) => "Formulir sudah diterima dan ikut dijumlahkan; belum diperiksa ulang.",
        Some(TallyState::Reviewed) => "Dua pembacaan formulir sesuai; ikut dijumlahkan.",
        Some(TallyState::Disputed) => "Dua pembacaan formulir tidak sesuai; tetap dijumlahkan dan ditandai.",
        Some(TallyState::Held) => {
            "Formulir ditahan: tersimpan, tetapi tidak ikut dijumlahkan sampai diperiksa."
        }
        Some(TallyState::Certified) => "Formulir sudah disahkan dan ikut dijumlahkan.",
    }
}

/// What happened, in a form's history.
#[must_use]
pub(super) const fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Report => "Formulir dikirim",
        EventKind::Correction => "Formulir dikoreksi",
        EventKind::Review => "Formulir diperiksa",
        EventKind::Hold => "Formulir ditahan",
        EventKind::Release => "Penahanan dicabut",
        EventKind::Certification => "Formulir disahkan",
        EventKind::Approval => "Koreksi disetujui",
    }
}

/// Who did it: the role, never the person.
#[must_use]
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::SuperAdmin => "super admin",
        Role::Admin => "admin",
        Role::Certifier => "pengesah",
        Role::Reviewer => "pemeriksa",
        Role::Officer => "petugas KPPS",
        Role::Auditor => "pengawas",
    }
}

/// What a flag leads to.
#[must_use]
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "Ditandai",
        Severity::Confirm => "Sesuai formulir, janggal",
        Severity::Hold => "Ditahan",
    }
}

/// What a member of the cluster is called by its role on the wire.
#[must_use]
pub(super) fn member_role(role: &str) -> &'static str {
    match role {
        "voter" => "Replika pemilih",
        "learner" => "Replika baru",
        "edge" => "Simpul publik",
        _ => "Simpul",
    }
}
