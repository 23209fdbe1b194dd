//! The rows of the state.

use tally::account::{Account, ActivationCode, CodeUse, SecondFactor, Session};
use tally::aggregate::{Aggregate, Totals};
use tally::contest::{Contest, ContestOption, Exemption};
use tally::epoch::EpochRecord;
use tally::neighbourhood::{NeighbourForm, Neighbourhood};
use tally::region::Region;
use tally::row::{Change, Ledger, QueuedRequest, RememberedAnswer, RequestRecord};
use tally::station::{Event, Reading, Readings, Station, Tally};

use super::form::{FlagV1, FormV1};
use super::outcomes::OutcomeV1;
use super::{RegionCodeV1, ScopeV1, choice, record};
use crate::codec::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored, no_variant, put_number,
};

record! {
    /// See [`Ledger`].
    LedgerV1 for Ledger {
        cluster: [u8; 16],
        name: String,
        epoch: u64,
        level: u32,
        log_time: u64,
        leaves: u64,
        accounts: u64,
        super_admins: u64,
        next_node: u64,
        requests_first: u64,
        requests_next: u64,
    }
}

record! {
    /// See [`Region`].
    RegionV1 for Region {
        code: RegionCodeV1,
        name: String,
        stations: u64,
        registered: u64,
        stations_registered: u64,
        index: u64,
    }
}

record! {
    /// See [`Station`].
    StationV1 for Station {
        code: u64,
        kind: u8,
        name: Option<String>,
        registered: Option<u32>,
        index: u64,
    }
}

record! {
    /// See [`ContestOption`].
    ContestOptionV1 for ContestOption {
        id: String,
        name: String,
        order: u32,
        color: Option<String>,
        party: Option<String>,
    }
}

record! {
    /// See [`Exemption`].
    ExemptionV1 for Exemption { rule: u8, region: RegionCodeV1 }
}

record! {
    /// See [`Contest`].
    ContestV1 for Contest {
        id: String,
        name: String,
        kind: String,
        regions: Vec<RegionCodeV1>,
        partial_forms: bool,
        photo_required: bool,
        reason_required: bool,
        poll_day: Option<u32>,
        options: Vec<ContestOptionV1>,
        exemptions: Vec<ExemptionV1>,
        index: u64,
    }
}

record! {
    /// See [`CodeUse`].
    CodeUseV1 for CodeUse { attempt: [u8; 16], session: [u8; 16], at: u64 }
}

record! {
    /// See [`ActivationCode`].
    ActivationCodeV1 for ActivationCode { digest: [u8; 32], used: Option<CodeUseV1> }
}

record! {
    /// See [`SecondFactor`].
    SecondFactorV1 for SecondFactor { secret: Vec<u8>, last_step: u64 }
}

record! {
    /// See [`Account`].
    AccountV1 for Account {
        id: u64,
        username: String,
        role: u8,
        scope: ScopeV1,
        password_hash: Option<String>,
        code: Option<ActivationCodeV1>,
        second_factor: Option<SecondFactorV1>,
        active: bool,
        sessions_after: u64,
    }
}

record! {
    /// See [`Session`].
    SessionV1 for Session {
        id: [u8; 16],
        account: u64,
        opened_at: u64,
        expires_at: u64,
        idle_ms: u64,
        seen_at: u64,
        address: Option<[u8; 16]>,
    }
}

record! {
    /// See [`Reading`].
    ReadingV1 for Reading { account: u64, form: FormV1, digest: [u8; 32] }
}

choice! {
    /// See [`Readings`].
    ReadingsV1 for Readings {
        1 => One,
        2 => Agreed,
        3 => Differ(reading: ReadingV1),
    }
}

record! {
    /// See [`Tally`].
    TallyV1 for Tally {
        state: u8,
        held_by_hand: bool,
        held_by_rule: bool,
        readings: ReadingsV1,
        certified: Option<u8>,
        approval_pending: bool,
        author: u64,
        revision: u32,
        events: u32,
        form: FormV1,
        digest: [u8; 32],
        flags: Vec<FlagV1>,
        index: u64,
        at: u64,
    }
}

record! {
    /// See [`Event`].
    EventV1 for Event {
        kind: u8,
        revision: u32,
        state: u8,
        account: u64,
        role: u8,
        at: u64,
        index: u64,
        term: u64,
        item: u16,
        node: u64,
        leaf_index: u64,
        digest: [u8; 32],
        form: Option<FormV1>,
        flags: Vec<FlagV1>,
        confirm: u64,
        reason: Option<String>,
        attachments: Vec<[u8; 32]>,
        observed_at: Option<u64>,
        count_kind: u8,
        reading: Option<FormV1>,
        differences: Vec<u16>,
        level: Option<u8>,
    }
}

record! {
    /// See [`Totals`].
    TotalsV1 for Totals {
        votes: Vec<u64>,
        valid: u64,
        invalid: u64,
        total: u64,
        registered: u64,
        turnout: u64,
    }
}

record! {
    /// See [`Aggregate`].
    AggregateV1 for Aggregate {
        totals: TotalsV1,
        reported: u64,
        held: u64,
        flagged: u64,
        partial: u64,
        certified: u64,
        index: u64,
        updated_at: u64,
        version: u64,
    }
}

record! {
    /// See [`Change`].
    ChangeV1 for Change { contest: String, station: u64, event: u32 }
}

choice! {
    /// See [`RememberedAnswer`].
    RememberedAnswerV1 for RememberedAnswer {
        1 => Event(change: ChangeV1),
        2 => Outcome(outcome: OutcomeV1),
    }
}

record! {
    /// See [`RequestRecord`].
    RequestRecordV1 for RequestRecord { fingerprint: [u8; 16], sequence: u64, answer: RememberedAnswerV1 }
}

record! {
    /// See [`QueuedRequest`].
    QueuedRequestV1 for QueuedRequest { account: u64, key: [u8; 16], at: u64 }
}

record! {
    /// See [`NeighbourForm`].
    NeighbourFormV1 for NeighbourForm { station: u16, likeness: Option<u64>, votes: Vec<u32> }
}

record! {
    /// See [`Neighbourhood`].
    NeighbourhoodV1 for Neighbourhood { forms: Vec<NeighbourFormV1> }
}

record! {
    /// See [`EpochRecord`].
    EpochV1 for EpochRecord {
        cause: u8,
        at: u64,
        cluster: [u8; 16],
        epoch: u64,
        node: u64,
        index: u64,
        term: u64,
        committed: u64,
        hash: u128,
        given_up: Vec<u64>,
    }
}
