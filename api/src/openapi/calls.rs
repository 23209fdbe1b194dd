//! The table of calls.
//!
//! Invariant: every route of the three listeners is in it, and nothing else.

use utoipa::openapi::HttpMethod;

/// One call of the contract.
pub(super) struct Call {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) listeners: &'static [&'static str],
    pub(super) summary: &'static str,
    /// Query parameters; those that must be there end in `!`.
    pub(super) query: &'static [&'static str],
    pub(super) headers: &'static [&'static str],
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [(&'static str, Option<&'static str>)],
    /// Media types of a body that is no JSON.
    pub(super) bodies: &'static [&'static str],
}

pub(super) const EVERYBODY: &[&str] = &["public", "officer"];
pub(super) const OFFICER: &[&str] = &["officer"];
/// What is asked for without a token on `officer`, by what it is for.
pub(super) const OPEN: &[&str] = &["Masuk", COMPLAIN];
const COMPLAIN: &str = "Laporkan kesalahan formulir, tanpa akun";
const OFFICER_AND_OPS: &[&str] = &["officer", "ops"];
const OPS: &[&str] = &["ops"];
const READ: &[&str] = &["consistency", "max_age_ms", "min_index"];
const KEY: &[&str] = &["Idempotency-Key"];
const KEY_AND_CONDITION: &[&str] = &["Idempotency-Key", "If-Match", "If-None-Match"];
const KEY_AND_REVISION: &[&str] = &["Idempotency-Key", "If-Match"];

pub(super) const fn read(
    path: &'static str,
    summary: &'static str,
    answer: &'static [(&'static str, Option<&'static str>)],
) -> Call {
    Call {
        method: HttpMethod::Get,
        path,
        listeners: EVERYBODY,
        summary,
        query: READ,
        headers: &[],
        body: None,
        answers: answer,
        bodies: &[],
    }
}

const fn write(
    path: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    answers: &'static [(&'static str, Option<&'static str>)],
) -> Call {
    Call {
        method: HttpMethod::Post,
        path,
        listeners: OFFICER,
        summary,
        query: &[],
        headers: &[],
        body,
        answers,
        bodies: &[],
    }
}

pub(super) fn writes() -> Vec<Call> {
    const TALLY: &str = "/api/v1/tallies/{contest}/{station}";
    let moved: &'static [(&str, Option<&str>)] = &[("200", Some("Moved"))];
    vec![
        write("/api/v1/session", "Masuk", Some("SignInBody"), &[("201", Some("SignedIn"))]),
        Call {
            method: HttpMethod::Delete,
            headers: KEY,
            ..write("/api/v1/session", "Keluar", None, &[("204", None)])
        },
        write(
            "/api/v1/cluster/join",
            "Simpul baru meminta bergabung, dengan rahasia undangannya",
            Some("JoinBody"),
            &[("200", Some("JoinAnswer")), ("202", None)],
        ),
        Call {
            method: HttpMethod::Put,
            headers: KEY_AND_CONDITION,
            ..write(
                TALLY,
                "Laporkan atau koreksi formulir",
                Some("TallyBody"),
                &[("200", Some("Accepted")), ("201", Some("Accepted"))],
            )
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write("/api/v1/tallies/{contest}/{station}/holds", "Tahan", Some("StepBody"), moved)
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write("/api/v1/tallies/{contest}/{station}/releases", "Lepas", Some("StepBody"), moved)
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write("/api/v1/tallies/{contest}/{station}/certifications", "Sahkan", Some("StepBody"), moved)
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write(
                "/api/v1/tallies/{contest}/{station}/approvals",
                "Setujui koreksi",
                Some("StepBody"),
                moved,
            )
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write(
                "/api/v1/tallies/{contest}/{station}/reviews",
                "Pembacaan kedua",
                Some("ReviewBody"),
                &[("200", Some("Reviewed"))],
            )
        },
        write(
            "/api/v1/batches",
            "Banyak formulir sekaligus",
            Some("BatchBody"),
            &[("200", Some("BatchResults"))],
        ),
    ]
}

