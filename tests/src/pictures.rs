//! Photos as telephones make them, and files that only look like some.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use flate2::write::{DeflateEncoder, ZlibEncoder};
use flate2::{Compression, Crc};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage};
use sha2::{Digest as _, Sha256};

/// What a telephone notes: held so that the picture must be turned a quarter to the right, taken at a place.
fn note() -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x02\0".to_vec();
    // Orientation, SHORT, one, 6.
    bytes.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    // GPSInfo, LONG, one, the directory behind.
    bytes.extend_from_slice(&[0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    bytes.extend_from_slice(&[0, 0, 0, 0]);
    // GPSLatitudeRef, ASCII, "S".
    bytes.extend_from_slice(&[1, 0, 1, 0, 2, 0, 2, 0, 0, 0, b'S', 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// A picture that is like no other of another number: red on the left, blue on the right.
#[must_use]
pub fn picture(number: u32, (width, height): (u32, u32)) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let shade =
            u8::try_from(number.wrapping_mul(37).wrapping_add(x * 5 + y * 3 + number) % 60).unwrap_or(0);
        if x < width / 2 { Rgb([250, shade, 10]) } else { Rgb([10, shade, 250]) }
    })
}

/// The photo of a telephone, with its note.
#[must_use]
pub fn photo(number: u32, sides: (u32, u32)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(note()).expect("JPEG takes notes");
    encoder.encode_image(&picture(number, sides)).expect("a photo");
    bytes
}

/// The same picture in another format.
#[must_use]
pub fn as_format(number: u32, sides: (u32, u32), format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture(number, sides)).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// What a picture shows.
#[must_use]
pub fn shown(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).expect("a picture").into_rgb8()
}

/// Whether bytes hold others somewhere.
#[must_use]
pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// SHA-256, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(data.len()).expect("small").to_be_bytes().to_vec();
    let mut crc = Crc::new();
    for part in [&kind, data] {
        crc.update(part);
        bytes.extend_from_slice(part);
    }
    bytes.extend_from_slice(&crc.sum().to_be_bytes());
    bytes
}

fn packed(zeros: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    let mut left = zeros;
    while left > 0 {
        let length = left.min(block.len());
        encoder.write_all(&block[..length]).expect("memory");
        left -= length;
    }
    encoder.finish().expect("memory")
}

/// A grey PNG with these sides, a note that unpacks to so many bytes, and picture data that unpacks to so many.
#[must_use]
pub fn png((width, height): (u32, u32), note_bytes: usize, data_bytes: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    bytes.extend(chunk(*b"IHDR", &header));
    if note_bytes > 0 {
        let mut note = b"Comment\0\0".to_vec();
        note.extend(packed(note_bytes));
        bytes.extend(chunk(*b"zTXt", &note));
    }
    bytes.extend(chunk(*b"IDAT", &packed(data_bytes)));
    bytes.extend(chunk(*b"IEND", &[]));
    bytes
}

/// A ZIP with one packed file.
#[must_use]
pub fn zip(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    let data = encoder.finish().expect("memory");
    let mut crc = Crc::new();
    crc.update(content);
    let size = |length: usize| u32::try_from(length).expect("small").to_le_bytes();
    let mut facts = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x58];
    for four in [crc.sum().to_le_bytes(), size(data.len()), size(content.len())] {
        facts.extend_from_slice(&four);
    }
    facts.extend_from_slice(&[5, 0, 0, 0]);
    let mut bytes = [&b"PK\x03\x04"[..], &facts, b"a.com", &data].concat();
    let directory = bytes.len();
    bytes.extend([&b"PK\x01\x02\x14\0"[..], &facts, &[0; 14][..], b"a.com"].concat());
    let length = bytes.len() - directory;
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &size(length), &size(directory), &[0, 0]].concat();
    bytes.extend(end);
    bytes
}

/// A PDF of one page, with more in its catalogue and more objects.
#[must_use]
pub fn pdf(catalogue: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        format!("<</Type /Catalog /Pages 2 0 R {catalogue}>>").into_bytes(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]>>".to_vec(),
    ];
    objects.extend_from_slice(more);
    let mut bytes = b"%PDF-1.5\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", bytes.len()).expect("memory");
        bytes.extend(format!("{} 0 obj\n", number + 1).into_bytes());
        bytes.extend_from_slice(object);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let (place, size) = (bytes.len(), objects.len() + 1);
    let end = format!("{table}trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{place}\n%%EOF\n");
    bytes.extend(end.into_bytes());
    bytes
}

/// Packed objects of a PDF.
#[must_use]
pub fn packed_objects(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    let data = encoder.finish().expect("memory");
    let head = format!("<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {}>>", data.len());
    [head.as_bytes(), b"\nstream\n", &data, b"\nendstream"].concat()
}
