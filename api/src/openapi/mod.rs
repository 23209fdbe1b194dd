//! The contract in OpenAPI 3.1, made from the types that are on the wire and one table of calls.
//!
//! Invariant: a schema named in the table is registered, which a test proves; the document itself is a
//! snapshot, so that no change of the contract goes unseen.

mod calls;
mod reads;
mod values;

use utoipa::ToSchema;
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, RefOr,
    Required, ResponseBuilder,
};

use calls::{Call, EVERYBODY, OFFICER, OPEN, administration, complaints, operations, photos, writes};

use crate::dto;
use crate::error::ProblemBody;

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
    register::<dto::search::SearchPage>(&mut schemas);
    register::<dto::anomalies::AnomaliesPage>(&mut schemas);
    register::<dto::changes::Changes>(&mut schemas);
    register::<dto::status::Status>(&mut schemas);
    register::<dto::session::SignInBody>(&mut schemas);
    register::<dto::session::SignedIn>(&mut schemas);
    register::<dto::session::OwnStations>(&mut schemas);
    register::<dto::submission::TallyBody>(&mut schemas);
    register::<dto::steps::StepBody>(&mut schemas);
    register::<dto::steps::ReviewBody>(&mut schemas);
    register::<dto::complaints::ComplaintBody>(&mut schemas);
    register::<dto::complaints::ComplaintAnswerBody>(&mut schemas);
    register::<dto::complaints::ComplaintTaken>(&mut schemas);
    register::<dto::complaints::StationComplaints>(&mut schemas);
    register::<dto::complaints::WaitingComplaints>(&mut schemas);
    register::<dto::steps::Reviewed>(&mut schemas);
    register::<dto::accounts::Accounts>(&mut schemas);
    register::<dto::accounts::NewAccountBody>(&mut schemas);
    register::<dto::accounts::AccountPatch>(&mut schemas);
    register::<dto::accounts::CodeIssued>(&mut schemas);
    register::<dto::accounts::Sessions>(&mut schemas);
    register::<dto::accounts::PasswordBody>(&mut schemas);
    register::<dto::accounts::SecondFactorOffer>(&mut schemas);
    register::<dto::accounts::SecondFactorBody>(&mut schemas);
    register::<dto::attachments::Uploaded>(&mut schemas);
    register::<dto::attachments::Rescanned>(&mut schemas);
    register::<dto::audit::AuditPage>(&mut schemas);
    register::<dto::forms::Forms>(&mut schemas);
    register::<dto::requests::RequestFound>(&mut schemas);
    register::<dto::upkeep::PagesReloaded>(&mut schemas);
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
    ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(values::of(name)))
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
        let (name, required) = match name.strip_suffix('!') {
            Some(name) => (name, Required::True),
            None => (*name, Required::False),
        };
        operation = operation.parameter(parameter(name, ParameterIn::Query, required));
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
    if !call.bodies.is_empty() {
        let binary = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .build();
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for kind in call.bodies {
            body = body.content(*kind, ContentBuilder::new().schema(Some(binary.clone())).build());
        }
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
    if call.listeners == OFFICER && !OPEN.contains(&call.summary) {
        operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
    }
    operation
}

fn all() -> impl Iterator<Item = Call> {
    let reads = reads::open().into_iter().chain(reads::guarded());
    reads.chain(writes()).chain(complaints()).chain(administration()).chain(operations()).chain(photos())
}

/// A call as people read about it.
pub(crate) struct Line {
    /// `GET`, `POST` and the like.
    pub(crate) method: &'static str,
    /// With names in braces.
    pub(crate) path: &'static str,
    /// What it is for.
    pub(crate) summary: &'static str,
    /// Query parameters and headers, those that must be there first.
    pub(crate) parameters: Vec<&'static str>,
}

/// The calls for everybody, for accounts, and for operators.
pub(crate) fn lines() -> [Vec<Line>; 3] {
    let mut lines = [Vec::new(), Vec::new(), Vec::new()];
    let [open, guarded, operators] = &mut lines;
    for call in all() {
        let mut parameters: Vec<&'static str> = call.query.iter().chain(call.headers).copied().collect();
        parameters.sort_by_key(|name| !name.ends_with('!'));
        let line = Line {
            method: match call.method {
                HttpMethod::Get => "GET",
                HttpMethod::Post => "POST",
                HttpMethod::Put => "PUT",
                HttpMethod::Patch => "PATCH",
                HttpMethod::Delete => "DELETE",
                HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace => "",
            },
            path: call.path,
            summary: call.summary,
            parameters: parameters.into_iter().map(|name| name.trim_end_matches('!')).collect(),
        };
        if call.listeners == EVERYBODY {
            open.push(line);
        } else if call.listeners.contains(&"officer") {
            guarded.push(line);
        } else {
            operators.push(line);
        }
    }
    lines
}

/// The description of all three listeners.
#[must_use]
pub fn description() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for call in all() {
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