pub(super) fn complaints() -> Vec<Call> {
    const OF_STATION: &str = "/api/v1/stations/{station}/complaints";
    vec![
        read(OF_STATION, "Laporan kesalahan dan jawabannya", &[("200", Some("StationComplaints"))]),
        Call {
            headers: KEY,
            ..write(OF_STATION, COMPLAIN, Some("ComplaintBody"), &[("201", Some("ComplaintTaken"))])
        },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "region", "limit", "next"],
            ..read(
                "/api/v1/complaints",
                "Laporan yang menunggu jawaban",
                &[("200", Some("WaitingComplaints"))],
            )
        },
        Call {
            headers: KEY,
            ..write(
                "/api/v1/stations/{station}/complaints/{contest}/{number}/answer",
                "Jawab laporan",
                Some("ComplaintAnswerBody"),
                &[("200", Some("ComplaintTaken"))],
            )
        },
    ]
}

pub(super) fn administration() -> Vec<Call> {
    let defined: &'static [(&str, Option<&str>)] = &[("200", Some("Defined"))];
    let nothing: &'static [(&str, Option<&str>)] = &[("204", None)];
    let change = |method, path, summary, body, answers| Call {
        method,
        headers: KEY,
        ..write(path, summary, body, answers)
    };
    vec![
        change(HttpMethod::Post, "/api/v1/me/password", "Ganti kata sandi", Some("PasswordBody"), nothing),
        write("/api/v1/me/totp", "Minta rahasia faktor kedua", None, &[("200", Some("SecondFactorOffer"))]),
        change(HttpMethod::Put, "/api/v1/me/totp", "Pasang faktor kedua", Some("SecondFactorBody"), nothing),
        change(
            HttpMethod::Delete,
            "/api/v1/me/totp",
            "Cabut faktor kedua",
            Some("SecondFactorBody"),
            nothing,
        ),
        change(
            HttpMethod::Post,
            "/api/v1/accounts",
            "Buat akun dengan kode sekali pakai",
            Some("NewAccountBody"),
            &[("201", Some("CodeIssued"))],
        ),
        change(
            HttpMethod::Patch,
            "/api/v1/accounts/{name}",
            "Ubah akun",
            Some("AccountPatch"),
            &[("200", Some("AccountEntry"))],
        ),
        change(
            HttpMethod::Post,
            "/api/v1/accounts/{name}/reset",
            "Atur ulang: kode sekali pakai baru",
            None,
            &[("200", Some("CodeIssued"))],
        ),
        change(
            HttpMethod::Delete,
            "/api/v1/accounts/{name}/sessions",
            "Akhiri semua sesi akun",
            None,
            nothing,
        ),
        Call {
            listeners: OFFICER_AND_OPS,
            headers: KEY,
            ..write("/api/v1/master/regions", "Daftarkan wilayah dan TPS", Some("RegionsBody"), defined)
        },
        Call {
            listeners: OFFICER_AND_OPS,
            headers: KEY,
            ..write("/api/v1/master/contests", "Daftarkan pemilihan", Some("Contests"), defined)
        },
        Call {
            listeners: OFFICER_AND_OPS,
            headers: KEY,
            ..write("/api/v1/master/accounts", "Daftarkan akun", Some("AccountsBody"), defined)
        },
    ]
}

