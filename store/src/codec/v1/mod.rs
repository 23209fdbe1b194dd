//! Stored shapes, version 1.
//!
//! Invariant: nothing here ever changes. A record is its fields in the order written here; a choice is one
//! byte, the number written beside the variant, and the variant's fields.

mod audit;
mod commands;
mod complaints;
mod form;
mod outcomes;
mod rows;

pub(super) use audit::AuditRecordV1;
pub(super) use commands::ProposalV1;
pub(super) use complaints::{ComplaintV1, ComplaintsV1};
pub(super) use outcomes::AnswersV1;
pub(super) use rows::{
    AccountV1, AggregateV1, ChangeV1, ContestV1, EpochV1, EventV1, LedgerV1, NeighbourhoodV1,
    QueuedRequestV1, RegionV1, RequestRecordV1, SessionV1, StationV1, TallyV1,
};

use tally::account::{Role, Scope};
use tally::audit::Sighting;
use tally::calendar::Day;
use tally::complaint::{ComplaintKind, ComplaintVerdict};
use tally::epoch::EpochCause;
use tally::form::Field;
use tally::ids::{
    AccountId, AttachmentId, ContestId, Fingerprint, FormDigest, LogTime, NodeId, RequestKey, SessionId,
};
use tally::region::{Level, RegionCode, StationCode};
use tally::rules::{RuleId, RuleSet, Severity};
use tally::station::{CountKind, EventKind, StationKind, TallyState};

use super::frame::{
    CodecError, Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Stored, no_variant, put_number,
};

/// A stored record, the value it stands for, and both ways between them.
macro_rules! record {
    ($(#[$doc:meta])* $stored:ident for $value:path { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub(in crate::codec) struct $stored { $($field: $kind),* }

        impl Encode for $stored {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                $(Encode::encode(&self.$field, encoder)?;)*
                Ok(())
            }
        }

        impl<Context> Decode<Context> for $stored {
            fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
                Ok(Self { $($field: Decode::decode(decoder)?),* })
            }
        }

        impl Stored<$value> for $stored {
            fn of(value: &$value) -> Self {
                Self { $($field: Stored::of(&value.$field)),* }
            }

            fn restore(self) -> Result<$value, CodecError> {
                use $value as Value;
                Ok(Value { $($field: Stored::restore(self.$field)?),* })
            }
        }
    };
}

/// A stored choice: the numbers of its variants are written by hand and never used again.
macro_rules! choice {
    ($(#[$doc:meta])* $stored:ident for $value:path {
        $($number:literal => $variant:ident
            $({ $($field:ident: $kind:ty),* $(,)? })?
            $(( $inner:ident: $inner_kind:ty ))?
        ),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub(in crate::codec) enum $stored {
            $($variant $({ $($field: $kind),* })? $(($inner_kind))?),*
        }

        impl Encode for $stored {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                match self {
                    $(Self::$variant $({ $($field),* })? $(($inner))? => {
                        put_number($number, encoder)?;
                        $($(Encode::encode($field, encoder)?;)*)?
                        $(Encode::encode($inner, encoder)?;)?
                    })*
                }
                Ok(())
            }
        }

        impl<Context> Decode<Context> for $stored {
            fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
                let number: u8 = Decode::decode(decoder)?;
                match number {
                    $($number => {
                        $($(let $field: $kind = Decode::decode(decoder)?;)*)?
                        $(let $inner: $inner_kind = Decode::decode(decoder)?;)?
                        Ok(Self::$variant $({ $($field),* })? $(($inner))?)
                    })*
                    _ => Err(no_variant(stringify!($stored))),
                }
            }
        }

        impl Stored<$value> for $stored {
            fn of(value: &$value) -> Self {
                use $value as Value;
                match value {
                    $(Value::$variant $({ $($field),* })? $(($inner))? => {
                        Self::$variant $({ $($field: Stored::of($field)),* })? $((Stored::of($inner)))?
                    })*
                }
            }

            fn restore(self) -> Result<$value, CodecError> {
                use $value as Value;
                Ok(match self {
                    $(Self::$variant $({ $($field),* })? $(($inner))? => {
                        Value::$variant
                            $({ $($field: Stored::restore($field)?),* })?
                            $((Stored::restore($inner)?))?
                    })*
                })
            }
        }
    };
}

