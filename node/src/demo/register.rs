//! The shipped register: the regions of Indonesia, the cities abroad, and how many stations each has.
//!
//! Invariant: 820,161 stations at home and 3,205 abroad (`99`). The regions come from `idn-area-data`, the
//! stations per regency and per city abroad are facts; which village has how many follows one rule: a regency's
//! stations are spread evenly over its villages in the order of their codes (`docs/demo.md`).

use std::io::Read as _;

use tally::region::{Level, RegionCode, StationCode};
use tally::station::StationKind;

use super::spread::share;

const REGIONS: [&[u8]; 2] =
    [include_bytes!("../../assets/regions-west.txt.gz"), include_bytes!("../../assets/regions-east.txt.gz")];
const STATIONS_PER_REGENCY: &str = include_str!("../../assets/stations-per-regency.csv");
const STATIONS_ABROAD: &str = include_str!("../../assets/stations-abroad.csv");
/// Province code of everything abroad.
pub(super) const ABROAD: u64 = 99;
/// Number of the first station at a special location.
const SPECIAL_FIRST: u64 = 901;

/// A region with its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct NamedRegion {
    /// Its code.
    pub(super) code: RegionCode,
    /// Its name as the source writes it.
    pub(super) name: String,
}

/// A village and its stations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Village {
    code: RegionCode,
    /// Kind of its ordinary stations.
    kind: StationKind,
    ordinary: u64,
    special: u64,
    /// Stations of the province in the villages before this one.
    before: u64,
}

/// A station of the register.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    /// Its code.
    pub(super) code: StationCode,
    /// What kind of place it is.
    pub(super) kind: StationKind,
}

/// A province and its stations.
#[derive(Clone, Debug)]
pub(super) struct Province {
    /// Its two digits.
    pub(super) code: u64,
    /// How many stations it has.
    pub(super) stations: u64,
    villages: Vec<Village>,
}

impl Province {
    /// A station by its place in the province, in the order of codes; `None` beyond the last.
    pub(super) fn station(&self, place: u64) -> Option<Place> {
        let after = self.villages.partition_point(|village| village.before <= place);
        let village = self.villages.get(after.checked_sub(1)?)?;
        let within = place.checked_sub(village.before)?;
        let (number, kind) = match within.checked_sub(village.ordinary) {
            None => (within.saturating_add(1), village.kind),
            Some(special) if special < village.special => {
                (special.saturating_add(SPECIAL_FIRST), StationKind::Special)
            }
            Some(_) => return None,
        };
        let code = village.code.number().checked_mul(1000)?.checked_add(number)?;
        Some(Place { code: StationCode::new(code)?, kind })
    }

    fn push(&mut self, mut village: Village) {
        village.before = self.stations;
        self.stations = self.stations.saturating_add(village.ordinary).saturating_add(village.special);
        if village.ordinary > 0 || village.special > 0 {
            self.villages.push(village);
        }
    }
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Register {
    /// Every region below the nation, parents before children.
    pub(super) regions: Vec<NamedRegion>,
    /// Provinces in the order of their codes, `99` last.
    pub(super) provinces: Vec<Province>,
}

/// A shipped file that is not what this build expects; only a broken build can show it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("berkas bawaan {file} rusak: {what}")]
pub(super) struct BrokenAsset {
    /// Which file.
    pub(super) file: &'static str,
    /// The line or the reason.
    pub(super) what: String,
}

impl Register {
    /// Unpacks the shipped files.
    pub(super) fn shipped() -> Result<Self, BrokenAsset> {
        let mut regions = Vec::new();
        for packed in REGIONS {
            read_tree(&unpack(packed)?, &mut regions)?;
        }
        let mut provinces = home(&regions)?;
        provinces.push(abroad(&mut regions)?);
        // Level before number: parents come first.
        regions.sort_by_key(|region| region.code);
        Ok(Self { regions, provinces })
    }

