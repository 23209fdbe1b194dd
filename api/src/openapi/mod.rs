//! The contract in OpenAPI 3.1, made from the types that are on the wire and one table of calls.
//!
//! Invariant: a schema named in the table is registered, which a test proves; the document itself is a
//! snapshot, so that no change of the contract goes unseen.

mod calls;
mod values;

use utoipa::ToSchema;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, RefOr,
    Required, ResponseBuilder,
};

use calls::{Call, OFFICER, administration, operations, photos, reads, writes};

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
    register::<dto::changes::Changes>(&mut schemas);
    register::<dto::status::Status>(&mut schemas);
    register::<dto::session::SignInBody>(&mut schemas);
    register::<dto::session::SignedIn>(&mut schemas);
    register::<dto::session::OwnStations>(&mut schemas);
    register::<dto::submission::TallyBody>(&mut schemas);
    register::<dto::steps::StepBody>(&mut schemas);
    register::<dto::steps::ReviewBody>(&mut schemas);
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
    if call.listeners == OFFICER && call.summary != "Masuk" {
        operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
    }
    operation
}

/// The description of all three listeners.
#[must_use]
pub fn description() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for call in
        reads().into_iter().chain(writes()).chain(administration()).chain(operations()).chain(photos())
    {
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
