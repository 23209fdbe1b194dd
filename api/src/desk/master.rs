//! Files of master data: regions and stations as CSV, contests as JSON, accounts as CSV.
//!
//! Invariant: a file is read whole before anything of it is sent; what cannot be read is told with its line, and nothing is
//! changed. The same page sent again is answered from memory.

use axum::extract::{FromRequest as _, FromRequestParts as _, Multipart, Request, State};
use axum::response::Response;
use bytes::Bytes;
use csv::StringRecord;
use tally::ids::hex;

use super::Desk;
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Sending, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor, in_time};
use crate::auth::code;
use crate::dto::master::{AccountEntry, AccountsBody, Defined, RegionEntry, RegionsBody, StationEntry};

/// Accounts whose codes one page shows.
const ACCOUNTS_MAX: usize = 500;

const KINDS: [(&str, &str); 4] = [
    ("wilayah", "Wilayah: CSV code,name"),
    ("tps", "TPS: CSV code,kind,name,registered"),
    ("pemilihan", "Pemilihan: JSON seperti docs/contests"),
    ("akun", "Akun: CSV username,role,scope (paling banyak 500)"),
];

/// The part of a page that takes files.
pub(super) fn section() -> Section {
    let fields = vec![
        Field::choice("jenis", "Isi berkas", &KINDS, "wilayah"),
        Field::new("berkas", "Berkas, paling besar 4 MB", Kind::File),
    ];
    let form =
        Form { sending: Sending::PostsFile, inline: true, ..Form::posting("/meja/unggah", "Unggah", fields) };
    let text =
        "Yang sudah ada dan sama tidak berubah. Untuk data seluruh negeri pakai perintah rakit import.";
    Section::new("Unggah berkas", vec![Block::Text(text.to_owned()), Block::Form(form)])
}

/// The fields of a form with a file, and the file.
async fn taken(request: Request) -> Result<(Vec<(String, String)>, Option<Bytes>), Failure> {
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| Failure::unreadable())?;
    let (mut fields, mut file) = (Vec::new(), None);
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "berkas" {
            file = Some(field.bytes().await.map_err(|error| broken(&error))?);
        } else {
            fields.push((name, field.text().await.map_err(|error| broken(&error))?));
        }
    }
    Ok((fields, file))
}

/// `POST /meja/unggah`.
pub(super) async fn upload(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    super::gate::refuse_foreign(&parts)?;
    let visitor = Visitor::from_request_parts(&mut parts, &desk).await?;
    let request = Request::from_parts(parts, body);
    let (fields, file) = in_time(taken(request)).await??;
    let posted = Posted::with(visitor, fields)?;
    let file =
        file.filter(|file| !file.is_empty()).ok_or_else(|| Failure::wrong("Pilih berkas lebih dahulu."))?;
    let key = posted.key()?;
    let client = &posted.visitor.client;
    let mut issued = Vec::new();
    let defined = match posted.text("jenis") {
        "wilayah" => {
            client
                .define_regions(key, &RegionsBody { regions: rows(&file, region)?, stations: Vec::new() })
                .await?
        }
        "tps" => {
            client
                .define_regions(key, &RegionsBody { regions: Vec::new(), stations: rows(&file, station)? })
                .await?
        }
        "pemilihan" => client.define_contests(key, &contests(&file)?).await?,
        "akun" => {
            let asked = rows(&file, account)?;
            if asked.len() > ACCOUNTS_MAX {
                return Err(Failure::wrong(
                    "Paling banyak 500 akun sekali unggah. Untuk lebih banyak: rakit import accounts.",
                ));
            }
            let mut accounts = Vec::with_capacity(asked.len());
            for account in asked {
                let code = code::new().map_err(|_| no_code())?;
                let digest = code::digest(&account.username, &code).ok_or_else(no_code)?;
                issued.push((account.username.clone(), account.scope.clone(), code));
                accounts.push(AccountEntry { code_digest: Some(hex(&digest)), ..account });
            }
            client.define_accounts(key, &AccountsBody { accounts }).await?
        }
        _ => return Err(Failure::unreadable()),
    };
    Ok(done(&posted.visitor, &defined.value, &issued))
}

fn no_code() -> Failure {
    Failure::internal("Simpul ini tidak dapat membuat kode sekarang. Coba simpul lain.")
}

fn broken(error: &axum::extract::multipart::MultipartError) -> Failure {
    if error.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        return Failure::wrong(
            "Berkas lebih besar daripada 4 MB. Bagi menjadi beberapa berkas, atau pakai rakit import.",
        );
    }
    Failure::unreadable()
}