pub(super) fn operations() -> Vec<Call> {
    let get = |path, summary, answers| Call { listeners: OPS, query: &[], ..read(path, summary, answers) };
    let post = |path, summary, body, answers| Call { listeners: OPS, ..write(path, summary, body, answers) };
    let nothing: &'static [(&str, Option<&str>)] = &[("204", None)];
    vec![
        get("/livez", "Hidup", &[("200", None)]),
        get("/readyz", "Siap", &[("200", None), ("503", None)]),
        get("/readyz/public", "Siap bagi publik", &[("200", None), ("503", None)]),
        get("/readyz/officer", "Siap bagi petugas", &[("200", None), ("503", None)]),
        get("/metrics", "Metrik", &[("200", None)]),
        get("/api/v1/cluster", "Klaster bagi operator", &[("200", Some("Cluster"))]),
        Call {
            query: &["index"],
            ..get("/api/v1/state-hash", "Sidik keadaan", &[("200", Some("StateHash"))])
        },
        get("/api/v1/state-hash/points", "Sidik keadaan yang diingat", &[("200", Some("HashPoints"))]),
        get("/api/v1/cluster/epochs", "Asal setiap epoch", &[("200", Some("Epochs"))]),
        get(
            "/api/v1/backup",
            "Tawarkan cadangan: daftar isinya, atau 202 selama disiapkan",
            &[("200", None), ("202", None)],
        ),
        get("/api/v1/backup/{id}", "Daftar isi cadangan yang masih ditawarkan", &[("200", None)]),
        Call {
            headers: &["Range"],
            ..get("/api/v1/backup/{id}/objects/{sha256}", "Sebagian isi cadangan", &[("206", None)])
        },
        post("/api/v1/cluster/initialize", "Selalu 409 di simpul yang berjalan", None, &[]),
        post("/api/v1/cluster/node-numbers", "Ambil nomor simpul", None, &[("201", Some("NodeNumber"))]),
        post(
            "/api/v1/cluster/invitations",
            "Undang satu simpul baru",
            Some("InvitationBody"),
            &[("201", Some("Invitation"))],
        ),
        get("/api/v1/cluster/invitations/{id}", "Lihat undangan", &[("200", Some("Invitation"))]),
        Call {
            method: HttpMethod::Delete,
            ..post("/api/v1/cluster/invitations/{id}", "Tarik undangan", None, nothing)
        },
        post(
            "/api/v1/cluster/invitations/{id}/answer",
            "Jawab permintaan simpul yang diundang",
            Some("JoinAnswer"),
            &[("200", Some("Invitation"))],
        ),
        post("/api/v1/cluster/members", "Tambah atau naikkan anggota", Some("MemberBody"), nothing),
        Call {
            method: HttpMethod::Delete,
            query: &["force"],
            ..post("/api/v1/cluster/members/{id}", "Keluarkan anggota", None, nothing)
        },
        Call {
            method: HttpMethod::Put,
            ..post("/api/v1/cluster/members/{id}", "Ganti alamat anggota", Some("MemberBody"), nothing)
        },
        post(
            "/api/v1/cluster/members/{id}/replace",
            "Gantikan pemilik suara dengan simpul belajar",
            Some("ReplacementBody"),
            nothing,
        ),
        post("/api/v1/cluster/drain", "Kosongkan simpul ini", None, &[("200", Some("Leader"))]),
        post("/api/v1/cluster/resume", "Pakai lagi simpul ini", None, nothing),
        post("/api/v1/cluster/transfer", "Serahkan kepemimpinan", None, &[("200", Some("Leader"))]),
        post("/api/v1/cluster/snapshot", "Buat potret data", None, &[("200", Some("Snapshot"))]),
        post("/api/v1/cluster/level", "Naikkan tingkat fitur", Some("Level"), &[("200", Some("Level"))]),
    ]
}

pub(super) fn photos() -> Vec<Call> {
    const RESCAN: &str = "/api/v1/attachments/rescan";
    let found: &'static [(&str, Option<&str>)] = &[("200", None), ("404", None), ("410", None)];
    vec![
        read("/api/v1/attachments/{sha256}", "Foto atau pindaian formulir", found),
        Call {
            bodies: &["image/jpeg", "image/png", "image/webp", "application/pdf"],
            ..write("/api/v1/attachments", "Unggah foto atau pindaian", None, &[("201", Some("Uploaded"))])
        },
        Call {
            listeners: OFFICER_AND_OPS,
            query: &[],
            ..read(RESCAN, "Kemajuan pemeriksaan ulang lampiran", &[("200", Some("Rescanned"))])
        },
        Call {
            listeners: OFFICER_AND_OPS,
            ..write(RESCAN, "Periksa ulang semua lampiran simpul ini", None, &[("202", Some("Rescanned"))])
        },
        write(
            "/api/v1/pages/reload",
            "Bangun ulang halaman simpul ini",
            None,
            &[("202", Some("PagesReloaded"))],
        ),
    ]
}
