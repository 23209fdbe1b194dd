//! Stations abroad that the register of 2024 lacks: province `99` and what lies below it.
//!
//! Invariant: only codes that the file to import names are defined. Names and kinds come from a register of stations
//! abroad where one is given; else a region bears its code and a station is a `tpsln`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use api::dto::master::{RegionEntry, RegionsBody, StationEntry};
use tally::region::{Level, RegionCode, StationCode};
use tally::station::StationKind;

use super::regions::{cut_regions, cut_stations};
use super::table::{Table, cell};
use crate::failure::Failure;

/// Names and kinds from a register with the columns of `tps_luar_negeri_2024.csv`.
#[derive(Debug, Default)]
pub struct Register {
    names: BTreeMap<RegionCode, String>,
    kinds: BTreeMap<StationCode, StationKind>,
}

impl Register {
    /// Reads the register. Rows whose codes are none of stations are left out.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let mut table = Table::open(path)?;
        let [country_code, country, city_code, city, village, kind, number] = [
            table.column("kode_negara")?,
            table.column("negara")?,
            table.column("kode_kota")?,
            table.column("kota")?,
            table.column("kode_tps")?,
            table.column("tps/pos/ksk")?,
            table.column("no_tps")?,
        ];
        let mut register = Self::default();
        let mut record = csv::StringRecord::new();
        while table.read(&mut record)? {
            for (code, name) in [(country_code, country), (city_code, city)] {
                if let Some(code) = RegionCode::parse(cell(&record, code)) {
                    register.names.insert(code, cell(&record, name).to_owned());
                }
            }
            let code = format!("{}{:0>3}", cell(&record, village), cell(&record, number));
            let kind = match cell(&record, kind) {
                "KSK" => StationKind::Ksk,
                "POS" => StationKind::Pos,
                _ => StationKind::Tpsln,
            };
            if let Some(code) = StationCode::parse(&code) {
                register.kinds.insert(code, kind);
            }
        }
        Ok(register)
    }

    fn name(&self, code: RegionCode) -> String {
        if code.level() == Level::Province {
            return "LUAR NEGERI".to_owned();
        }
        let own = self.names.get(&code).filter(|name| !name.is_empty());
        own.cloned().unwrap_or_else(|| format!("LN {code}"))
    }
}

/// The calls that define these stations and all that lies above them.
#[must_use]
pub fn definitions(stations: &BTreeSet<StationCode>, register: &Register) -> Vec<RegionsBody> {
    let above = stations.iter().flat_map(|station| station.village().ancestry());
    let regions: BTreeSet<RegionCode> = above.filter(|region| region.level() != Level::Nation).collect();
    // A code orders by level first: parents go before children.
    let regions: Vec<RegionEntry> = regions
        .into_iter()
        .map(|code| RegionEntry { code: code.to_string(), name: register.name(code) })
        .collect();
    let stations = stations.iter().map(|code| StationEntry {
        code: code.to_string(),
        kind: register.kinds.get(code).copied().unwrap_or(StationKind::Tpsln).name().to_owned(),
        name: None,
        registered: None,
    });
    let mut bodies = cut_regions(&regions);
    bodies.extend(cut_stations(&stations.collect::<Vec<StationEntry>>()));
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_above_a_station_abroad_is_defined_before_it() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("ln.csv");
        let content = "kode_negara,negara,kode_kota,kota,kode_tps,tps/pos/ksk,no_tps\n\
                       9949,MALAYSIA,994901,KUALA LUMPUR,9949010001,POS,007\n";
        crate::durable::write(&path, content.as_bytes(), crate::durable::Access::Owner).expect("writes");
        let register = Register::read(&path).expect("reads");
        let codes = ["9949010001007", "9949010002001"];
        let stations = codes.iter().filter_map(|code| StationCode::parse(code)).collect();
        let bodies = definitions(&stations, &register);
        let [regions, stations] = bodies.as_slice() else { panic!("{bodies:?}") };
        let named: Vec<(&str, &str)> =
            regions.regions.iter().map(|region| (region.code.as_str(), region.name.as_str())).collect();
        assert_eq!(
            named,
            [
                ("99", "LUAR NEGERI"),
                ("9949", "MALAYSIA"),
                ("994901", "KUALA LUMPUR"),
                ("9949010001", "LN 9949010001"),
                ("9949010002", "LN 9949010002"),
            ]
        );
        let kinds: Vec<&str> = stations.stations.iter().map(|station| station.kind.as_str()).collect();
        assert_eq!(kinds, ["pos", "tpsln"]);
    }
}
