//! Documents that are taken, and all the ways in which they are not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{dictionary} /Length {}>>\nstream\n", data.len()).into_bytes();
    object.extend_from_slice(data);
    object.extend_from_slice(b"\nendstream");
    object
}

/// A document of objects numbered from 1, the first of which is its catalogue.
fn document(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        bytes.extend_from_slice(object);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let table = bytes.len();
    let size = objects.len().saturating_add(1);
    bytes.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
    for place in &places {
        bytes.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {size} /Root 1 0 R {trailer}>>\nstartxref\n{table}\n%%EOF\n");
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

/// A page with words on it, and more objects behind.
fn with(catalogue: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        format!("<</Type /Catalog /Pages 2 0 R {catalogue}>>").into_bytes(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R>>".to_vec(),
        stream("/Filter /FlateDecode", &packed(b"BT /F1 12 Tf (C.HASIL) Tj ET")),
    ];
    objects.extend_from_slice(more);
    document(&objects, "")
}

#[test]
fn a_plain_scan_is_taken() {
    assert_eq!(inspect(&with("", &[])), Ok(()));
    let harmless = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &packed(b"9 0 <</Lang (id)>>"));
    assert_eq!(inspect(&with("/Lang (id)", &[harmless])), Ok(()));
}

#[test]
fn whatever_does_something_is_refused() {
    for catalogue in [
        "/OpenAction <</S /JavaScript /JS (app.alert(1))>>",
        "/OpenAction 5 0 R",
        "/AA <</WC <</S /URI /URI (http://x)>>>>",
        "/Names <</JavaScript 5 0 R>>",
        "/Names <</EmbeddedFiles 5 0 R>>",
        "/AcroForm <</XFA 5 0 R>>",
        "/A <</S /Launch /F (cmd.exe)>>",
        "/A <</S /Java#53cript /J#53 (x)>>",
        "/A <</S /#4c#61#75#6e#63#68>>",
        "/A#41 <<>>",
        "/Annots [<</Subtype /RichMedia>>]",
    ] {
        let verdict = inspect(&with(catalogue, &[]));
        assert!(matches!(verdict, Err(DocumentFault::Active(_))), "{catalogue}: {verdict:?}");
    }
}

#[test]
fn packed_objects_are_looked_into() {
    // Long enough to be packed: what is short is kept as it is, and found as it is.
    let script = [&b"9 0 <</S /J#61vaScript /JS (app.alert(1))>>"[..], &[b' '; 500]].concat();
    let object = |dictionary: &str, data: &[u8]| with("", &[stream(dictionary, data)]);
    for (dictionary, data) in [
        ("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", packed(&script)),
        ("/Type /Obj#53tm /N 1 /First 4 /Filter [/FlateDecode]", packed(&script)),
        ("/Type /ObjStm /N 1 /First 4", script.clone()),
    ] {
        let verdict = inspect(&object(dictionary, &data));
        assert!(matches!(verdict, Err(DocumentFault::Active(_))), "{dictionary}: {verdict:?}");
    }
    let twice = packed(&packed(&script));
    for filter in ["[/FlateDecode /FlateDecode]", "/ASCII85Decode", "/LZWDecode"] {
        let dictionary = format!("/Type /ObjStm /N 1 /First 4 /Filter {filter}");
        assert!(inspect(&object(&dictionary, &twice)).is_err(), "{filter}");
    }
    let inner = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &packed(&script));
    assert_eq!(inspect(&with("", &[stream("", &inner)])), Err(DocumentFault::Opaque), "hidden in a stream");
}

#[test]
fn what_is_locked_is_refused() {
    let objects = [b"<</Type /Catalog>>".to_vec(), b"<</Filter /Standard /V 1>>".to_vec()];
    assert_eq!(inspect(&document(&objects, "/Encrypt 2 0 R")), Err(DocumentFault::Opaque));
}

#[test]
fn bombs_and_crowds_are_refused() {
    let bomb = packed(&vec![b' '; 9 * 1024 * 1024]);
    let objects = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &bomb);
    assert_eq!(inspect(&with("", &[objects])), Err(DocumentFault::Excessive));
    let page = packed(&vec![b' '; 300 * 1024 * 1024]);
    let pages = vec![stream("/Filter /FlateDecode", &page); 2];
    assert_eq!(inspect(&with("", &pages)), Err(DocumentFault::Excessive));
    let crowd = format!("[{}]", "0 ".repeat(WORDS_MAX));
    assert_eq!(inspect(&with("", &[crowd.into_bytes()])), Err(DocumentFault::Excessive));
    let numbers = 3..=PAGES_MAX + 3;
    let kids: Vec<String> = numbers.clone().map(|number| format!("{number} 0 R")).collect();
    let kids = kids.join(" ");
    let mut objects = vec![
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        format!("<</Type /Pages /Kids [{kids}] /Count {}>>", PAGES_MAX + 1).into_bytes(),
    ];
    objects.extend(numbers.map(|_| b"<</Type /Page /Parent 2 0 R>>".to_vec()));
    assert_eq!(inspect(&document(&objects, "")), Err(DocumentFault::Excessive));
}

#[test]
fn what_is_no_document_is_refused() {
    for bytes in
        [&b"%PDF-1.7"[..], b"%PDF-1.7\n1 0 obj <<>> stream", b"%PDF-\xff\xff\xff", b"%PDF-1.4\n((((((("]
    {
        assert_eq!(inspect(bytes), Err(DocumentFault::Unreadable), "{bytes:?}");
    }
}
