//! Bytes and what they mean: frames `{format byte, CRC-32C, body}`, and the stored shape of everything.
//!
//! Invariant: a format byte stands for one shape for ever. Stored shapes (`v1`) are types of their own, apart
//! from those the rules use; fields are never added in place, a new shape gets a new format byte. No decoder
//! panics or allocates beyond [`DECODED_BYTES_MAX`], whatever it is given; left-over bytes are refused.
//! `frame` is the only file that names the encoding library.

mod entry;
mod frame;
#[cfg(test)]
mod golden;
mod meta;
mod v1;

use bytes::Bytes;
use tally::command::Proposal;
use tally::outcome::Answer;
use tally::row::{Row, RowKey};

pub(crate) use entry::{decode_entry, encode_entry};
#[cfg(any(test, fuzzing))]
pub(crate) use frame::framed;
pub use frame::{CodecError, DECODED_BYTES_MAX};
pub(crate) use meta::{
    AppliedRecord, Mark, decode_applied, decode_backup, decode_blob_record, decode_blob_totals,
    decode_identity, decode_log_id, decode_manifest, decode_mark, decode_sums, decode_vote, encode_applied,
    encode_backup, encode_blob_record, encode_blob_totals, encode_identity, encode_log_id, encode_manifest,
    encode_mark, encode_sums, encode_vote,
};

use frame::{Format, Stored, seal, unseal};

/// The frame of a proposal, as it stands in a log entry.
#[must_use]
pub fn encode_proposal(proposal: &Proposal) -> Bytes {
    seal(Format::ProposalV1, &v1::ProposalV1::of(proposal)).into()
}

/// Reads a proposal's frame.
pub fn decode_proposal(bytes: &[u8]) -> Result<Proposal, CodecError> {
    unseal::<v1::ProposalV1>(Format::ProposalV1, bytes)?.restore()
}

/// The frame of answers, as one node sends them to another.
#[must_use]
pub fn encode_answers(answers: &[Answer]) -> Bytes {
    let stored = v1::AnswersV1 { answers: answers.iter().map(Stored::of).collect() };
    seal(Format::AnswersV1, &stored).into()
}

/// Reads the frame of answers.
pub fn decode_answers(bytes: &[u8]) -> Result<Vec<Answer>, CodecError> {
    unseal::<v1::AnswersV1>(Format::AnswersV1, bytes)?.answers.into_iter().map(Stored::restore).collect()
}

/// The frame of a row, as it stands under its key.
#[must_use]
pub fn encode_row(row: &Row) -> Vec<u8> {
    match row {
        Row::Ledger(row) => seal(Format::RowV1, &v1::LedgerV1::of(row)),
        Row::Region(row) => seal(Format::RowV1, &v1::RegionV1::of(row)),
        Row::Station(row) => seal(Format::RowV1, &v1::StationV1::of(row)),
        Row::Contest(row) => seal(Format::RowV1, &v1::ContestV1::of(row)),
        Row::Account(row) => seal(Format::RowV1, &v1::AccountV1::of(row)),
        Row::Username(row) => seal(Format::RowV1, &row.0),
        Row::Session(row) => seal(Format::RowV1, &v1::SessionV1::of(row)),
        Row::Tally(row) => seal(Format::RowV1, &v1::TallyV1::of(row)),
        Row::Event(row) => seal(Format::RowV1, &v1::EventV1::of(row)),
        Row::Aggregate(row) => seal(Format::RowV1, &v1::AggregateV1::of(row)),
        Row::Change(row) | Row::Attachment(row) => seal(Format::RowV1, &v1::ChangeV1::of(row)),
        Row::Request(row) => seal(Format::RowV1, &v1::RequestRecordV1::of(row)),
        Row::RequestQueue(row) => seal(Format::RowV1, &v1::QueuedRequestV1::of(row)),
        Row::Neighbourhood(row) => seal(Format::RowV1, &v1::NeighbourhoodV1::of(row)),
        Row::Audit(row) => seal(Format::RowV1, &v1::AuditRecordV1::of(row)),
        Row::Epoch(row) => seal(Format::RowV1, &v1::EpochV1::of(row)),
        Row::Complaint(row) => seal(Format::RowV1, &v1::ComplaintV1::of(row)),
        Row::Complaints(row) => seal(Format::RowV1, &v1::ComplaintsV1::of(row)),
    }
}

/// Checks the frame of a row without reading what is in it.
pub(crate) fn check_row(bytes: &[u8]) -> Result<(), CodecError> {
    frame::check(Format::RowV1, bytes).map(|_| ())
}

/// Reads the frame of a row; its key says of which kind it is.
pub fn decode_row(key: &RowKey, bytes: &[u8]) -> Result<Row, CodecError> {
    Ok(match key {
        RowKey::Ledger => Row::Ledger(unseal::<v1::LedgerV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Region(_) => Row::Region(unseal::<v1::RegionV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Station(_) => Row::Station(unseal::<v1::StationV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Contest(_) => Row::Contest(unseal::<v1::ContestV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Account(_) => Row::Account(unseal::<v1::AccountV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Username(_) => Row::Username(unseal::<u64>(Format::RowV1, bytes)?.restore()?),
        RowKey::Session(_) => Row::Session(unseal::<v1::SessionV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Tally(..) => Row::Tally(unseal::<v1::TallyV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Event(..) => Row::Event(unseal::<v1::EventV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Aggregate(..) => Row::Aggregate(unseal::<v1::AggregateV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Change(..) => Row::Change(unseal::<v1::ChangeV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Request(..) => Row::Request(unseal::<v1::RequestRecordV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::RequestQueue(_) => {
            Row::RequestQueue(unseal::<v1::QueuedRequestV1>(Format::RowV1, bytes)?.restore()?)
        }
        RowKey::Attachment(_) => Row::Attachment(unseal::<v1::ChangeV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Neighbourhood(..) => {
            Row::Neighbourhood(unseal::<v1::NeighbourhoodV1>(Format::RowV1, bytes)?.restore()?)
        }
        RowKey::Audit(..) => Row::Audit(unseal::<v1::AuditRecordV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Epoch(_) => Row::Epoch(unseal::<v1::EpochV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Complaint(..) => Row::Complaint(unseal::<v1::ComplaintV1>(Format::RowV1, bytes)?.restore()?),
        RowKey::Complaints(..) => {
            Row::Complaints(unseal::<v1::ComplaintsV1>(Format::RowV1, bytes)?.restore()?)
        }
    })
}
