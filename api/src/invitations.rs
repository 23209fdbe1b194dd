//! Invitations of new nodes: the desk where an operator and a new node meet (design 9.2).
//!
//! Invariant: an invitation serves one node once: the first request is the only one, and only it is answered. What is
//! kept of the secret is its hash. Invitations live in the memory of the node that gave them out; when it
//! stops, they are void.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use tally::ids::LogTime;

use crate::dto::joining::{Invitation, JoinAnswer, JoinBody};
use crate::error::{Code, Problem};

/// Invitations open at once.
const INVITATIONS_MAX: usize = 16;

struct Entry {
    id: String,
    secret_sha256: [u8; 32],
    expires_at: LogTime,
    request: Option<JoinBody>,
    answer: Option<JoinAnswer>,
}

impl Entry {
    fn shown(&self) -> Invitation {
        Invitation { id: self.id.clone(), request: self.request.clone(), answered: self.answer.is_some() }
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Invitations(Mutex<Vec<Entry>>);

impl Invitations {
    fn entries(&self, now: LogTime) -> MutexGuard<'_, Vec<Entry>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| now < entry.expires_at);
        entries
    }

    /// An operator invites whoever knows the secret.
    pub(crate) fn invite(
        &self,
        secret_sha256: [u8; 32],
        expires_at: LogTime,
        now: LogTime,
    ) -> Result<Invitation, Problem> {
        let mut entries = self.entries(now);
        if entries.len() >= INVITATIONS_MAX {
            return Err(Problem::with_detail(
                Code::InvalidState,
                "Terlalu banyak undangan yang terbuka; tunggu sampai ada yang selesai atau kedaluwarsa.",
            ));
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let entry = Entry { id, secret_sha256, expires_at, request: None, answer: None };
        let shown = entry.shown();
        entries.push(entry);
        Ok(shown)
    }

    /// An operator looks after an invitation.
    pub(crate) fn look(&self, id: &str, now: LogTime) -> Result<Invitation, Problem> {
        let entries = self.entries(now);
        let entry = entries.iter().find(|entry| entry.id == id);
        entry.map(Entry::shown).ok_or_else(|| Problem::new(Code::NotFound))
    }

    /// An operator answers the request that came; the same answer may come again.
    pub(crate) fn answer(&self, id: &str, answer: &JoinAnswer, now: LogTime) -> Result<Invitation, Problem> {
        let mut entries = self.entries(now);
        let entry = entries.iter_mut().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| Problem::new(Code::NotFound))?;
        let fits = entry.request.is_some() && entry.answer.as_ref().is_none_or(|given| given == answer);
        if !fits {
            return Err(Problem::with_detail(
                Code::InvalidState,
                "Belum ada permintaan untuk undangan ini, atau sudah dijawab.",
            ));
        }
        entry.answer = Some(answer.clone());
        Ok(entry.shown())
    }

    /// An operator takes an invitation back.
    pub(crate) fn withdraw(&self, id: &str, now: LogTime) {
        self.entries(now).retain(|entry| entry.id != id);
    }

    /// A new node shows its secret and asks; `None` while the operator has not answered.
    pub(crate) fn ask(
        &self,
        secret: &[u8],
        request: &JoinBody,
        now: LogTime,
    ) -> Result<Option<JoinAnswer>, Problem> {
        let digest = Sha256::digest(secret);
        let mut entries = self.entries(now);
        let entry = entries.iter_mut().find(|entry| entry.secret_sha256.as_slice() == digest.as_slice());
        let entry = entry.ok_or_else(|| {
            Problem::with_detail(
                Code::Unauthenticated,
                "Undangan tidak dikenal simpul ini atau kedaluwarsa; mintalah yang baru kepada operator.",
            )
        })?;
        if entry.request.get_or_insert_with(|| request.clone()) != request {
            return Err(Problem::with_detail(
                Code::InvalidState,
                "Undangan ini sudah dipakai; mintalah yang baru kepada operator.",
            ));
        }
        Ok(entry.answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(incarnation: &str) -> JoinBody {
        JoinBody {
            peer_request: "p".into(),
            server_request: "s".into(),
            hosts: vec!["h".into()],
            incarnation: incarnation.into(),
            peer_address: "a".into(),
            officer_url: "o".into(),
            public_url: "u".into(),
        }
    }

    fn answer(id: u64) -> JoinAnswer {
        JoinAnswer {
            id,
            edge: false,
            epoch: 1,
            peer_certificate: "p".into(),
            server_certificate: "s".into(),
            authority: "a".into(),
        }
    }

    fn code<T>(result: Result<T, Problem>) -> Option<Code> {
        result.err().map(|problem| problem.code)
    }

    #[test]
    fn one_node_comes_in_by_an_invitation() {
        let desk = Invitations::default();
        let now = LogTime(1_000);
        let secret = Sha256::digest(b"rahasia").into();
        let id = desk.invite(secret, LogTime(2_000), now).expect("room").id;
        assert_eq!(code(desk.ask(b"tebakan", &request("1"), now)), Some(Code::Unauthenticated));
        assert_eq!(code(desk.answer(&id, &answer(4), now)), Some(Code::InvalidState));
        assert_eq!(desk.ask(b"rahasia", &request("1"), now).expect("known"), None);
        assert_eq!(code(desk.ask(b"rahasia", &request("2"), now)), Some(Code::InvalidState));
        assert_eq!(desk.look(&id, now).expect("there").request, Some(request("1")));
        desk.answer(&id, &answer(4), now).expect("asked");
        assert_eq!(code(desk.answer(&id, &answer(5), now)), Some(Code::InvalidState));
        // An answer that was lost on its way is given again.
        for _ in 0..2 {
            assert_eq!(desk.ask(b"rahasia", &request("1"), now).expect("known"), Some(answer(4)));
        }
        assert_eq!(code(desk.ask(b"rahasia", &request("1"), LogTime(2_000))), Some(Code::Unauthenticated));
        assert_eq!(code(desk.look(&id, LogTime(2_000))), Some(Code::NotFound));
    }

    #[test]
    fn there_are_only_so_many() {
        let desk = Invitations::default();
        let invite = |number: u8, now| desk.invite([number; 32], LogTime(2_000), LogTime(now));
        let first = invite(0, 0).expect("room");
        for number in 1..16 {
            invite(number, 0).expect("room");
        }
        assert_eq!(code(invite(16, 0)), Some(Code::InvalidState));
        desk.withdraw(&first.id, LogTime(0));
        invite(17, 0).expect("room again");
        assert_eq!(code(invite(18, 0)), Some(Code::InvalidState));
        invite(19, 2_000).expect("all others are over");
    }
}
