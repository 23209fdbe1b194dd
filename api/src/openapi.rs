//! The contract in OpenAPI 3.1, made from the types that are on the wire and one table of calls.
//!
//! Invariant: a schema named in the table is registered, which a test proves; the document itself is a
//! snapshot, so that no change of the contract goes unseen.

use utoipa::ToSchema;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref,
    RefOr, Required, ResponseBuilder,
};

use crate::dto;
use crate::error::ProblemBody;

/// One call of the contract.
struct Call {
    method: HttpMethod,
    path: &'static str,
    listeners: &'static [&'static str],
    summary: &'static str,
    query: &'static [&'static str],
    headers: &'static [&'static str],
    body: Option<&'static str>,
    answers: &'static [(&'static str, Option<&'static str>)],
}

const EVERYBODY: &[&str] = &["public", "officer"];
const OFFICER: &[&str] = &["officer"];
const OFFICER_AND_OPS: &[&str] = &["officer", "ops"];
const OPS: &[&str] = &["ops"];
const READ: &[&str] = &["consistency", "max_age_ms", "min_index"];
const KEY: &[&str] = &["Idempotency-Key"];
const KEY_AND_CONDITION: &[&str] = &["Idempotency-Key", "If-Match", "If-None-Match"];
const KEY_AND_REVISION: &[&str] = &["Idempotency-Key", "If-Match"];

const fn read(
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
    }
}

fn reads() -> Vec<Call> {
    vec![
        read("/api/v1/contests", "Pemilihan", &[("200", Some("Contests"))]),
        read("/api/v1/regions/{region}", "Wilayah dan isinya", &[("200", Some("RegionPage"))]),
        read("/api/v1/results/{contest}/{region}", "Hasil satu wilayah", &[("200", Some("ResultsPage"))]),
        read("/api/v1/stations/{station}", "TPS", &[("200", Some("StationPage"))]),
        read("/api/v1/stations/{station}/{contest}", "Formulir satu TPS", &[("200", Some("TallyPage"))]),
        Call {
            query: &["consistency", "max_age_ms", "min_index", "after", "limit", "wait_ms", "epoch"],
            ..read("/api/v1/changes", "Umpan perubahan", &[("200", Some("Changes"))])
        },
        read("/api/v1/status", "Keadaan klaster", &[("200", Some("Status"))]),
        Call { query: &[], ..read("/openapi.json", "Uraian ini", &[("200", None)]) },
        Call { listeners: OFFICER, ..read("/api/v1/me", "Akun sendiri", &[("200", Some("Account"))]) },
        Call {
            listeners: OFFICER,
            query: &["consistency", "max_age_ms", "min_index", "contest", "limit", "next"],
            ..read("/api/v1/me/stations", "TPS sendiri", &[("200", Some("OwnStations"))])
        },
    ]
}

