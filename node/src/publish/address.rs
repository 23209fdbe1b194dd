//! Paths of the public site, and the file that each has below the directory of a version.
//!
//! Invariant: two paths never share a file, and no file of one is a folder of another: the names of files have a dot,
//! those of folders have none. No path leads out of the directory, whatever a server says: what is not made of small
//! letters, digits, `-` and single dots inside of the last name is no path at all.

use std::fmt;

use tally::ids::ContestId;
use tally::region::{RegionCode, StationCode};

/// Longest path, in bytes: the longest of Sirekap's, with the longest contest, is half of it.
const PATH_BYTES_MAX: usize = 160;
/// What a folder's page and its data are called.
const HTML_FILE: &str = "index.html";
const JSON_FILE: &str = "index.json";
/// Names that publishing gives by itself, which no path may have.
const OWN_NAMES: [&str; 3] = [HTML_FILE, JSON_FILE, super::manifest::FILE];

/// What kind of bytes a path has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Media {
    /// A page for people.
    Html,
    /// The same for programs.
    Json,
    /// A style sheet.
    Style,
    /// A script.
    Script,
    /// A drawing.
    Picture,
}

impl Media {
    /// The media type (RFC 9110, section 8.3), as a server of files is to send it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Style => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Picture => "image/svg+xml",
        }
    }

    /// Whether a server that says this media type sends what is meant: parameters aside.
    #[must_use]
    pub fn is_said_by(self, content_type: &str) -> bool {
        let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence(content_type) == essence(self.name())
    }
}

/// A path of the public site that is published as a file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SitePath {
    text: String,
    media: Media,
}

impl fmt::Display for SitePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Whether a part of a path may be the name of a folder or, as the last, of a file.
fn allowed(part: &str, last: bool) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let dots = part.contains('.');
    !part.is_empty()
        && part.bytes().all(|byte| plain(byte) || byte == b'.')
        && !part.starts_with('.')
        && !part.ends_with('.')
        && !part.contains("..")
        && (last || !dots)
}

impl SitePath {
    /// Reads a path without a query; `None` for everything that cannot be a file of its own.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        if text.len() > PATH_BYTES_MAX {
            return None;
        }
        if rest.is_empty() {
            return Some(Self { text: text.to_owned(), media: Media::Html });
        }
        let (above, name) = rest.rsplit_once('/').map_or((None, rest), |(above, name)| (Some(above), name));
        let folders = above.is_none_or(|above| above.split('/').all(|part| allowed(part, false)));
        if !folders || !allowed(name, true) || OWN_NAMES.contains(&name) {
            return None;
        }
        let media = match name.rsplit_once('.').map(|(_, ending)| ending) {
            None if text.starts_with("/api/v1/") => Media::Json,
            None | Some("html") => Media::Html,
            Some("json") => Media::Json,
            Some("css") => Media::Style,
            Some("js") => Media::Script,
            Some("svg") => Media::Picture,
            Some(_) => return None,
        };
        Some(Self { text: text.to_owned(), media })
    }

    /// A path that is made of codes, which hold nothing but letters, digits and `-`.
    fn of(text: String, media: Media) -> Self {
        Self { text, media }
    }

    /// The first page.
    #[must_use]
    pub fn home() -> Self {
        Self::of("/".to_owned(), Media::Html)
    }

    /// The page of a region.
    #[must_use]
    pub fn page(contest: ContestId, region: RegionCode) -> Self {
        Self::of(format!("/{contest}/{region}"), Media::Html)
    }

    /// The results of a region for programs.
    #[must_use]
    pub fn results(contest: ContestId, region: RegionCode) -> Self {
        Self::of(format!("/api/v1/results/{contest}/{region}"), Media::Json)
    }

    /// The forms of a region that deserve a look.
    #[must_use]
    pub fn anomalies(contest: ContestId, region: RegionCode) -> Self {
        Self::of(format!("/janggal/{contest}/{region}"), Media::Html)
    }

    /// A region of the register.
    #[must_use]
    pub fn region(region: RegionCode) -> Self {
        Self::of(format!("/api/v1/regions/{region}"), Media::Json)
    }

    /// The page of a station in the first contest that it holds.
    #[must_use]
    pub fn station_page(station: StationCode) -> Self {
        Self::of(format!("/tps/{station}"), Media::Html)
    }

    /// The page of a form.
    #[must_use]
    pub fn form_page(station: StationCode, contest: ContestId) -> Self {
        Self::of(format!("/tps/{station}/{contest}"), Media::Html)
    }

    /// A station of the register.
    #[must_use]
    pub fn station(station: StationCode) -> Self {
        Self::of(format!("/api/v1/stations/{station}"), Media::Json)
    }

    /// A form for programs.
    #[must_use]
    pub fn form(station: StationCode, contest: ContestId) -> Self {
        Self::of(format!("/api/v1/stations/{station}/{contest}"), Media::Json)
    }

    /// Sirekap's file of the sums of a region.
    #[must_use]
    pub fn sirekap_sums(contest: ContestId, region: RegionCode) -> Self {
        let below = steps(region).map(|steps| format!("/{steps}")).unwrap_or_default();
        Self::of(format!("/pemilu/hhcw/{contest}{below}.json"), Media::Json)
    }

    /// Sirekap's file of what lies below a region.
    #[must_use]
    pub fn sirekap_regions(contest: ContestId, region: RegionCode) -> Self {
        let below = steps(region).unwrap_or_else(|| region.to_string());
        Self::of(format!("/wilayah/pemilu/{contest}/{below}.json"), Media::Json)
    }

    /// Sirekap's file of a form.
    #[must_use]
    pub fn sirekap_form(contest: ContestId, station: StationCode) -> Self {
        let below = steps(station.village()).unwrap_or_default();
        Self::of(format!("/pemilu/hhcw/{contest}/{below}/{station}.json"), Media::Json)
    }

    /// Sirekap's file of who stands.
    #[must_use]
    pub fn sirekap_options(contest: ContestId) -> Self {
        Self::of(format!("/pemilu/{contest}.json"), Media::Json)
    }

    /// The path as it stands in an address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of bytes it has.
    #[must_use]
    pub const fn media(&self) -> Media {
        self.media
    }

    /// Its file, from the directory of a version, with forward slashes.
    #[must_use]
    pub fn file(&self) -> String {
        let rest = self.text.trim_start_matches('/');
        let own = if self.media == Media::Json { JSON_FILE } else { HTML_FILE };
        let name = rest.rsplit('/').next().unwrap_or_default();
        match (rest.is_empty(), name.contains('.')) {
            (true, _) => own.to_owned(),
            (false, true) => rest.to_owned(),
            (false, false) => format!("{rest}/{own}"),
        }
    }
}