    /// All stations.
    pub(super) fn stations(&self) -> u64 {
        self.provinces.iter().fold(0, |sum, province| sum.saturating_add(province.stations))
    }
}

fn unpack(packed: &[u8]) -> Result<String, BrokenAsset> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .map_err(|error| BrokenAsset { file: "regions", what: error.to_string() })?;
    Ok(text)
}

/// Reads a tree: `@` province, `=` regency and `-` district with their own two digits, a village with its four
/// or, when it follows the one before, with none.
fn read_tree(text: &str, regions: &mut Vec<NamedRegion>) -> Result<(), BrokenAsset> {
    let mut above = [0_u64; 3];
    let mut village = 0_u64;
    for line in text.lines() {
        let broken = || BrokenAsset { file: "regions", what: line.to_owned() };
        let (mark, name) = line.split_once(' ').ok_or_else(broken)?;
        let own = |digits: &str| digits.parse::<u64>().map_err(|_| broken());
        let [province, regency, district] = above;
        let (level, number) = if let Some(digits) = mark.strip_prefix('@') {
            above = [own(digits)?, 0, 0];
            (Level::Province, own(digits)?)
        } else if let Some(digits) = mark.strip_prefix('=') {
            let number = below(province, 100, own(digits)?);
            above = [province, number, 0];
            (Level::Regency, number)
        } else if let Some(digits) = mark.strip_prefix('-') {
            let number = below(regency, 100, own(digits)?);
            above = [province, regency, number];
            (Level::District, number)
        } else {
            village = if mark.is_empty() { village.saturating_add(1) } else { own(mark)? };
            (Level::Village, below(district, 10_000, village))
        };
        let code = RegionCode::new(level, number).ok_or_else(broken)?;
        regions.push(NamedRegion { code, name: name.to_owned() });
    }
    Ok(())
}

fn below(parent: u64, fan: u64, own: u64) -> u64 {
    parent.saturating_mul(fan).saturating_add(own)
}

/// The provinces at home: each regency's stations spread over its villages.
fn home(regions: &[NamedRegion]) -> Result<Vec<Province>, BrokenAsset> {
    let mut villages: Vec<u64> = regions
        .iter()
        .filter(|region| region.code.level() == Level::Village)
        .map(|region| region.code.number())
        .collect();
    villages.sort_unstable();
    let mut provinces: Vec<Province> = Vec::new();
    for line in STATIONS_PER_REGENCY.lines().skip(1) {
        let broken = || BrokenAsset { file: "stations-per-regency.csv", what: line.to_owned() };
        let mut cells = line.split(',').map(|cell| cell.parse::<u64>().map_err(|_| broken()));
        let mut cell = || cells.next().unwrap_or_else(|| Err(broken()));
        let (regency, stations, special) = (cell()?, cell()?, cell()?);
        let ordinary = stations.checked_sub(special).ok_or_else(broken)?;
        let first = villages.partition_point(|village| village / 1_000_000 < regency);
        let end = villages.partition_point(|village| village / 1_000_000 <= regency);
        let own = villages.get(first..end).unwrap_or_default();
        let count = u64::try_from(own.len()).unwrap_or(0);
        if count == 0 {
            return Err(broken());
        }
        let code = regency / 100;
        if provinces.last().is_none_or(|province| province.code != code) {
            provinces.push(Province { code, stations: 0, villages: Vec::new() });
        }
        let province = provinces.last_mut().ok_or_else(broken)?;
        for (place, village) in (0_u64..).zip(own) {
            let part = |total| {
                share(total, place.saturating_add(1), count).saturating_sub(share(total, place, count))
            };
            province.push(Village {
                code: RegionCode::new(Level::Village, *village).ok_or_else(broken)?,
                kind: StationKind::Home,
                ordinary: part(ordinary),
                special: part(special),
                before: 0,
            });
        }
    }
    Ok(provinces)
}