fn writes() -> Vec<Call> {
    const TALLY: &str = "/api/v1/tallies/{contest}/{station}";
    let defined: &'static [(&str, Option<&str>)] = &[("200", Some("Defined"))];
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
            ..write("/api/v1/tallies/{contest}/{station}/holds", "Tahan", Some("ReasonBody"), moved)
        },
        Call {
            headers: KEY_AND_REVISION,
            ..write("/api/v1/tallies/{contest}/{station}/releases", "Lepas", Some("ReasonBody"), moved)
        },
        write(
            "/api/v1/batches",
            "Banyak formulir sekaligus",
            Some("BatchBody"),
            &[("200", Some("BatchResults"))],
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

fn operations() -> Vec<Call> {
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

/// Registers a type and all it is made of.
fn register<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
}

fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = Vec::new();
    register::<ProblemBody>(&mut schemas);
    register::<dto::contests::Contests>(&mut schemas);
    register::<dto::regions::RegionPage>(&mut schemas);
    register::<dto::results::ResultsPage>(&mut schemas);
    register::<dto::stations::StationPage>(&mut schemas);
    register::<dto::stations::TallyPage>(&mut schemas);
    register::<dto::changes::Changes>(&mut schemas);
    register::<dto::status::Status>(&mut schemas);
    register::<dto::session::SignInBody>(&mut schemas);
    register::<dto::session::SignedIn>(&mut schemas);
    register::<dto::session::OwnStations>(&mut schemas);
    register::<dto::submission::TallyBody>(&mut schemas);
    register::<dto::submission::ReasonBody>(&mut schemas);
    register::<dto::outcome::Accepted>(&mut schemas);
    register::<dto::outcome::Moved>(&mut schemas);
    register::<dto::batch::BatchBody>(&mut schemas);
    register::<dto::batch::BatchResults>(&mut schemas);
    register::<dto::master::RegionsBody>(&mut schemas);
    register::<dto::master::AccountsBody>(&mut schemas);
    register::<dto::master::Defined>(&mut schemas);
    register::<dto::cluster::Cluster>(&mut schemas);
    register::<dto::cluster::MemberBody>(&mut schemas);
    register::<dto::joining::InvitationBody>(&mut schemas);
    register::<dto::joining::Invitation>(&mut schemas);
    register::<dto::joining::JoinBody>(&mut schemas);
    register::<dto::joining::JoinAnswer>(&mut schemas);
    register::<dto::cluster::ReplacementBody>(&mut schemas);
    register::<dto::cluster::NodeNumber>(&mut schemas);
    register::<dto::cluster::Leader>(&mut schemas);
    register::<dto::cluster::Snapshot>(&mut schemas);
    register::<dto::cluster::Level>(&mut schemas);
    register::<dto::cluster::StateHash>(&mut schemas);
    register::<dto::cluster::HashPoints>(&mut schemas);
    register::<dto::epochs::Epochs>(&mut schemas);
    schemas
}

fn content(kind: &str, schema: &str) -> (String, utoipa::openapi::Content) {
    (kind.to_owned(), ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build())
}

fn parameter(name: &str, place: ParameterIn, required: Required) -> ParameterBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(text))
}

fn operation(call: &Call) -> OperationBuilder {
    let mut operation = OperationBuilder::new().summary(Some(call.summary));
    for listener in call.listeners {
        operation = operation.tag(*listener);
    }
    let named = call.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in named {
        operation = operation.parameter(parameter(name, ParameterIn::Path, Required::True));
    }
    for name in call.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, Required::False));
    }
    for name in call.headers {
        let required = if *name == "Idempotency-Key" { Required::True } else { Required::False };
        operation = operation.parameter(parameter(name, ParameterIn::Header, required));
    }
    if let Some(body) = call.body {
        let (kind, content) = content("application/json", body);
        let body = RequestBodyBuilder::new().content(kind, content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for (status, schema) in call.answers {
        let mut response = ResponseBuilder::new().description(call.summary);
        if let Some(schema) = schema {
            let (kind, content) = content("application/json", schema);
            response = response.content(kind, content);
        }
        operation = operation.response(*status, response);
    }
    let (kind, content) = content("application/problem+json", "ProblemBody");
    let problem = ResponseBuilder::new().description("Masalah (RFC 9457)").content(kind, content);
    operation = operation.response("default", problem);
    if call.listeners == OFFICER && call.summary != "Masuk" {
        operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
    }
    operation
}

/// The description of all three listeners.
#[must_use]
pub fn description() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for call in reads().into_iter().chain(writes()).chain(operations()) {
        let item = PathItemBuilder::new().operation(call.method.clone(), operation(&call));
        paths = paths.path(call.path, item.build());
    }
    let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let components =
        ComponentsBuilder::new().schemas_from_iter(schemas()).security_scheme("token", token).build();
    let info = InfoBuilder::new().title("Rakit").version("v1").description(Some(
        "Hasil penghitungan suara yang tersalin di setiap simpul. Sementara, bukan hasil resmi.",
    ));
    OpenApiBuilder::new().info(info.build()).paths(paths.build()).components(Some(components)).build()
}
