//! The form and what is said of it.

use tally::form::{Ballots, Form, People, Turnout};
use tally::rules::Flag;
use tally::station::{Receipt, Submission};

use super::record;
use crate::codec::frame::{CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored};

record! {
    /// See [`People`].
    PeopleV1 for People { male: u32, female: u32, total: u32 }
}

record! {
    /// See [`Turnout`].
    TurnoutV1 for Turnout { dpt: PeopleV1, dptb: PeopleV1, dpk: PeopleV1, total: PeopleV1 }
}

record! {
    /// See [`Ballots`].
    BallotsV1 for Ballots { received: u32, used: u32, returned: u32, unused: u32 }
}

record! {
    /// See [`Form`].
    FormV1 for Form {
        registered: Option<PeopleV1>,
        turnout: Option<TurnoutV1>,
        ballots: Option<BallotsV1>,
        disabled: Option<PeopleV1>,
        votes: Vec<u32>,
        valid: Option<u32>,
        invalid: Option<u32>,
        total: Option<u32>,
    }
}

record! {
    /// See [`Flag`].
    FlagV1 for Flag { rule: u8, severity: u8, fields: Vec<u16> }
}

record! {
    /// See [`Submission`].
    SubmissionV1 for Submission {
        form: FormV1,
        confirm: u64,
        reason: Option<String>,
        attachments: Vec<[u8; 32]>,
        holders: Vec<u64>,
        observed_at: Option<u64>,
        count_kind: u8,
    }
}

record! {
    /// See [`Receipt`].
    ReceiptV1 for Receipt {
        contest: String,
        station: u64,
        revision: u32,
        index: u64,
        term: u64,
        at: u64,
        digest: [u8; 32],
        leaf_index: u64,
        node: u64,
    }
}