pub(in crate::codec) use {choice, record};

/// Values that are stored as they are.
macro_rules! plain {
    ($($kind:ty),* $(,)?) => {$(
        impl Stored<$kind> for $kind {
            fn of(value: &$kind) -> Self {
                value.clone()
            }

            fn restore(self) -> Result<$kind, CodecError> {
                Ok(self)
            }
        }
    )*};
}

/// Names for numbers and bytes.
macro_rules! wrapped {
    ($($value:ident($kind:ty)),* $(,)?) => {$(
        impl Stored<$value> for $kind {
            fn of(value: &$value) -> Self {
                value.0
            }

            fn restore(self) -> Result<$value, CodecError> {
                Ok($value(self))
            }
        }
    )*};
}

/// Choices whose numbers the vocabulary itself froze.
macro_rules! numbered {
    ($($value:ident),* $(,)?) => {$(
        impl Stored<$value> for u8 {
            fn of(value: &$value) -> Self {
                value.number()
            }

            fn restore(self) -> Result<$value, CodecError> {
                $value::from_number(self).ok_or(CodecError::Value(stringify!($value)))
            }
        }
    )*};
}

plain!(bool, u8, u16, u32, u64, u128, String, [u8; 16], [u8; 32], [u64; crate::machine::BUCKETS]);
wrapped!(AccountId(u64), NodeId(u64), LogTime(u64), RuleSet(u64), Field(u16), Day(u32));
wrapped!(SessionId([u8; 16]), RequestKey([u8; 16]), Fingerprint([u8; 16]));
wrapped!(FormDigest([u8; 32]), AttachmentId([u8; 32]));
numbered!(Level, Role, Severity, StationKind, TallyState, EventKind, CountKind, EpochCause, Sighting);
numbered!(ComplaintKind, ComplaintVerdict);

impl<T, S: Stored<T>> Stored<Option<T>> for Option<S> {
    fn of(value: &Option<T>) -> Self {
        value.as_ref().map(S::of)
    }

    fn restore(self) -> Result<Option<T>, CodecError> {
        self.map(S::restore).transpose()
    }
}

impl<T, S: Stored<T>> Stored<Vec<T>> for Vec<S> {
    fn of(value: &Vec<T>) -> Self {
        value.iter().map(S::of).collect()
    }

    fn restore(self) -> Result<Vec<T>, CodecError> {
        self.into_iter().map(S::restore).collect()
    }
}

impl Stored<RuleId> for u8 {
    fn of(value: &RuleId) -> Self {
        value.number()
    }

    fn restore(self) -> Result<RuleId, CodecError> {
        RuleId::new(self).ok_or(CodecError::Value("RuleId"))
    }
}

impl Stored<StationCode> for u64 {
    fn of(value: &StationCode) -> Self {
        value.number()
    }

    fn restore(self) -> Result<StationCode, CodecError> {
        StationCode::new(self).ok_or(CodecError::Value("StationCode"))
    }
}

impl Stored<ContestId> for String {
    fn of(value: &ContestId) -> Self {
        value.as_str().to_owned()
    }

    fn restore(self) -> Result<ContestId, CodecError> {
        ContestId::parse(&self).ok_or(CodecError::Value("ContestId"))
    }
}

/// A region: its level's number and its own.
type RegionCodeV1 = (u8, u64);

impl Stored<RegionCode> for RegionCodeV1 {
    fn of(value: &RegionCode) -> Self {
        (value.level().number(), value.number())
    }

    fn restore(self) -> Result<RegionCode, CodecError> {
        let level: Level = self.0.restore()?;
        RegionCode::new(level, self.1).ok_or(CodecError::Value("RegionCode"))
    }
}

choice! {
    /// See [`Scope`].
    ScopeV1 for Scope {
        1 => Region(region: RegionCodeV1),
        2 => Station(station: u64),
    }
}
