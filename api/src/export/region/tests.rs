//! Files of a small country: what is in them adds up to what its pages say.

use std::io::Read as _;
use std::sync::Arc;

use serde_json::Value;
use tally::region::RegionCode;

use super::{Format, Order, Pieces, Source};
use crate::dto::results;
use crate::ports::Queries as _;
use crate::web::fixture::{Country, form, ppwp, station};

fn country() -> Arc<Country> {
    let country = Country::new();
    country.report(station("1101011001001"), form([90, 41, 7]));
    country.report(station("5101011002003"), form([10, 20, 30]));
    country
}

fn file(country: &Country, region: &str, format: Format, packed: bool) -> Vec<u8> {
    let (contest, region) = (ppwp(), RegionCode::parse(region).unwrap());
    let view = country.local().unwrap();
    let known = view.contest(&contest).unwrap().unwrap();
    let page = results::read(&*view, &known, region).unwrap().unwrap();
    let order = Order { contest, region, format, packed };
    let mut pieces = Pieces::of(Source { view, contest: known, page, region }, order).unwrap();
    let mut bytes = Vec::new();
    loop {
        let (piece, last) = pieces.next().unwrap();
        bytes.extend(piece);
        if last {
            return bytes;
        }
    }
}

#[test]
fn names_of_files_are_read_strictly() {
    let region = RegionCode::parse("3175").unwrap();
    for (name, format) in [
        ("3175.csv", Format::Csv),
        ("3175.xlsx", Format::Xlsx),
        ("3175.pdf", Format::Pdf),
        ("3175.json", Format::Json),
        ("3175.cdf.json", Format::Cdf),
    ] {
        assert_eq!(Format::parse(name), Some((region, format)), "{name}");
    }
    for name in ["3175", "3175.", "3175.CSV", "317.csv", ".csv", "3175.csv.json", "3175.cdf"] {
        assert_eq!(Format::parse(name), None, "{name}");
    }
}

#[test]
fn a_comma_file_has_a_row_for_every_station_and_adds_up() {
    let country = country();
    let bytes = file(&country, "0", Format::Csv, false);
    assert!(bytes.windows(2).any(|pair| pair == b"\r\n"));
    let mut reader = csv::Reader::from_reader(&*bytes);
    let head = reader.headers().unwrap().clone();
    let names: Vec<&str> = head.iter().collect();
    assert_eq!(
        names[..8],
        ["station", "nation", "province", "regency", "district", "village", "state", "revision"]
    );
    let column = |name: &str| names.iter().position(|other| *other == name).unwrap();
    let (votes, total, male) = (column("votes.100025"), column("total"), column("turnout.total.male"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 12 * 2 * 3);
    let sum = |column: usize| rows.iter().filter_map(|row| row[column].parse::<u64>().ok()).sum::<u64>();
    let view = country.local().unwrap();
    let known = view.contest(&ppwp()).unwrap().unwrap();
    let page = results::read(&*view, &known, RegionCode::NATION).unwrap().unwrap();
    assert_eq!(page.totals.votes.of("100025"), Some(sum(votes)));
    assert_eq!(page.totals.total, sum(total));
    assert!(sum(male) > 0);
    let absent = rows.iter().find(|row| &row[6] == "absent").unwrap();
    assert_eq!((&absent[7], &absent[votes], &absent[total]), ("0", "", ""), "unknown is empty, not zero");
    assert_eq!(&rows[0][5], "Kelurahan Satu");
}

#[test]
fn a_packed_file_is_the_same_file() {
    let country = country();
    for format in [Format::Csv, Format::Json, Format::Cdf] {
        let packed = file(&country, "0", format, true);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == file(&country, "0", format, false), "{format:?}");
        assert!(packed.len() < unpacked.len() / 4, "{format:?}");
    }
}

#[test]
fn a_json_file_holds_whole_forms() {
    let file: Value = serde_json::from_slice(&file(&country(), "11", Format::Json, false)).unwrap();
    let stations = file["stations"].as_array().unwrap();
    assert_eq!(stations.len(), 6);
    assert_eq!(file["region"]["code"], "11");
    assert_eq!(stations[0]["form"]["votes"]["100026"], 90);
    assert_eq!((&stations[1]["state"], &stations[1]["form"]), (&Value::from("absent"), &Value::Null));
    assert_eq!(stations[0]["district"], "Kecamatan Satu");
}

#[test]
fn a_region_without_forms_has_files_too() {
    let country = Country::new();
    for (_, format) in ["csv", "xlsx", "pdf", "json", "cdf.json"]
        .map(|ending| Format::parse(&format!("0.{ending}")).unwrap())
    {
        assert!(!file(&country, "0", format, false).is_empty(), "{format:?}");
    }
}

#[test]
fn a_workbook_is_a_zip_and_a_document_has_the_candidates_and_all_children() {
    let country = country();
    assert!(file(&country, "0", Format::Xlsx, false).starts_with(b"PK"));
    let bytes = file(&country, "0", Format::Pdf, false);
    let document = lopdf::Document::load_mem(&bytes).unwrap();
    let numbers: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = document.extract_text(&numbers).unwrap();
    for words in
        ["Aceh", "Luar Negeri", "Jumlah", "2. H. Prabowo Subianto", "bukan hasil resmi", "Halaman 1 dari 1"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_report_in_the_common_data_format_counts_what_the_page_counts() {
    let report: Value = serde_json::from_slice(&file(&country(), "0", Format::Cdf, false)).unwrap();
    assert_eq!(report["@type"], "ElectionResults.ElectionReport");
    assert_eq!(report["Status"], "unofficial-partial");
    assert_eq!(report["GeneratedDate"].as_str().map(str::len), Some("2024-02-14T15:40:00Z".len()));
    let units = report["GpUnit"].as_array().unwrap();
    assert_eq!(units.len(), 13);
    assert_eq!(units[0]["ComposingGpUnitIds"].as_array().map(Vec::len), Some(12));
    let contest = &report["Election"][0]["Contest"][0];
    let counts = contest["ContestSelection"][0]["VoteCounts"].as_array().unwrap();
    let count = |unit: &str| counts.iter().find(|count| count["GpUnitId"] == unit).unwrap()["Count"].as_u64();
    let children: u64 = counts[1..].iter().map(|count| count["Count"].as_u64().unwrap()).sum();
    assert_eq!((count("unit-0"), children), (Some(100), 100));
    assert_eq!(count("unit-11"), Some(90));
}
