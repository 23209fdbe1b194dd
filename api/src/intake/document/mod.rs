//! A PDF is taken as it is, or not at all: only one that can be seen through and does nothing.
//!
//! Invariant: what is refused here is refused by two ways of looking: the words of the file one after the other,
//! hidden spellings and packed objects included, and the objects as a reader finds them. What cannot be seen
//! through counts as refused; nothing is unpacked beyond a bound.

mod words;

use std::io::{self, Read as _};

use flate2::read::ZlibDecoder;
use lopdf::{Dictionary, Document, LoadOptions, Object};

use words::{Word, Words, name_at};

/// Most words of a document outside its streams; each becomes an object in memory.
const WORDS_MAX: usize = 200_000;
/// Most objects.
const OBJECTS_MAX: usize = 20_000;
/// Most pages: all forms of a station with room.
const PAGES_MAX: usize = 100;
/// Most bytes that packed objects may be unpacked, all together.
const PACKED_OBJECTS_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most bytes that all streams may come to when somebody opens the document.
const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most encodings on top of each other in one stream.
const FILTERS_MAX: usize = 2;
/// Deepest nesting of objects that is followed.
const DEPTH_MAX: usize = 64;

/// Names that make a document do something, and long enough to be no chance in packed data.
const ACTIVE: [&[u8]; 11] = [
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"OpenAction",
    b"RichMedia",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"Rendition",
];
/// The same, but too short to be looked for in packed data.
const ACTIVE_SHORT: [&[u8]; 6] = [b"JS", b"AA", b"XFA", b"Movie", b"Sound", b"EF"];
const ENCRYPTED: &[u8] = b"Encrypt";
const PACKED: &[u8] = b"ObjStm";

/// Why a document is not taken.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum DocumentFault {
    /// It is no document that can be read.
    Unreadable,
    /// It cannot be read without a password, or holds what cannot be seen through.
    Opaque,
    /// It has a name that makes it do something.
    Active(String),
    /// It has more of something than a scan of forms has.
    Excessive,
}

impl DocumentFault {
    /// What the officer is told.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Unreadable => {
                "PDF ini rusak atau tidak lengkap; pindai ulang, atau kirim foto JPEG.".to_owned()
            }
            Self::Opaque => {
                "PDF ini terkunci atau tersandi; simpan tanpa kata sandi, atau kirim foto JPEG.".to_owned()
            }
            Self::Active(name) => format!(
                "PDF ini berisi bagian aktif ({name}); cetak ulang menjadi PDF biasa, atau kirim foto JPEG."
            ),
            Self::Excessive => format!(
                "PDF ini terlalu rumit: paling banyak {PAGES_MAX} halaman hasil pindai; bagi berkasnya, atau kirim foto JPEG."
            ),
        }
    }
}

fn active(name: &[u8]) -> DocumentFault {
    DocumentFault::Active(String::from_utf8_lossy(name).into_owned())
}

/// Looks through a document.
pub(super) fn inspect(bytes: &[u8]) -> Result<(), DocumentFault> {
    let packed = everywhere(bytes)?;
    let mut look = Look::default();
    look.document(bytes)?;
    // One that only some readers would find hides in a comment, a string or another stream.
    if look.packed != packed {
        return Err(DocumentFault::Opaque);
    }
    objects(bytes)
}

/// Looks for long names at every slash, whatever is around them; answers how often packed objects are named.
fn everywhere(bytes: &[u8]) -> Result<usize, DocumentFault> {
    let mut packed = 0_usize;
    for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let (name, _) = name_at(bytes, place.saturating_add(1));
        if ACTIVE.contains(&name.as_slice()) {
            return Err(active(&name));
        }
        if name == ENCRYPTED {
            return Err(DocumentFault::Opaque);
        }
        packed = packed.saturating_add(usize::from(name == PACKED));
    }
    Ok(packed)
}

/// What was seen so far of the words.
#[derive(Default)]
struct Look {
    words: usize,
    packed: usize,
    unpacked_bytes: u64,
}

impl Look {
    fn word(&mut self, word: &Word) -> Result<(), DocumentFault> {
        self.words = self.words.saturating_add(1);
        if self.words > WORDS_MAX {
            return Err(DocumentFault::Excessive);
        }
        match word {
            Word::Name(name) if is_active(name) => Err(active(name)),
            Word::Name(_) | Word::Object | Word::Stream(_) | Word::Other => Ok(()),
        }
    }

    fn document(&mut self, bytes: &[u8]) -> Result<(), DocumentFault> {
        let mut words = Words::of(bytes);
        // The names of the object that is being read: those in front of a stream say how it is packed.
        let mut names: Vec<Vec<u8>> = Vec::new();
        while let Some(word) = words.next() {
            self.word(&word)?;
            match word {
                Word::Name(name) => names.push(name),
                Word::Object => names.clear(),
                Word::Stream(place) => {
                    let data = bytes.get(place..).unwrap_or_default();
                    if names.iter().any(|name| name == PACKED) {
                        self.packed_objects(&names, data)?;
                    }
                    let length = find(data, b"endstream").ok_or(DocumentFault::Unreadable)?;
                    words.skip_to(place.saturating_add(length));
                    names.clear();
                }
                Word::Other => {}
            }
        }
        Ok(())
    }

