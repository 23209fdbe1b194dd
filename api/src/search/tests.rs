//! Names that are looked for as people type them.

use std::collections::BTreeMap;

use tally::region::Level;

use super::{Found, Gazetteer};
use crate::ports::Queries as _;
use crate::web::fixture::Country;

fn found(text: &str) -> Vec<String> {
    let country = Country::new();
    let view = country.local().unwrap();
    let gazetteer = Gazetteer::read(&*view).unwrap();
    let found = gazetteer.find(&*view, text, 5).unwrap().into_iter();
    found
        .map(|found| match found {
            Found::Region(code) => code.to_string(),
            Found::Station(code) => code.to_string(),
        })
        .collect()
}

fn first(text: &str) -> Option<String> {
    found(text).into_iter().next()
}

#[test]
fn names_are_found_with_errors_and_in_any_order() {
    for (text, code) in [
        ("jawa barat", "32"),
        ("Jawabarat", "32"),
        ("jwa barat", "32"),
        ("barat jawa", "32"),
        ("prov. jawa tengah", "33"),
        ("sulawesi selatn", "73"),
        ("jakarta", "31"),
        ("kota aceh", "1101"),
        ("kelurahan satu bali", "5101011001"),
        ("desa dua jawa tengah", "3301011002"),
        ("dua tengah jawa", "3301011002"),
    ] {
        assert_eq!(first(text).as_deref(), Some(code), "{text}: {:?}", found(text));
    }
}

#[test]
fn what_is_still_being_typed_is_found() {
    assert_eq!(first("sumat").map(|code| code.len()), Some(2));
    assert_eq!(first("jakar").as_deref(), Some("31"));
    assert_eq!(found("j"), [""; 0]);
}

#[test]
fn stations_are_found_by_village_and_number_and_by_code() {
    assert_eq!(first("kelurahan satu bali tps 2").as_deref(), Some("5101011001002"));
    assert_eq!(first("desa dua bali 003").as_deref(), Some("5101011002003"));
    assert_eq!(first("5101011001002").as_deref(), Some("5101011001002"));
    assert_eq!(found("5101"), ["5101"]);
    assert_eq!(found("5101011001009"), [""; 0], "no such station");
    let none = found("kelurahan satu bali tps 900");
    assert_eq!(none.first().map(String::as_str), Some("5101011001"), "its village, at least: {none:?}");
}

#[test]
fn what_may_be_meant_comes_before_more_of_one_name() {
    let digits: Vec<usize> = found("satx").iter().map(String::len).collect();
    assert_eq!(digits, [6, 10, 6, 10, 6], "a district and a village of every province fit equally well");
}

#[test]
fn nonsense_finds_nothing_and_costs_little() {
    let (long, digits) = ("x ".repeat(4_000), "9".repeat(500));
    for text in ["", "   ", "\u{1f5f3}", "zzzzqqqq", "<script>alert(1)</script>", &long, &digits] {
        let found = found(text);
        assert!(found.len() <= 5, "{text}: {found:?}");
    }
}

#[test]
fn all_regions_but_the_nation_are_known() {
    let country = Country::new();
    let view = country.local().unwrap();
    let gazetteer = Gazetteer::read(&*view).unwrap();
    let mut levels: BTreeMap<Level, usize> = BTreeMap::new();
    for place in &gazetteer.places {
        *levels.entry(place.code.level()).or_default() += 1;
    }
    assert_eq!(levels.get(&Level::Village), Some(&24));
    assert_eq!(levels.get(&Level::Nation), None);
    assert_eq!(gazetteer.len(), levels.values().sum::<usize>());
    assert!(gazetteer.size() < 64 * 1024);
}
