//! Bearer tokens: 32 random bytes, known to their owner only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tally::ids::SessionId;

use crate::error::{Code, Problem};

const TOKEN_BYTES: usize = 32;

/// A new token and the session it opens.
pub fn new() -> Result<(String, SessionId), Problem> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness for a token");
        Problem::new(Code::Internal)
    })?;
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let session = session_of(&token).ok_or_else(|| Problem::new(Code::Internal))?;
    Ok((token, session))
}

/// The session that a token belongs to; `None` when it is no token.
#[must_use]
pub fn session_of(token: &str) -> Option<SessionId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == TOKEN_BYTES)?;
    let digest = Sha256::digest(&bytes);
    digest.first_chunk().copied().map(SessionId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_session_and_no_other_text_does() {
        let (token, session) = new().expect("randomness");
        assert_eq!(session_of(&token), Some(session));
        assert_ne!(new().expect("randomness").1, session);
        for wrong in ["", "x", &token[1..], &format!("{token}A"), &format!("{token}=")] {
            assert_eq!(session_of(wrong), None, "{wrong}");
        }
    }
}
