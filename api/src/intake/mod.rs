//! Photos and scans on their way in: from a request's body to what is stored.
//!
//! Invariant: nothing is stored of which a scanner has not seen every byte and called it clean, whatever fails; an
//! image is stored only as pixels that were written anew; and whatever way an upload ends, nothing else is left of it.

mod arrival;
mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod photo;
mod places;
pub(crate) mod rescan;
mod workshop;

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use tally::ids::{AccountId, LogTime};

use crate::error::{Code, FieldError, Problem};
use crate::limits::{DOWNLOAD_PART_BYTES, UPLOAD_BYTES_MAX};
use crate::ports::{
    AttachmentError, AttachmentInfo, AttachmentScan, Content, Finding, MediaType, Ports, Scanner, ScratchFile,
};
use places::Places;
use workshop::Workshop;

/// Longest name of a scanner and its signatures that is kept, in bytes.
const ENGINE_BYTES_MAX: usize = 100;
/// Parts in which bytes go from quarantine to the store.
const PART_BYTES: usize = 256 * 1024;

/// What all uploads of a node share.
pub(crate) struct Intake {
    places: Arc<Places>,
    workshop: Workshop,
}

impl Default for Intake {
    fn default() -> Self {
        Self { places: Arc::default(), workshop: Workshop::start() }
    }
}

/// What a request's head says about its body.
pub(crate) struct Announced {
    media_type: MediaType,
}

impl Announced {
    /// Reads the head: 415, then 413.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let media_type = MediaType::parse(kind).ok_or_else(wrong_type)?;
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > UPLOAD_BYTES_MAX) {
            return Err(too_large());
        }
        Ok(Self { media_type })
    }
}

fn wrong_type() -> Problem {
    Problem::with_detail(
        Code::UnsupportedMediaType,
        "Kirim foto sebagai image/jpeg, image/png, atau image/webp, atau pindaian sebagai application/pdf.",
    )
}

fn too_large() -> Problem {
    Problem::with_detail(Code::TooLarge, "Lampiran paling besar 10 MiB; kecilkan fotonya.")
}

/// What is wrong with the file itself, and what to do about it.
fn unfit(detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    let mut problem = Problem::with_detail(Code::InvalidForm, detail.clone());
    problem.extra.errors = Some(vec![FieldError { pointer: String::new(), detail }]);
    problem
}

impl From<AttachmentError> for Problem {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Unknown => Self::with_detail(
                Code::Overloaded,
                "Tidak ada simpul yang dapat memberikan lampiran ini sekarang; ulangi sebentar lagi.",
            ),
            AttachmentError::Refused(reason) => {
                tracing::info!(reason, "an attachment was refused by the store");
                too_large()
            }
            AttachmentError::Unavailable(reason) => {
                tracing::warn!(reason, "an attachment was not brought to a majority");
                Self::with_detail(
                    Code::NoLeader,
                    "Lampiran belum tersimpan di cukup banyak server. Unggah lagi berkas yang sama.",
                )
            }
            AttachmentError::DiskFull => Self::with_detail(
                Code::DiskFull,
                "Ruang untuk lampiran habis di simpul ini; unggah di simpul lain dan hubungi operator.",
            ),
            AttachmentError::Store(reason) => {
                tracing::error!(reason, "the attachment store failed");
                Self::new(Code::Internal)
            }
        }
    }
}

/// Takes an attachment in, from its body's first byte to the disks of a majority.
pub(crate) async fn take_in(
    intake: &Intake,
    ports: &Ports,
    account: AccountId,
    announced: Announced,
    body: Body,
) -> Result<AttachmentInfo, Problem> {
    let _place = intake.places.take(account)?;
    // Before the body: without room there is no point in receiving it.
    let mut upload = ports.attachments.begin().await?;
    let mut waiting = ports.scratch.begin().await?;
    let size = arrival::receive(body, waiting.as_mut()).await?;
    let media_type = announced.media_type;
    let found = sniff(&waiting.read(0, SNIFFED_BYTES).await?);
    // Scanners decode pictures and unpack documents as well: none that is too much for this node is shown to one.
    let measured = look_through(intake, waiting.as_ref(), size, move |bytes| measure(found, &bytes));
    measured.await?.map_err(|fault| fault.problem())?;
    // Before its kind is judged: who sends what is told to those who read the log, whatever it calls itself.
    let finding = scan(ports.scanner.as_ref(), waiting.as_ref()).await?;
    let scan = judged(finding, ports.queries.now())?;
    if found != Some(media_type) {
        return Err(wrong_type());
    }
    let cleaned = look_through(intake, waiting.as_ref(), size, move |bytes| clean(media_type, bytes));
    let (media_type, bytes) = cleaned.await?.map_err(|fault| fault.problem())?;
    drop(waiting);
    for part in bytes.chunks(PART_BYTES) {
        upload.write(part).await?;
    }
    Ok(upload.finish(media_type, Some(scan)).await?)
}

