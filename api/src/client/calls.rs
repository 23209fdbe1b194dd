//! One method per call of the contract.

use bytes::Bytes;
use http::Method;
use uuid::Uuid;

use super::{Answered, Call, Client, ClientError, Transport};
use crate::dto::attachments::{Rescanned, Uploaded};
use crate::dto::batch::{BatchBody, BatchResults};
use crate::dto::changes::Changes;
use crate::dto::cluster::{
    Cluster, Leader, Level, MemberBody, NodeNumber, ReplacementBody, Snapshot, StateHash,
};
use crate::dto::contests::Contests;
use crate::dto::joining::{Invitation, InvitationBody, JoinAnswer, JoinBody};
use crate::dto::master::{AccountsBody, Defined, RegionsBody};
use crate::dto::outcome::{Accepted, Moved};
use crate::dto::regions::RegionPage;
use crate::dto::results::ResultsPage;
use crate::dto::session::{Account, SignInBody, SignedIn};
use crate::dto::stations::{StationPage, TallyPage};
use crate::dto::status::Status;
use crate::dto::steps::{ReviewBody, Reviewed, StepBody};
use crate::dto::submission::TallyBody;
use crate::ports::MediaType;

/// Longest time one attempt to hand in an attachment may take, its way there and all looks at it included, in
/// milliseconds.
const UPLOAD_ATTEMPT_MS: u64 = 60_000;

type Answer<V> = Result<Answered<V>, ClientError>;

/// Calls of the `officer` listener.
impl<T: Transport> Client<T> {
    /// Signs in and uses the token from now on.
    pub async fn sign_in(&self, username: &str, password: &str) -> Answer<SignedIn> {
        let (username, password) = (username.to_owned(), Some(password.to_owned()));
        let body = SignInBody { username, password, totp: None, code: None };
        self.set_token(None);
        let answer: Answered<SignedIn> =
            self.call(&Call::new(Method::POST, "/api/v1/session").with_json(&body)?).await?;
        self.set_token(Some(answer.value.token.clone()));
        Ok(answer)
    }

    /// A new node, with the secret of its invitation as token, asks to join; `None` while nobody has answered.
    pub async fn join(&self, body: &JoinBody) -> Result<Option<JoinAnswer>, ClientError> {
        let call = Call::new(Method::POST, "/api/v1/cluster/join").with_json(body)?;
        self.call_if_there(&call).await
    }

    /// Signs out and forgets the token.
    pub async fn sign_out(&self, key: Uuid) -> Answer<()> {
        let answer =
            self.call_for_nothing(&Call::new(Method::DELETE, "/api/v1/session").with_key(key)?).await?;
        self.set_token(None);
        Ok(answer)
    }

    /// The account signed in.
    pub async fn me(&self) -> Answer<Account> {
        self.read("/api/v1/me").await
    }

    /// Reports a form (`if_revision` 0) or corrects one.
    pub async fn put_tally(
        &self,
        (contest, station): (&str, &str),
        if_revision: u32,
        key: Uuid,
        body: &TallyBody,
    ) -> Answer<Accepted> {
        let call = Call::new(Method::PUT, format!("/api/v1/tallies/{contest}/{station}"));
        let call = call.with_json(body)?.with_key(key)?;
        let call = match if_revision {
            0 => call.with_header("if-none-match", "*")?,
            revision => call.with_header("if-match", &format!("\"{revision}\""))?,
        };
        self.call(&call).await
    }

    /// Takes a form out of the sums.
    pub async fn hold(
        &self,
        named: (&str, &str),
        if_revision: u32,
        key: Uuid,
        reason: &str,
    ) -> Answer<Moved> {
        self.step("holds", named, if_revision, (key, reason)).await
    }

    /// Puts a held form back into the sums.
    pub async fn release(
        &self,
        named: (&str, &str),
        if_revision: u32,
        key: Uuid,
        reason: &str,
    ) -> Answer<Moved> {
        self.step("releases", named, if_revision, (key, reason)).await
    }

    /// Certifies a form at the level of the account's scope.
    pub async fn certify(
        &self,
        named: (&str, &str),
        if_revision: u32,
        key: Uuid,
        reason: &str,
    ) -> Answer<Moved> {
        self.step("certifications", named, if_revision, (key, reason)).await
    }

    /// Approves a large correction.
    pub async fn approve(
        &self,
        named: (&str, &str),
        if_revision: u32,
        key: Uuid,
        reason: &str,
    ) -> Answer<Moved> {
        self.step("approvals", named, if_revision, (key, reason)).await
    }

