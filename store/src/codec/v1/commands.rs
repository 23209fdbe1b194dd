//! Proposals and their commands.

use tally::command::{
    AccountDefinition, Command, Header, Item, NewCredential, Principal, Proof, Proposal, RegionDefinition,
    RequestIdentity, StationDefinition,
};

use super::audit::ObservationV1;
use super::complaints::NewComplaintV1;
use super::form::{FormV1, SubmissionV1};
use super::rows::{ContestV1, SecondFactorV1};
use super::{RegionCodeV1, ScopeV1, choice, record};
use crate::codec::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored, no_variant, put_number,
};

choice! {
    /// See [`Principal`].
    PrincipalV1 for Principal {
        1 => System,
        2 => Operator,
        3 => Session { account: u64, session: [u8; 16] },
        4 => Public,
    }
}

record! {
    /// See [`Header`].
    HeaderV1 for Header { principal: PrincipalV1, node: u64, proposed_at: u64 }
}

record! {
    /// See [`RequestIdentity`].
    RequestIdentityV1 for RequestIdentity { key: [u8; 16], fingerprint: [u8; 16] }
}

record! {
    /// See [`RegionDefinition`].
    RegionDefinitionV1 for RegionDefinition { code: RegionCodeV1, name: String }
}

record! {
    /// See [`StationDefinition`].
    StationDefinitionV1 for StationDefinition {
        code: u64,
        kind: u8,
        name: Option<String>,
        registered: Option<u32>,
    }
}

choice! {
    /// See [`NewCredential`].
    NewCredentialV1 for NewCredential {
        1 => Kept,
        2 => Password(hash: String),
        3 => Code(digest: [u8; 32]),
    }
}

choice! {
    /// See [`Proof`].
    ProofV1 for Proof {
        1 => Password(hash: String),
        2 => Code { digest: [u8; 32], attempt: [u8; 16] },
    }
}

record! {
    /// See [`AccountDefinition`].
    AccountDefinitionV1 for AccountDefinition {
        username: String,
        role: u8,
        scope: ScopeV1,
        credential: NewCredentialV1,
        active: bool,
    }
}

choice! {
    /// See [`Command`].
    CommandV1 for Command {
        1 => Mark,
        2 => Found { cluster: [u8; 16], name: String, epoch: u64, next_node: u64 },
        3 => RaiseLevel { level: u32 },
        4 => AllocateNode,
        5 => DefineRegions(regions: Vec<RegionDefinitionV1>),
        6 => DefineStations(stations: Vec<StationDefinitionV1>),
        7 => DefineContest(contest: ContestV1),
        8 => DefineAccounts(accounts: Vec<AccountDefinitionV1>),
        9 => OpenSession {
            session: [u8; 16],
            account: u64,
            proof: ProofV1,
            second_factor_step: Option<u64>,
            lifetime_ms: u64,
            idle_ms: u64,
            address: Option<[u8; 16]>,
        },
        10 => CloseSession,
        11 => Report { contest: String, station: u64, submission: SubmissionV1 },
        12 => Correct { contest: String, station: u64, revision: u32, submission: SubmissionV1 },
        13 => Hold { contest: String, station: u64, revision: u32, reason: String },
        14 => Release { contest: String, station: u64, revision: u32, reason: String },
        15 => Review { contest: String, station: u64, revision: u32, form: FormV1 },
        16 => Certify { contest: String, station: u64, revision: u32, level: Option<u8>, reason: String },
        17 => Approve { contest: String, station: u64, revision: u32, reason: String },
        18 => TouchSession,
        19 => ExpireSessions(sessions: Vec<[u8; 16]>),
        20 => EndSessions(account: u64),
        21 => SetPassword { before: Option<String>, after: String },
        22 => SetSecondFactor(factor: Option<SecondFactorV1>),
        23 => Observe(seen: Vec<ObservationV1>),
        24 => Complain { contest: String, station: u64, revision: u32, complaint: NewComplaintV1 },
        25 => AnswerComplaint { contest: String, station: u64, number: u32, verdict: u8, text: String },
    }
}

record! {
    /// See [`Item`].
    ItemV1 for Item { request: Option<RequestIdentityV1>, command: CommandV1 }
}

record! {
    /// See [`Proposal`].
    ProposalV1 for Proposal { header: HeaderV1, items: Vec<ItemV1> }
}