/// The stations abroad: country, city, and a "village" for each kind of station in the city.
fn abroad(regions: &mut Vec<NamedRegion>) -> Result<Province, BrokenAsset> {
    let mut province = Province { code: ABROAD, stations: 0, villages: Vec::new() };
    regions.push(NamedRegion {
        code: RegionCode::new(Level::Province, ABROAD).unwrap_or(RegionCode::NATION),
        name: "LUAR NEGERI".to_owned(),
    });
    let mut city = "";
    for line in STATIONS_ABROAD.lines().skip(1) {
        let broken = || BrokenAsset { file: "stations-abroad.csv", what: line.to_owned() };
        let mut cells = line.split(',');
        let mut cell = || cells.next().ok_or_else(broken);
        let (code, name, stations) = (cell()?, cell()?, cell()?);
        let code = RegionCode::parse(code).ok_or_else(broken)?;
        if stations.is_empty() {
            if code.level() == Level::District {
                city = name;
            }
            regions.push(NamedRegion { code, name: name.to_owned() });
            continue;
        }
        let kind = StationKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(broken)?;
        regions.push(NamedRegion { code, name: format!("{} {city}", name.to_uppercase()) });
        let ordinary = stations.parse().map_err(|_| broken())?;
        province.push(Village { code, kind, ordinary, special: 0, before: 0 });
    }
    Ok(province)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_has_every_region_and_station() {
        let register = Register::shipped().unwrap();
        let of = |level| register.regions.iter().filter(|region| region.code.level() == level).count();
        assert_eq!(of(Level::Province), 38 + 1);
        assert_eq!(of(Level::Regency), 514 + 96);
        assert_eq!(of(Level::District), 7_277 + 128);
        assert_eq!(of(Level::Village), 83_763 + 304);
        let (home, abroad): (Vec<&Province>, Vec<&Province>) =
            register.provinces.iter().partition(|province| province.code != ABROAD);
        assert_eq!(home.iter().map(|province| province.stations).sum::<u64>(), 820_161);
        assert_eq!(abroad.iter().map(|province| province.stations).sum::<u64>(), 3_205);
        assert_eq!(home.len(), 38);
    }

    #[test]
    fn parents_come_first_and_names_are_there() {
        let register = Register::shipped().unwrap();
        let mut seen = std::collections::BTreeSet::from([RegionCode::NATION]);
        for region in &register.regions {
            assert!(seen.contains(&region.code.parent().unwrap()), "{}", region.code);
            assert!(seen.insert(region.code), "{} twice", region.code);
            assert!(!region.name.trim().is_empty(), "{}", region.code);
        }
        let name = |code: &str| {
            let code = RegionCode::parse(code).unwrap();
            register.regions.iter().find(|region| region.code == code).unwrap().name.clone()
        };
        assert_eq!(name("1101012001"), "Keude Bakongan");
        assert_eq!(name("1101012002"), "Ujong Mangki");
        assert_eq!(name("9905060002"), "KSK KRI TAWAU");
    }

    #[test]
    fn stations_have_their_own_codes_in_order() {
        let register = Register::shipped().unwrap();
        let villages: std::collections::BTreeSet<RegionCode> =
            register.regions.iter().map(|region| region.code).collect();
        let mut special = 0_u64;
        let mut last = None;
        for province in &register.provinces {
            for place in 0..province.stations {
                let station = province.station(place).unwrap();
                assert!(villages.contains(&station.code.village()));
                assert_eq!(station.code.number() / 100_000_000_000, province.code);
                assert!(last < Some(station.code), "{}", station.code);
                assert_eq!(station.kind == StationKind::Special, station.code.station_number() > 900);
                assert_eq!(
                    station.code.abroad(),
                    !matches!(station.kind, StationKind::Home | StationKind::Special)
                );
                special += u64::from(station.kind == StationKind::Special);
                last = Some(station.code);
            }
            assert_eq!(province.station(province.stations), None);
        }
        assert_eq!(special, 1_822);
    }
}