    /// Hands in a second reading.
    pub async fn review(
        &self,
        (contest, station): (&str, &str),
        if_revision: u32,
        key: Uuid,
        body: &ReviewBody,
    ) -> Answer<Reviewed> {
        let call = Call::new(Method::POST, format!("/api/v1/tallies/{contest}/{station}/reviews"))
            .with_json(body)?
            .with_key(key)?
            .with_header("if-match", &format!("\"{if_revision}\""))?;
        self.call(&call).await
    }

    async fn step(
        &self,
        step: &str,
        (contest, station): (&str, &str),
        if_revision: u32,
        (key, reason): (Uuid, &str),
    ) -> Answer<Moved> {
        let call = Call::new(Method::POST, format!("/api/v1/tallies/{contest}/{station}/{step}"))
            .with_json(&StepBody { reason: reason.to_owned(), level: None })?
            .with_key(key)?
            .with_header("if-match", &format!("\"{if_revision}\""))?;
        self.call(&call).await
    }

    /// Hands in a photo or a scan. The same bytes may be handed in again: they are stored once.
    pub async fn upload(&self, media_type: MediaType, bytes: Bytes) -> Answer<Uploaded> {
        let call = Call::new(Method::POST, "/api/v1/attachments");
        self.call(&call.with_bytes(media_type.name(), bytes, UPLOAD_ATTEMPT_MS)).await
    }

    /// Sends many forms, each answered for itself.
    pub async fn batch(&self, key: Uuid, body: &BatchBody) -> Answer<BatchResults> {
        self.call(&Call::new(Method::POST, "/api/v1/batches").with_json(body)?.with_key(key)?).await
    }

    /// Defines regions and stations (also at `ops`).
    pub async fn define_regions(&self, key: Uuid, body: &RegionsBody) -> Answer<Defined> {
        self.define("regions", key, body).await
    }

    /// Defines contests from the shape that `/contests` answers (also at `ops`).
    pub async fn define_contests(&self, key: Uuid, body: &serde_json::Value) -> Answer<Defined> {
        self.define("contests", key, body).await
    }

    /// Defines accounts, at most 100 with plain passwords in one call (also at `ops`).
    pub async fn define_accounts(&self, key: Uuid, body: &AccountsBody) -> Answer<Defined> {
        self.define("accounts", key, body).await
    }

    async fn define<B: serde::Serialize + Sync>(&self, kind: &str, key: Uuid, body: &B) -> Answer<Defined> {
        let call = Call::new(Method::POST, format!("/api/v1/master/{kind}"));
        self.call(&call.with_json(body)?.with_key(key)?).await
    }
}

/// Reads, at `public` and `officer`.
impl<T: Transport> Client<T> {
    /// Reads a path with its query, such as `/api/v1/contests?consistency=linearizable`.
    pub async fn read<V: serde::de::DeserializeOwned>(&self, path: impl Into<String>) -> Answer<V> {
        self.call(&Call::new(Method::GET, path)).await
    }

    /// All contests.
    pub async fn contests(&self) -> Answer<Contests> {
        self.read("/api/v1/contests").await
    }

    /// A region with what lies right below it.
    pub async fn region(&self, region: &str) -> Answer<RegionPage> {
        self.read(format!("/api/v1/regions/{region}")).await
    }

    /// The results of a region.
    pub async fn results(&self, contest: &str, region: &str) -> Answer<ResultsPage> {
        self.read(format!("/api/v1/results/{contest}/{region}")).await
    }

    /// A station.
    pub async fn station(&self, station: &str) -> Answer<StationPage> {
        self.read(format!("/api/v1/stations/{station}")).await
    }

    /// The form of a station with its history.
    pub async fn tally(&self, station: &str, contest: &str) -> Answer<TallyPage> {
        self.read(format!("/api/v1/stations/{station}/{contest}")).await
    }

    /// The bytes of an attachment that an accepted form names.
    pub async fn attachment(&self, sha256: &str) -> Answer<Bytes> {
        self.call_for_bytes(&Call::new(Method::GET, format!("/api/v1/attachments/{sha256}"))).await
    }

    /// What changed after a log index.
    pub async fn changes(&self, after: u64, limit: usize, wait_ms: u64) -> Answer<Changes> {
        self.read(format!("/api/v1/changes?after={after}&limit={limit}&wait_ms={wait_ms}")).await
    }

    /// The cluster as everybody may see it.
    pub async fn status(&self) -> Answer<Status> {
        self.read("/api/v1/status").await
    }
}