/// Reads all rows of a CSV file with a line of headings, in any order of columns.
fn rows<T>(file: &[u8], read: impl Fn(&dyn Fn(&str) -> String) -> Option<T>) -> Result<Vec<T>, Failure> {
    let text = std::str::from_utf8(file).map_err(|_| Failure::wrong("Berkas harus berupa teks UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    let comma = text.lines().next().is_some_and(|head| head.matches(';').count() > head.matches(',').count());
    let delimiter = if comma { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let wrong =
        |line: u64, what: &str| Failure::wrong(&format!("Baris {line}: {what} Tidak ada yang diubah."));
    let heads: StringRecord = reader.headers().map_err(|_| wrong(1, "kepala kolom tidak terbaca."))?.clone();
    let mut rows = Vec::new();
    for (line, record) in (2_u64..).zip(reader.records()) {
        let record = record.map_err(|_| wrong(line, "jumlah kolomnya lain daripada kepala kolom."))?;
        let cell = |name: &str| {
            let position = heads.iter().position(|head| head.eq_ignore_ascii_case(name));
            position.and_then(|position| record.get(position)).unwrap_or_default().to_owned()
        };
        rows.push(read(&cell).ok_or_else(|| wrong(line, "kolom wajib kosong atau bukan bilangan."))?);
    }
    if rows.is_empty() {
        return Err(Failure::wrong("Berkas tidak berisi baris data."));
    }
    Ok(rows)
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn region(cell: &dyn Fn(&str) -> String) -> Option<RegionEntry> {
    Some(RegionEntry { code: filled(cell("code"))?, name: filled(cell("name"))? })
}

fn station(cell: &dyn Fn(&str) -> String) -> Option<StationEntry> {
    let registered = match filled(cell("registered")) {
        None => None,
        Some(text) => Some(text.parse().ok()?),
    };
    let kind = filled(cell("kind")).unwrap_or_else(|| "home".to_owned());
    Some(StationEntry { code: filled(cell("code"))?, kind, name: filled(cell("name")), registered })
}

fn account(cell: &dyn Fn(&str) -> String) -> Option<AccountEntry> {
    Some(AccountEntry {
        username: filled(cell("username"))?,
        role: filled(cell("role"))?,
        scope: filled(cell("scope"))?,
        password: None,
        password_hash: None,
        code_digest: None,
        reset: None,
        active: None,
    })
}

/// A file of contests is a list of them, one of them, or what `/contests` answers.
fn contests(file: &[u8]) -> Result<serde_json::Value, Failure> {
    let value: serde_json::Value = serde_json::from_slice(file)
        .map_err(|error| Failure::wrong(&format!("Baris {}: bukan JSON yang sah.", error.line())))?;
    if value.get("contests").is_some() {
        return Ok(value);
    }
    let list = match value {
        serde_json::Value::Array(list) => list,
        one @ (serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_)
        | serde_json::Value::Object(_)) => vec![one],
    };
    Ok(serde_json::json!({ "contests": list }))
}

fn done(visitor: &Visitor, defined: &Defined, issued: &[(String, String, String)]) -> Response {
    let counts = [("Baru", defined.created), ("Berubah", defined.changed), ("Tetap", defined.unchanged)];
    let pairs = counts.map(|(name, count)| (name.to_owned(), crate::dto::text::grouped(count))).into();
    let mut blocks = vec![Block::Pairs(pairs)];
    let fresh = issued.iter().filter(|(username, ..)| !defined.kept.contains(username));
    let rows: Vec<Row> = fresh
        .map(|(username, scope, code)| Row {
            cells: vec![username.as_str().into(), scope.as_str().into(), code.as_str().into()],
            ..Row::default()
        })
        .collect();
    if !issued.is_empty() {
        let text = "Kode hanya ditampilkan sekali, di halaman ini. Cetak atau simpan sekarang.";
        blocks.push(Block::Warning(text.to_owned()));
        blocks.push(Block::Table(Table {
            caption: "Kode aktivasi".to_owned(),
            columns: columns(&["Akun", "Lingkup", "Kode"]),
            rows,
            empty: "Semua akun itu sudah ada dan tetap memakai yang dimilikinya.".to_owned(),
        }));
    }
    blocks.push(Block::Links(vec![Link::new("/meja/perawatan", "Kembali ke data")]));
    frame::page(Frame::inside("Berkas dimuat", visitor), "Berkas dimuat", vec![Section::new("", blocks)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_commas_or_semicolons_in_any_order_of_columns() {
        let comma = rows(b"\xef\xbb\xbfname,code\nDKI JAKARTA,31\n", region).unwrap();
        let semicolon = rows(b"code;name\r\n31;DKI JAKARTA\r\n", region).unwrap();
        assert_eq!(comma, semicolon);
        assert_eq!(comma[0].name, "DKI JAKARTA");
        let stations = rows(b"code,registered\n3175091001087,250\n3175091001088,\n", station).unwrap();
        assert_eq!((stations[0].registered, stations[1].registered), (Some(250), None));
        assert_eq!(stations[0].kind, "home");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let told = |file: &[u8]| rows(file, station).unwrap_err().text();
        assert!(told(b"code,registered\n3175091001087,250\n,1\n").contains("Baris 3"));
        assert!(told(b"code,registered\n3175091001087,banyak\n").contains("Baris 2"));
        assert!(told(b"code,registered\n3175091001087\n").contains("Baris 2"));
        assert!(told(b"code,registered\n").contains("tidak berisi"));
        assert!(told(b"\xff\xfe").contains("UTF-8"));
    }

    #[test]
    fn contests_come_alone_in_a_list_or_as_they_are_answered() {
        for text in [r#"{"id":"a"}"#, r#"[{"id":"a"}]"#, r#"{"contests":[{"id":"a"}]}"#] {
            assert_eq!(contests(text.as_bytes()).unwrap()["contests"][0]["id"], "a");
        }
        assert!(contests(b"{").unwrap_err().text().contains("Baris 1"));
    }
}
