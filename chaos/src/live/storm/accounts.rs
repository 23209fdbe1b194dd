//! What is done to accounts and sessions: made, reset and ended by an administrator, opened and closed by their people.
//!
//! Invariant: whatever was sent is noted for the judge of the audit log, whether it was answered or not.

use api::client::{Call, Client, ClientError};
use api::dto::accounts::{CodeIssued, NewAccountBody};
use api::dto::session::{SignInBody, SignedIn};
use http::Method;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::officers::PATIENCE;
use super::record::Record;
use crate::judges::audit::Said;
use crate::judges::revocation::Answer;
use crate::live::fleet::ADMIN;
use crate::live::transport::HttpTransport;
use crate::report::Ended;

/// An administrator at work.
#[derive(Clone, Copy)]
pub(super) struct Office<'r> {
    pub(super) admin: &'r Client<HttpTransport>,
    pub(super) record: &'r Record,
}

/// A line of the audit log.
pub(super) fn said(actor: &str, event: &str, subject: &str, detail: &str) -> Said {
    let word = str::to_owned;
    Said { actor: word(actor), event: word(event), subject: word(subject), detail: word(detail) }
}

/// The line of who signed in, by a `code` or a `password`.
pub(super) fn signed_in(username: &str, by: &str) -> Said {
    said("system", "signed_in", username, by)
}

/// The line of who signed out.
pub(super) fn signed_out(username: &str) -> Said {
    said(username, "signed_out", "", "")
}

impl Office<'_> {
    /// A new account everywhere in the country, and its one-time code.
    pub(super) async fn create(&self, username: &str, role: &str) -> Option<String> {
        let word = str::to_owned;
        let body = NewAccountBody { username: word(username), role: word(role), scope: word("0") };
        let call = Call::new(Method::POST, "/api/v1/accounts").with_json(&body).ok()?;
        let line = said(ADMIN, "account_created", username, &defined(role));
        match self.insist::<CodeIssued>(call, line).await? {
            CodeIssued { code: Some(code), .. } => Some(code),
            // Its first answer was lost, and with it the code.
            CodeIssued { code: None, .. } => self.reset(username, role).await,
        }
    }

    /// Another code in place of what the account has.
    pub(super) async fn reset(&self, username: &str, role: &str) -> Option<String> {
        let path = format!("/api/v1/accounts/{username}/reset");
        for _ in 0..PATIENCE {
            let line = said(ADMIN, "account_changed", username, &defined(role));
            let issued = self.insist::<CodeIssued>(Call::new(Method::POST, path.clone()), line).await?;
            if issued.code.is_some() {
                return issued.code;
            }
        }
        None
    }

    /// Ends all sessions of an account. Whether that was acknowledged.
    pub(super) async fn end_sessions(&self, username: &str) -> bool {
        let call = Call::new(Method::DELETE, format!("/api/v1/accounts/{username}/sessions"));
        let line = said(ADMIN, "sessions_ended", username, "");
        let Ok(call) = call.with_key(Uuid::new_v4()) else { return false };
        let called_us = self.record.now_us();
        for _ in 0..PATIENCE {
            match self.admin.call_for_nothing(&call).await {
                Ok(_) => {
                    self.record.acted(line, called_us, true);
                    return true;
                }
                Err(error) => self.failed(&call_name(&line), &error),
            }
        }
        self.record.acted(line, called_us, false);
        false
    }

    /// Sends it under a key of its own until it is answered.
    async fn insist<V: DeserializeOwned>(&self, call: Call, line: Said) -> Option<V> {
        let call = call.with_key(Uuid::new_v4()).ok()?;
        let called_us = self.record.now_us();
        for _ in 0..PATIENCE {
            match self.admin.call::<V>(&call).await {
                Ok(answer) => {
                    self.record.acted(line, called_us, true);
                    return Some(answer.value);
                }
                Err(error) => self.failed(&call_name(&line), &error),
            }
        }
        self.record.acted(line, called_us, false);
        None
    }

    fn failed(&self, what: &str, error: &ClientError) {
        if answer_of(error) != Answer::None {
            self.record.judged("codes", Some(format!("an administrator may not {what}: {error}")));
        }
    }
}

fn call_name(line: &Said) -> String {
    format!("do this: {} of {}", line.event, line.subject)
}

/// What the audit log says of an account that was made or reset.
fn defined(role: &str) -> String {
    format!("{role} 0 true true")
}

/// Signs in by a one-time code, as some attempt, once. Answers the token.
pub(super) async fn sign_in(
    node: &Client<HttpTransport>,
    record: &Record,
    (username, code): (&str, &str),
    attempt: Uuid,
) -> Result<String, Answer> {
    let body =
        SignInBody { username: username.to_owned(), password: None, totp: None, code: Some(code.to_owned()) };
    let call = Call::new(Method::POST, "/api/v1/session").with_json(&body);
    let call = call.and_then(|call| call.with_key(attempt)).map_err(|error| answer_of(&error))?;
    node.set_token(None);
    let called = (username.to_owned(), "session by a code".to_owned(), record.now_us());
    let (called_us, line) = (called.2, signed_in(username, "code"));
    match node.call::<SignedIn>(&call).await {
        Ok(answer) => {
            // A node that was asked before may have opened one that nobody heard of.
            (1..answer.attempts).for_each(|_| record.acted(line.clone(), called_us, false));
            record.acted(line, called_us, true);
            record.did(called, "sign-in-code", (Ended::Done, 0, 0));
            Ok(answer.value.token)
        }
        Err(error) => {
            let answer = answer_of(&error);
            let refused = answer == Answer::Unauthenticated;
            record.did(called, "sign-in-code", (if refused { Ended::Refused } else { Ended::Unknown }, 0, 0));
            if answer == Answer::None {
                record.acted(line, called_us, false);
            }
            record.refused(username, refused);
            Err(answer)
        }
    }
}

/// Signs out at one node after the other. Whether the session ended by that; [`Answer::None`] when nobody knows.
pub(super) async fn sign_out(
    nodes: impl Iterator<Item = &Client<HttpTransport>>,
    record: &Record,
    (username, token): (&str, &str),
) -> Answer {
    let (key, called_us) = (Uuid::new_v4(), record.now_us());
    let mut perhaps = false;
    for node in nodes {
        node.set_token(Some(token.to_owned()));
        let answer = match node.sign_out(key).await {
            Ok(_) => Answer::Heard,
            Err(error) => answer_of(&error),
        };
        match answer {
            Answer::None => perhaps = true,
            Answer::Heard | Answer::Unauthenticated => {
                if answer == Answer::Heard || perhaps {
                    // By the call that nobody answered, where somebody else may not have ended it meanwhile.
                    record.acted(signed_out(username), called_us, answer == Answer::Heard);
                }
                return if perhaps { Answer::Heard } else { answer };
            }
            Answer::Refused(_) => return answer,
        }
    }
    record.acted(signed_out(username), called_us, false);
    Answer::None
}

/// What an error says of a token or of a credential.
pub(super) fn answer_of(error: &ClientError) -> Answer {
    match error {
        ClientError::Unavailable { .. } => Answer::None,
        ClientError::Refused(problem) if problem.code == "unauthenticated" => Answer::Unauthenticated,
        // Not for want of a right: the node's disk is full.
        ClientError::Refused(problem) if problem.code == "disk-full" => Answer::None,
        ClientError::Refused(problem) => Answer::Refused(problem.code.clone()),
        ClientError::Malformed(said) => Answer::Refused(said.clone()),
    }
}
