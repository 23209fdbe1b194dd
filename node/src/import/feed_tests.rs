//! Rows of the presidential count of 2024 (facts published by KPU) and what they come to.

use super::*;

const HEADER: &str = "kode_tps,suara_p1,suara_p2,suara_p3,dpt_j,dpt_l,dpt_p,\
pengguna_dpt_j,pengguna_dpt_l,pengguna_dpt_p,pengguna_dptb_j,pengguna_dptb_l,pengguna_dptb_p,\
pengguna_dpk_j,pengguna_dpk_l,pengguna_dpk_p,pengguna_total_j,pengguna_total_l,pengguna_total_p,\
suara_sah,suara_tidak_sah,suara_total,ts_kpu,jumlah_foto";

fn read(row: &str) -> Row {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("feed.csv");
    crate::durable::write(&path, format!("{HEADER}\n{row}\n").as_bytes(), crate::durable::Access::Owner)
        .expect("writes");
    let mut table = Table::open(&path).expect("opens");
    let columns = Columns::find(&table, 3).expect("all columns");
    let mut record = csv::StringRecord::new();
    assert!(table.read(&mut record).expect("reads"));
    columns.read(&record)
}

fn form(row: &str) -> Form {
    let read = read(row);
    let Row::Form(_, form) = read else { panic!("expected a form, got {read:?}") };
    form
}

const fn people(male: u32, female: u32, total: u32) -> People {
    People { male, female, total }
}

#[test]
fn a_whole_row_becomes_a_form_without_what_the_feed_lacks() {
    let row = "1101012001001,144,19,2,284,139,145,236,110,126,1,0,1,2,2,0,239,112,127,165,1,166,t,3";
    let expected = Form {
        registered: Some(people(139, 145, 284)),
        turnout: Some(Turnout {
            dpt: people(110, 126, 236),
            dptb: people(0, 1, 1),
            dpk: people(2, 0, 2),
            total: people(112, 127, 239),
        }),
        ballots: None,
        disabled: None,
        votes: vec![144, 19, 2],
        valid: Some(165),
        invalid: Some(1),
        total: Some(166),
    };
    let station = StationCode::parse("1101012001001").expect("13 digits");
    assert_eq!(read(row), Row::Form(station, expected));
}

#[test]
fn a_row_without_all_votes_is_not_read_yet() {
    assert_eq!(read("1101022019002,,,,,,,,,,,,,,,,,,,,,,t,3"), Row::WithoutVotes);
    let row = "1101062011004,,,,260,120,140,242,108,734,0,0,0,2,1,1,244,109,135,240,4,244,t,2";
    assert_eq!(read(row), Row::WithoutVotes);
}

#[test]
fn empty_parts_are_unknown() {
    let form = form("1101042002001,210,34,7,,,,,,,,,,,,,,,,,,,t,3");
    assert_eq!(form.votes, [210, 34, 7]);
    let unknown = (form.registered, form.turnout, form.valid, form.invalid, form.total);
    assert_eq!(unknown, (None, None, None, None, None));
}

#[test]
fn zeros_where_nothing_was_read_are_unknown() {
    let form = form("1101042014001,197,22,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,t,3");
    let unknown = (form.registered, form.turnout, form.valid, form.invalid, form.total);
    assert_eq!(unknown, (None, None, None, None, None));
}

#[test]
fn sums_of_zero_are_unknown_beside_an_administration_that_is_known() {
    let form = form("1101032003002,162,27,2,222,105,117,194,93,101,0,0,0,0,0,0,194,93,101,0,0,0,t,3");
    assert_eq!(form.registered, Some(people(105, 117, 222)));
    assert!(form.turnout.is_some());
    assert_eq!((form.valid, form.invalid, form.total), (None, None, None));
}

#[test]
fn an_administration_of_zeros_is_unknown_beside_sums_that_are_known() {
    let form = form("1101112009001,229,30,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,261,1,262,t,3");
    assert_eq!((form.registered, form.turnout), (None, None));
    assert_eq!((form.valid, form.invalid, form.total), (Some(261), Some(1), Some(262)));
}

#[test]
fn a_part_that_is_not_all_zeros_is_kept_as_it_is() {
    let form = form("1101112009002,211,30,1,0,0,0,0,0,0,0,0,0,0,0,0,248,116,132,242,6,248,t,3");
    assert_eq!(form.registered, None);
    let turnout = form.turnout.expect("known");
    assert_eq!((turnout.dpt, turnout.total), (people(0, 0, 0), people(116, 132, 248)));
}

#[test]
fn one_missing_sum_does_not_hide_the_others() {
    let form = form("1118012023002,83,128,8,224,109,115,224,109,115,0,0,0,0,0,0,219,104,115,219,0,,t,3");
    assert_eq!((form.valid, form.invalid, form.total), (Some(219), Some(0), None));
}

#[test]
fn sums_of_zero_beside_votes_of_zero_are_kept() {
    let form = form("1101042014001,0,0,0,5,2,3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,t,3");
    assert_eq!((form.valid, form.invalid, form.total), (Some(0), Some(0), Some(0)));
}

#[test]
fn cells_that_are_no_counts_and_codes_that_are_no_stations_are_told_apart() {
    let station = StationCode::parse("1101012001001").expect("13 digits");
    for wrong in ["-1", "1.5", "100000", "x"] {
        let row = format!("1101012001001,{wrong},19,2,,,,,,,,,,,,,,,,,,,t,3");
        assert_eq!(read(&row), Row::WrongCount(station), "{wrong}");
    }
    assert_eq!(read("110101200100,1,19,2,,,,,,,,,,,,,,,,,,,t,3"), Row::WrongStation);
}
