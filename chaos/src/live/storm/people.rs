//! People who come in by a code of their own and stay: who writes, reads, certifies and looks through the audit log.
//!
//! Invariant: each is somebody else, with an account and a session of their own from the beginning to the end.

use api::client::Client;
use uuid::Uuid;

use super::accounts::{self, Office};
use super::officers::PATIENCE;
use crate::judges::readings::life::{Person as Number, Role};
use crate::live::transport::HttpTransport;

/// Who reads the audit log.
pub(super) const AUDITOR: (&str, &str) = ("pengawas", "auditor");

/// Who has to do with second readings: name, role on the wire, role.
const STAFF: [(&str, &str, Role); 5] = [
    ("petugas", "officer", Role::Officer),
    ("pembaca-1", "reviewer", Role::Reviewer),
    ("pembaca-2", "reviewer", Role::Reviewer),
    ("pengesah", "certifier", Role::Certifier),
    ("ketua", "super_admin", Role::Chief),
];
/// So many of them.
pub(super) const STAFF_COUNT: u64 = 5;

/// Somebody who is signed in.
#[derive(Clone, Copy)]
pub(super) struct Person<'r> {
    pub(super) client: &'r Client<HttpTransport>,
    pub(super) number: Number,
    pub(super) role: Role,
}

/// Makes an account and signs in at any of the client's nodes. Answers the token.
pub(super) async fn come_in(
    office: Office<'_>,
    client: &Client<HttpTransport>,
    (username, role): (&str, &str),
) -> Option<String> {
    let (code, attempt) = (office.create(username, role).await?, Uuid::new_v4());
    for _ in 0..PATIENCE {
        if let Ok(token) = accounts::sign_in(client, office.record, (username, &code), attempt).await {
            return Some(token);
        }
    }
    None
}

/// Lets the staff in, each with a client of their own.
pub(super) async fn staff<'r>(office: Office<'_>, clients: &'r [Client<HttpTransport>]) -> Vec<Person<'r>> {
    let mut people = Vec::new();
    for (number, ((username, wire, role), client)) in (1..).zip(STAFF.into_iter().zip(clients)) {
        if let Some(token) = come_in(office, client, (username, wire)).await {
            client.set_token(Some(token));
            people.push(Person { client, number, role });
        }
    }
    people
}
