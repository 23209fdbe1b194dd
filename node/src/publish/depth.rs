//! How far down the tree of regions is published.
//!
//! Invariant: a page is published only with all pages above it.

use serde::{Deserialize, Serialize};
use tally::region::Level;

/// The lowest pages that are published.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// The nation alone.
    Nation,
    /// Provinces.
    Province,
    /// Kabupaten and kota.
    Regency,
    /// Kecamatan.
    District,
    /// Kelurahan and desa, whose pages list their stations.
    Village,
    /// The form of each station.
    Station,
}

impl Depth {
    /// All of them, from the top.
    const ALL: [Self; 6] =
        [Self::Nation, Self::Province, Self::Regency, Self::District, Self::Village, Self::Station];

    /// The name in the command line and in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Nation | Self::Province | Self::Regency | Self::District | Self::Village => {
                self.level().name()
            }
        }
    }

    /// Reads a name; what may be written where it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|depth| depth.name() == text).ok_or_else(known)
    }

    /// The lowest regions whose pages are published.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Nation => Level::Nation,
            Self::Province => Level::Province,
            Self::Regency => Level::Regency,
            Self::District => Level::District,
            Self::Village | Self::Station => Level::Village,
        }
    }

    /// Whether the pages of stations are published.
    #[must_use]
    pub const fn stations(self) -> bool {
        match self {
            Self::Station => true,
            Self::Nation | Self::Province | Self::Regency | Self::District | Self::Village => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for depth in Depth::ALL {
            assert_eq!(Depth::parse(depth.name()), Ok(depth));
            assert_eq!(serde_json::to_value(depth).expect("JSON"), depth.name());
        }
        assert!(Depth::parse("Nation").is_err());
    }
}
