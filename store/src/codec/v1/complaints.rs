//! Complaints and what was answered.

use tally::complaint::{Complaint, ComplaintAnswer, ComplaintReceipt, Complaints, NewComplaint};

use super::record;
use crate::codec::frame::{CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored};

record! {
    /// See [`NewComplaint`].
    NewComplaintV1 for NewComplaint { kind: u8, field: Option<u16>, read: Option<u32>, text: String }
}

record! {
    /// See [`ComplaintAnswer`].
    ComplaintAnswerV1 for ComplaintAnswer {
        verdict: u8,
        text: String,
        account: u64,
        role: u8,
        at: u64,
        index: u64,
    }
}

record! {
    /// See [`Complaint`].
    ComplaintV1 for Complaint {
        revision: u32,
        kind: u8,
        field: Option<u16>,
        read: Option<u32>,
        text: String,
        at: u64,
        index: u64,
        answer: Option<ComplaintAnswerV1>,
    }
}

record! {
    /// See [`Complaints`].
    ComplaintsV1 for Complaints { all: u32, open: u32 }
}

record! {
    /// See [`ComplaintReceipt`].
    ComplaintReceiptV1 for ComplaintReceipt {
        contest: String,
        station: u64,
        number: u32,
        verdict: Option<u8>,
        index: u64,
        term: u64,
        at: u64,
        node: u64,
    }
}