/// The codes from the province down to a region; `None` for the nation.
fn steps(region: RegionCode) -> Option<String> {
    let mut codes: Vec<String> =
        region.ancestry().filter(|code| *code != RegionCode::NATION).map(|code| code.to_string()).collect();
    codes.reverse();
    (!codes.is_empty()).then(|| codes.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_one_file() {
        for (path, file) in [
            ("/", "index.html"),
            ("/ppwp/31", "ppwp/31/index.html"),
            ("/tps/3175091001087", "tps/3175091001087/index.html"),
            ("/tps/3175091001087/ppwp", "tps/3175091001087/ppwp/index.html"),
            ("/api/v1/results/ppwp/0", "api/v1/results/ppwp/0/index.json"),
            ("/api/v1/stations/3175091001087/ppwp", "api/v1/stations/3175091001087/ppwp/index.json"),
            ("/aset/rakit.css", "aset/rakit.css"),
            ("/openapi.json", "openapi.json"),
            ("/404.html", "404.html"),
            ("/pemilu/hhcw/ppwp.json", "pemilu/hhcw/ppwp.json"),
            ("/pemilu/hhcw/ppwp/31/3175.json", "pemilu/hhcw/ppwp/31/3175.json"),
        ] {
            assert_eq!(SitePath::parse(path).map(|path| path.file()).as_deref(), Some(file), "{path}");
        }
    }

    #[test]
    fn no_path_leads_out_or_into_what_is_ours() {
        for path in [
            "",
            "ppwp/31",
            "//",
            "/ppwp/",
            "/../etc/passwd",
            "/ppwp/../../x",
            "/ppwp/..",
            "/ppwp/.",
            "/.lock",
            "/a..json",
            "/ppwp/%2e%2e/x",
            "/ppwp/31%00",
            "/ppwp\\31",
            "/ppwp/31?x",
            "/PPWP/31",
            "/ppwp.json/31",
            "/manifest.json",
            "/ppwp/31/index.html",
            "/api/v1/contests/index.json",
            "/ppwp/31.gz",
            "/aset/rakit.css.br",
            "/ppwp/\u{661}",
        ] {
            assert_eq!(SitePath::parse(path), None, "{path}");
        }
        assert_eq!(SitePath::parse(&format!("/{}", "a".repeat(PATH_BYTES_MAX))), None);
    }

    #[test]
    fn what_is_made_of_codes_is_what_is_read() {
        let contest = ContestId::parse("ppwp").expect("a contest");
        let region = |code| RegionCode::parse(code).expect("a region");
        let station = StationCode::parse("3175091001087").expect("a station");
        for path in [
            SitePath::page(contest, region("0")),
            SitePath::results(contest, region("317509")),
            SitePath::anomalies(contest, region("31")),
            SitePath::region(region("3175")),
            SitePath::station_page(station),
            SitePath::form_page(station, contest),
            SitePath::station(station),
            SitePath::form(station, contest),
            SitePath::sirekap_sums(contest, region("0")),
            SitePath::sirekap_sums(contest, region("3175091001")),
            SitePath::sirekap_regions(contest, region("0")),
            SitePath::sirekap_regions(contest, region("3175")),
            SitePath::sirekap_form(contest, station),
            SitePath::sirekap_options(contest),
        ] {
            assert_eq!(SitePath::parse(path.as_str()), Some(path.clone()), "{path}");
        }
        let sums = SitePath::sirekap_sums(contest, region("3175"));
        assert_eq!(sums.as_str(), "/pemilu/hhcw/ppwp/31/3175.json");
        assert_eq!(SitePath::sirekap_regions(contest, region("0")).as_str(), "/wilayah/pemilu/ppwp/0.json");
    }
}
