//! Files of results as they are read: unpacked, and row for row.
//!
//! Invariant: what is not whole is not read: a packed file has its check sum, a table its last line end, an object its end.

use std::io::Read as _;

use api::dto::form::Form;
use api::dto::results::AsOf;
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::course::Row;
use crate::live::country;

/// What a file says: the index it names, if it does, and its rows.
pub(super) type Table = (Option<u64>, Vec<(String, Row)>);

/// The state of a form that adds nothing.
const HELD: &str = "held";

/// A file of the format `json`.
#[derive(Deserialize)]
struct Stations {
    as_of: AsOf,
    stations: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    station: String,
    state: String,
    revision: u32,
    form: Option<Form>,
}

/// Unpacks what was packed by gzip.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let read = GzDecoder::new(bytes).read_to_end(&mut plain);
    read.map(|_| plain).map_err(|error| format!("its packing is torn: {error}"))
}

/// Reads the format `json`.
pub(super) fn json(bytes: &[u8]) -> Result<Table, String> {
    let file: Stations = serde_json::from_slice(bytes).map_err(|error| format!("it is torn: {error}"))?;
    let row = |entry: Entry| {
        let votes = entry.form.as_ref().map(|form| country::votes_of(form).to_vec()).unwrap_or_default();
        (entry.station, Row { revision: entry.revision, held: entry.state == HELD, votes })
    };
    Ok((Some(file.as_of.index), file.stations.into_iter().map(row).collect()))
}

/// Reads the format `csv`; names here need no quotes.
pub(super) fn csv(bytes: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is no text: {error}"))?;
    let text = text.strip_suffix("\r\n").ok_or("it is torn: its last line has no end")?;
    let mut lines = text.split("\r\n").map(|line| line.split(',').collect::<Vec<&str>>());
    let columns = lines.next().unwrap_or_default();
    let rows = lines.map(|line| {
        let cell = |name: &str| {
            let place = columns.iter().position(|known| *known == name);
            place.and_then(|place| line.get(place)).copied().ok_or_else(|| format!("a row has no {name}"))
        };
        let count = |name: &str| {
            let cell = cell(name)?;
            cell.parse::<u64>().map_err(|_| format!("{name} is {cell:?}, no count"))
        };
        let revision = u32::try_from(count("revision")?).map_err(|error| error.to_string())?;
        let options = country::OPTIONS.iter().filter(|_| revision > 0);
        let votes = options.map(|option| count(&format!("votes.{option}"))).collect::<Result<_, _>>()?;
        let held = cell("state")? == HELD;
        Ok((cell("station")?.to_owned(), Row { revision, held, votes }))
    });
    Ok((None, rows.collect::<Result<_, String>>()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const CSV: &str = "station,nation,state,revision,valid,votes.100025,votes.100026,votes.100027\r\n\
        3101011001001,INDONESIA,held,2,6,1,2,3\r\n3101011001002,INDONESIA,absent,0,,,,\r\n";

    fn rows() -> Vec<(String, Row)> {
        let held = Row { revision: 2, held: true, votes: vec![1, 2, 3] };
        vec![("3101011001001".to_owned(), held), ("3101011001002".to_owned(), Row::default())]
    }

    #[test]
    fn tables_are_read_row_for_row() {
        assert_eq!(csv(CSV.as_bytes()), Ok((None, rows())));
        let json_text = r#"{"contest":"ppwp","as_of":{"index":7,"at":null,"version":3},"stations":[
            {"station":"3101011001002","state":"absent","revision":0,"form":null}]}"#;
        let rows = rows().split_off(1);
        assert_eq!(json(json_text.as_bytes()), Ok((Some(7), rows)));
    }

    #[test]
    fn what_is_torn_is_not_read() {
        for length in [CSV.len() - 1, CSV.len() - 4, 200, 40] {
            assert!(csv(&CSV.as_bytes()[..length.min(CSV.len() - 1)]).is_err(), "{length}");
        }
        assert!(json(br#"{"as_of":{"index":7,"at":null,"version":3},"stations":["#).is_err());
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(CSV.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack(&packed).as_deref(), Ok(CSV.as_bytes()));
        assert!(unpack(&packed[..packed.len() - 1]).unwrap_err().contains("torn"));
        assert!(unpack(CSV.as_bytes()).is_err());
    }
}
