//! Which page a path names.
//!
//! Invariant: a path has at most one page and a page exactly one canonical path; what is malformed has none.

use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};

/// A page about the state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// `/`: the first contest as a whole.
    Home,
    /// `/{contest}/{region}`.
    Region(ContestId, RegionCode),
    /// `/tps/{station}`: the form of the station in the first contest it holds.
    Station(StationCode),
    /// `/tps/{station}/{contest}`.
    Form(StationCode, ContestId),
    /// `/janggal/{contest}/{region}`: the first page of the forms that deserve a look.
    Anomalies(ContestId, RegionCode),
    /// `/tentang`.
    About,
}

impl Target {
    /// The page at a path; `None` for paths that are no page about the state.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        if rest.is_empty() {
            return Some(Self::Home);
        }
        if rest == "tentang" {
            return Some(Self::About);
        }
        let mut parts = rest.split('/');
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
        if parts.next().is_some() {
            return None;
        }
        match (first, third) {
            ("tps", None) => StationCode::parse(second).map(Self::Station),
            ("tps", Some(contest)) => {
                Some(Self::Form(StationCode::parse(second)?, ContestId::parse(contest)?))
            }
            ("janggal", Some(region)) => {
                Some(Self::Anomalies(ContestId::parse(second)?, RegionCode::parse(region)?))
            }
            (contest, None) => Some(Self::Region(ContestId::parse(contest)?, RegionCode::parse(second)?)),
            (_, Some(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_pages() {
        let contest = ContestId::parse("ppwp").unwrap();
        let region = RegionCode::parse("3175").unwrap();
        let station = StationCode::parse("3175091001087").unwrap();
        assert_eq!(Target::parse("/"), Some(Target::Home));
        assert_eq!(Target::parse("/ppwp/3175"), Some(Target::Region(contest, region)));
        assert_eq!(Target::parse("/tps/3175091001087"), Some(Target::Station(station)));
        assert_eq!(Target::parse("/tps/3175091001087/ppwp"), Some(Target::Form(station, contest)));
        assert_eq!(Target::parse("/janggal/ppwp/3175"), Some(Target::Anomalies(contest, region)));
        assert_eq!(Target::parse("/tentang"), Some(Target::About));
    }

    #[test]
    fn malformed_paths_name_none() {
        let paths = [
            "",
            "ppwp/0",
            "/ppwp",
            "/ppwp/",
            "/ppwp/317",
            "/ppwp/31/",
            "/PPWP/31",
            "/tps/1",
            "/tps/3175091001087/ppwp/x",
            "/janggal/ppwp/317",
            "/tentang/",
            "/ppwp/31/x",
            "//0",
            "/ppwp/%30",
        ];
        for path in paths {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }
}