/// Calls of the `ops` listener.
impl<T: Transport> Client<T> {
    /// The cluster as operators see it.
    pub async fn cluster(&self) -> Answer<Cluster> {
        self.read("/api/v1/cluster").await
    }

    /// Takes the next node number. Sent again after a failure it may take one more; none is used twice.
    pub async fn allocate_node(&self) -> Answer<NodeNumber> {
        self.call(&Call::new(Method::POST, "/api/v1/cluster/node-numbers")).await
    }

    /// Invites a new node.
    pub async fn invite(&self, body: &InvitationBody) -> Answer<Invitation> {
        self.call(&Call::new(Method::POST, "/api/v1/cluster/invitations").with_json(body)?).await
    }

    /// Looks after an invitation.
    pub async fn invitation(&self, id: &str) -> Answer<Invitation> {
        self.read(format!("/api/v1/cluster/invitations/{id}")).await
    }

    /// Answers the request of an invited node.
    pub async fn answer_invitation(&self, id: &str, answer: &JoinAnswer) -> Answer<Invitation> {
        let call = Call::new(Method::POST, format!("/api/v1/cluster/invitations/{id}/answer"));
        self.call(&call.with_json(answer)?).await
    }

    /// Takes an invitation back.
    pub async fn withdraw(&self, id: &str) -> Answer<()> {
        self.call_for_nothing(&Call::new(Method::DELETE, format!("/api/v1/cluster/invitations/{id}"))).await
    }

    /// Adds a learner, or promotes it when it is asked for as `voter`.
    pub async fn add_member(&self, member: &MemberBody) -> Answer<()> {
        let call = Call::new(Method::POST, "/api/v1/cluster/members").with_json(member)?;
        self.call_for_nothing(&call).await
    }

    /// Removes a member; with the cluster's name also where that leaves too few voters.
    pub async fn remove_member(&self, id: u64, forced_by: Option<&str>) -> Answer<()> {
        let force = forced_by.map_or_else(String::new, |name| {
            format!(
                "?force={}",
                percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
            )
        });
        self.call_for_nothing(&Call::new(Method::DELETE, format!("/api/v1/cluster/members/{id}{force}")))
            .await
    }

    /// Puts a learner in a voter's place.
    pub async fn replace_member(&self, old: u64, new: u64) -> Answer<()> {
        let call = Call::new(Method::POST, format!("/api/v1/cluster/members/{old}/replace"));
        self.call_for_nothing(&call.with_json(&ReplacementBody { by: new })?).await
    }

    /// Reaches a member under other addresses.
    pub async fn move_member(&self, member: &MemberBody) -> Answer<()> {
        let call = Call::new(Method::PUT, format!("/api/v1/cluster/members/{}", member.id));
        self.call_for_nothing(&call.with_json(member)?).await
    }

    /// Keeps the node that is asked from leading and takes it out of use.
    pub async fn drain(&self) -> Answer<Leader> {
        self.call(&Call::new(Method::POST, "/api/v1/cluster/drain")).await
    }

    /// Takes [`Self::drain`] back.
    pub async fn resume(&self) -> Answer<()> {
        self.call_for_nothing(&Call::new(Method::POST, "/api/v1/cluster/resume")).await
    }

    /// Hands leadership to another voter, or to the best one.
    pub async fn transfer(&self, to: Option<u64>) -> Answer<Leader> {
        let call = Call::new(Method::POST, "/api/v1/cluster/transfer");
        self.call(&call.with_json(&serde_json::json!({ "to": to }))?).await
    }

    /// Builds a snapshot now.
    pub async fn snapshot(&self) -> Answer<Snapshot> {
        self.call(&Call::new(Method::POST, "/api/v1/cluster/snapshot")).await
    }

    /// Raises the feature level.
    pub async fn raise_level(&self, level: u32) -> Answer<Level> {
        self.call(&Call::new(Method::POST, "/api/v1/cluster/level").with_json(&Level { level })?).await
    }

    /// Has the node that is asked show all its attachments to the scanner again.
    pub async fn rescan(&self) -> Answer<Rescanned> {
        self.call(&Call::new(Method::POST, "/api/v1/attachments/rescan")).await
    }

    /// How far that is, and what came of it.
    pub async fn rescanned(&self) -> Answer<Rescanned> {
        self.read("/api/v1/attachments/rescan").await
    }

    /// The state hash now, or at a remembered index.
    pub async fn state_hash(&self, index: Option<u64>) -> Answer<StateHash> {
        let query = index.map_or_else(String::new, |index| format!("?index={index}"));
        self.read(format!("/api/v1/state-hash{query}")).await
    }
}
