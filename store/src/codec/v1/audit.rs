//! Lines of the audit log.

use tally::audit::{AccountChange, Actor, AuditEvent, AuditRecord, Observation};

use super::{ScopeV1, choice, record};
use crate::codec::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored, no_variant, put_number,
};

choice! {
    /// See [`Actor`].
    ActorV1 for Actor {
        1 => System,
        2 => Operator,
        3 => Account(account: u64),
        4 => Public,
    }
}

record! {
    /// See [`AccountChange`].
    AccountChangeV1 for AccountChange {
        username: String,
        role: u8,
        scope: ScopeV1,
        active: bool,
        created: bool,
        credential: bool,
    }
}

record! {
    /// See [`Observation`].
    ObservationV1 for Observation { sighting: u8, username: String, address: [u8; 16], count: u32 }
}

choice! {
    /// See [`AuditEvent`].
    AuditEventV1 for AuditEvent {
        1 => Founded,
        2 => LevelRaised(level: u32),
        3 => NodeAllocated(node: u64),
        4 => RegionsDefined { created: u32, changed: u32 },
        5 => StationsDefined { created: u32, changed: u32 },
        6 => ContestDefined(contest: String),
        7 => AccountDefined(change: AccountChangeV1),
        8 => SignedIn { account: u64, address: Option<[u8; 16]>, by_code: bool },
        9 => SignedOut,
        10 => PasswordChanged,
        11 => SecondFactor { enabled: bool },
        12 => SessionsEnded { account: u64 },
        13 => Observed(observation: ObservationV1),
        14 => Complained { contest: String, station: u64, number: u32, kind: u8 },
        15 => ComplaintAnswered { contest: String, station: u64, number: u32, verdict: u8 },
    }
}

record! {
    /// See [`AuditRecord`].
    AuditRecordV1 for AuditRecord { at: u64, actor: ActorV1, event: AuditEventV1 }
}