/// Has all bytes looked through on the thread for that. The turn comes first: only what is being worked on is in memory.
async fn look_through<T: Send + 'static>(
    intake: &Intake,
    waiting: &dyn ScratchFile,
    size: u64,
    work: impl FnOnce(Bytes) -> T + Send + 'static,
) -> Result<T, Problem> {
    let turn = intake.workshop.turn().await?;
    let bytes = whole(waiting, size).await?;
    intake.workshop.work(turn, move || work(bytes)).await
}

/// Has everything looked at by the scanner; no verdict is a refusal.
async fn scan(scanner: &dyn Scanner, content: &dyn Content) -> Result<Finding, Problem> {
    scanner.scan(content).await.map_err(|error| {
        tracing::error!(%error, "the scanner gave no verdict; nothing is taken in");
        Problem::new(Code::ScannerUnavailable)
    })
}

fn judged(finding: Finding, at: LogTime) -> Result<AttachmentScan, Problem> {
    if let Some(found) = &finding.found {
        tracing::warn!(found, engine = finding.engine, "an upload was refused: the scanner found something");
        return Err(Problem::new(Code::Infected));
    }
    Ok(scan_of(finding, at))
}

/// What is kept of a scan.
fn scan_of(finding: Finding, at: LogTime) -> AttachmentScan {
    let mut engine = finding.engine;
    while engine.len() > ENGINE_BYTES_MAX {
        engine.pop();
    }
    AttachmentScan { at, engine, clean: finding.found.is_none() }
}

async fn whole(content: &dyn ScratchFile, size: u64) -> Result<Bytes, Problem> {
    let capacity = usize::try_from(size).map_err(|_| too_large())?;
    let mut bytes = bytes::BytesMut::with_capacity(capacity);
    while bytes.len() < capacity {
        let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let part = content.read(offset, PART_BYTES).await?;
        if part.is_empty() {
            return Err(AttachmentError::Store("the quarantined file ends early".to_owned()).into());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

/// Why a file is not taken in although nothing was found in it.
#[derive(Debug)]
enum Fault {
    Photo(photo::PhotoFault),
    Document(document::DocumentFault),
}

impl Fault {
    fn problem(&self) -> Problem {
        match self {
            Self::Photo(photo::PhotoFault::Large) => too_large(),
            Self::Photo(fault) => unfit(fault.words()),
            Self::Document(fault) => unfit(fault.words()),
        }
    }
}

/// What is plainly not to be taken: a picture whose header states too much, a document that does something. Scanners
/// have an opinion of the latter as well, under names that help nobody. All else is judged later.
fn measure(found: Option<MediaType>, bytes: &[u8]) -> Result<(), Fault> {
    match found {
        Some(kind @ (MediaType::Jpeg | MediaType::Png | MediaType::Webp)) => {
            photo::measure(kind, bytes).map_err(Fault::Photo)
        }
        Some(MediaType::Pdf) => match document::inspect(bytes) {
            Ok(()) | Err(document::DocumentFault::Unreadable) => Ok(()),
            Err(fault) => Err(Fault::Document(fault)),
        },
        None => Ok(()),
    }
}

/// What is stored in place of what came.
fn clean(media_type: MediaType, bytes: Bytes) -> Result<(MediaType, Bytes), Fault> {
    match media_type {
        MediaType::Jpeg | MediaType::Png | MediaType::Webp => {
            photo::rewrite(media_type, &bytes).map_err(Fault::Photo)
        }
        MediaType::Pdf => {
            document::inspect(&bytes).map_err(Fault::Document)?;
            Ok((media_type, bytes))
        }
    }
}

/// As many of the first bytes as [`sniff`] looks at.
const SNIFFED_BYTES: usize = 12;

/// What a file is by its first bytes.
fn sniff(first: &[u8]) -> Option<MediaType> {
    match first {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        _ => None,
    }
}

const _: () = assert!(DOWNLOAD_PART_BYTES <= PART_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let cases: [(&[u8], Option<MediaType>); 6] = [
            (b"\xff\xd8\xff\xe0....", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n....", Some(MediaType::Png)),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(MediaType::Webp)),
            (b"%PDF-1.7", Some(MediaType::Pdf)),
            (b"PK\x03\x04", None),
            (b"", None),
        ];
        for (first, expected) in cases {
            assert_eq!(sniff(first), expected, "{first:?}");
        }
    }

    #[test]
    fn names_of_engines_are_cut_where_a_letter_ends() {
        let finding = Finding { engine: "\u{e9}".repeat(80), found: None };
        let scan = scan_of(finding, LogTime(1));
        assert!(scan.clean && scan.engine.len() <= ENGINE_BYTES_MAX, "{}", scan.engine.len());
    }
}
