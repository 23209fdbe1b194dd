//! The calls that read.
//!
//! Invariant: none of them changes anything, and every one of the first list is open to everybody.

use super::calls::{Call, OFFICER, read};

/// What everybody may read, on `public` and `officer`.
pub(super) fn open() -> Vec<Call> {
    vec![
        read("/api/v1/contests", "Pemilihan", &[("200", Some("Contests"))]),
        read("/api/v1/regions/{region}", "Wilayah dan isinya", &[("200", Some("RegionPage"))]),
        read("/api/v1/results/{contest}/{region}", "Hasil satu wilayah", &[("200", Some("ResultsPage"))]),
        read("/api/v1/stations/{station}", "TPS", &[("200", Some("StationPage"))]),
        read("/api/v1/stations/{station}/{contest}", "Formulir satu TPS", &[("200", Some("TallyPage"))]),
        Call {
            query: &["consistency", "max_age_ms", "min_index", "q!", "limit"],
            ..read("/api/v1/search", "Cari wilayah atau TPS", &[("200", Some("SearchPage"))])
        },
        Call {
            query: &["consistency", "max_age_ms", "min_index", "limit", "next"],
            ..read(
                "/api/v1/anomalies/{contest}/{region}",
                "Formulir yang ditandai atau ditahan",
                &[("200", Some("AnomaliesPage"))],
            )
        },
        Call {
            query: &["consistency", "max_age_ms", "min_index", "after", "limit", "wait_ms", "epoch"],
            ..read("/api/v1/changes", "Umpan perubahan", &[("200", Some("Changes"))])
        },
        Call {
            query: &["contest!", "region!"],
            headers: &["Last-Event-ID"],
            ..read("/api/v1/events", "Hasil satu wilayah sebagai aliran kejadian (SSE)", &[("200", None)])
        },
        read(
            "/api/v1/exports/{contest}/{file}",
            "Hasil satu wilayah sebagai berkas: csv, xlsx, pdf, json, cdf.json",
            &[("200", None)],
        ),
        read("/api/v1/status", "Keadaan klaster", &[("200", Some("Status"))]),
        Call { query: &[], ..read("/openapi.json", "Uraian ini", &[("200", None)]) },
    ]
}

/// What accounts may read besides.
pub(super) fn guarded() -> Vec<Call> {
    vec![
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "q", "role", "limit", "next"],
            ..read("/api/v1/accounts", "Akun dalam lingkup", &[("200", Some("Accounts"))])
        },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "limit", "next"],
            ..read("/api/v1/accounts/sessions", "Pengguna aktif", &[("200", Some("Sessions"))])
        },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "limit", "next"],
            ..read("/api/v1/audit", "Log audit", &[("200", Some("AuditPage"))])
        },
        Call {
            listeners: OFFICER,
            query: &[
                "consistency",
                "max_age_ms",
                "min_index",
                "region",
                "state",
                "rule",
                "flagged",
                "approval_pending",
                "limit",
                "next",
            ],
            ..read(
                "/api/v1/tallies/{contest}",
                "Formulir menurut keadaan dan tanda",
                &[("200", Some("Forms"))],
            )
        },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "account"],
            ..read("/api/v1/requests/{key}", "Jawaban atas satu permintaan", &[("200", Some("RequestFound"))])
        },
        Call { listeners: OFFICER, ..read("/api/v1/me", "Akun sendiri", &[("200", Some("Account"))]) },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "contest", "limit", "next"],
            ..read("/api/v1/me/stations", "TPS sendiri", &[("200", Some("OwnStations"))])
        },
    ]
}