    /// Unpacks objects and looks at their words. Only the one common way of packing is followed.
    fn packed_objects(&mut self, names: &[Vec<u8>], data: &[u8]) -> Result<(), DocumentFault> {
        self.packed = self.packed.saturating_add(1);
        let flate = names.iter().filter(|name| name.as_slice() == b"FlateDecode").count();
        let strange = |name: &Vec<u8>| name.ends_with(b"Decode") && name.as_slice() != b"FlateDecode";
        let shifted = |name: &Vec<u8>| matches!(name.as_slice(), b"Predictor" | b"Crypt" | b"F" | b"FFilter");
        let packed = names.iter().any(|name| name == b"Filter");
        if flate != usize::from(packed) || names.iter().any(|name| strange(name) || shifted(name)) {
            return Err(DocumentFault::Opaque);
        }
        let mut objects = Vec::new();
        if flate == 1 {
            let left = PACKED_OBJECTS_BYTES_MAX.saturating_sub(self.unpacked_bytes);
            let mut unpacking = ZlibDecoder::new(data).take(left);
            unpacking.read_to_end(&mut objects).map_err(|_| DocumentFault::Unreadable)?;
        } else {
            let length = find(data, b"endstream").ok_or(DocumentFault::Unreadable)?;
            objects.extend_from_slice(data.get(..length).unwrap_or_default());
        }
        let length = u64::try_from(objects.len()).unwrap_or(u64::MAX);
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(length);
        if self.unpacked_bytes >= PACKED_OBJECTS_BYTES_MAX {
            return Err(DocumentFault::Excessive);
        }
        for word in Words::of(&objects) {
            self.word(&word)?;
        }
        Ok(())
    }
}

fn is_active(name: &[u8]) -> bool {
    ACTIVE.contains(&name) || ACTIVE_SHORT.contains(&name)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The objects as a reader finds them.
fn objects(bytes: &[u8]) -> Result<(), DocumentFault> {
    let options = LoadOptions {
        max_decompressed_size: usize::try_from(PACKED_OBJECTS_BYTES_MAX).ok(),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options).map_err(|_| DocumentFault::Unreadable)?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(DocumentFault::Opaque);
    }
    if document.objects.len() > OBJECTS_MAX {
        return Err(DocumentFault::Excessive);
    }
    entries(&document.trailer, 0)?;
    let mut unpacked_bytes = 0_u64;
    for found in document.objects.values() {
        object(found, 0)?;
        if let Object::Stream(stream) = found {
            unpacked_bytes = unpacked_bytes.saturating_add(unpacked(stream, unpacked_bytes)?);
        }
    }
    match document.page_iter().take(PAGES_MAX.saturating_add(1)).count() {
        0 => Err(DocumentFault::Unreadable),
        pages if pages > PAGES_MAX => Err(DocumentFault::Excessive),
        _ => Ok(()),
    }
}

fn object(found: &Object, depth: usize) -> Result<(), DocumentFault> {
    if depth > DEPTH_MAX {
        return Err(DocumentFault::Excessive);
    }
    let below = depth.saturating_add(1);
    match found {
        Object::Name(name) if is_active(name) => Err(active(name)),
        Object::Array(items) => items.iter().try_for_each(|item| object(item, below)),
        Object::Dictionary(dictionary) => entries(dictionary, below),
        Object::Stream(stream) => entries(&stream.dict, below),
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Reference(_) => Ok(()),
    }
}

fn entries(dictionary: &Dictionary, depth: usize) -> Result<(), DocumentFault> {
    dictionary.iter().try_for_each(|(key, value)| {
        if is_active(key) {
            return Err(active(key));
        }
        object(value, depth)
    })
}

/// How many bytes a stream comes to when it is opened, counted without keeping them.
fn unpacked(stream: &lopdf::Stream, before: u64) -> Result<u64, DocumentFault> {
    let filters = stream.filters().unwrap_or_default();
    let flate = filters.iter().filter(|filter| matches!(**filter, b"FlateDecode" | b"Fl")).count();
    if filters.len() > FILTERS_MAX || flate > 1 {
        return Err(DocumentFault::Opaque);
    }
    if !filters.first().is_some_and(|filter| matches!(*filter, b"FlateDecode" | b"Fl")) {
        return Ok(0);
    }
    let left = UNPACKED_BYTES_MAX.saturating_sub(before);
    let mut unpacking = ZlibDecoder::new(stream.content.as_slice()).take(left);
    // One that is broken unpacks to as much as came out of it, which is what a reader shows.
    let mut counted = Counted(0);
    drop(io::copy(&mut unpacking, &mut counted));
    if counted.0 >= left { Err(DocumentFault::Excessive) } else { Ok(counted.0) }
}

struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
