//! The words of a PDF, as any reader must see them: names with their escapes resolved, and where streams begin.
//!
//! Invariant: every call of `next` goes forward, whatever the bytes are; a name is answered as it is meant, not as
//! it is spelled.

/// One word.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Word {
    /// A name without its slash.
    Name(Vec<u8>),
    /// An object begins.
    Object,
    /// A stream's data begins at this place.
    Stream(usize),
    /// Anything else: a number, a string, a bracket, another keyword.
    Other,
}

/// See the module.
pub(super) struct Words<'a> {
    bytes: &'a [u8],
    place: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    let digit = char::from(*byte?).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Reads the name whose first letter is at a place; answers it and where it ends.
pub(super) fn name_at(bytes: &[u8], first: usize) -> (Vec<u8>, usize) {
    let mut name = Vec::new();
    let mut place = first;
    while let Some(byte) = bytes.get(place).filter(|byte| !is_space(**byte) && !is_delimiter(**byte)) {
        let escaped = (*byte == b'#').then(|| {
            let high = digit(bytes.get(place.saturating_add(1)))?;
            let low = digit(bytes.get(place.saturating_add(2)))?;
            Some(high.wrapping_shl(4) | low)
        });
        if let Some(letter) = escaped.flatten() {
            name.push(letter);
            place = place.saturating_add(3);
        } else {
            name.push(*byte);
            place = place.saturating_add(1);
        }
    }
    (name, place)
}

impl<'a> Words<'a> {
    /// The words from the beginning.
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, place: 0 }
    }

    /// Goes on at a place that is not before this one.
    pub(super) fn skip_to(&mut self, place: usize) {
        self.place = self.place.max(place);
    }

    fn at(&self, more: usize) -> Option<u8> {
        self.bytes.get(self.place.saturating_add(more)).copied()
    }

    fn advance(&mut self) {
        self.place = self.place.saturating_add(1);
    }

    fn skip_spaces_and_comments(&mut self) {
        while let Some(byte) = self.at(0) {
            if byte == b'%' {
                while self.at(0).is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.advance();
                }
            } else if !is_space(byte) {
                return;
            }
            self.advance();
        }
    }

    fn skip_string(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.at(0) {
            self.advance();
            match byte {
                b'\\' => self.advance(),
                b'(' => depth = depth.saturating_add(1),
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn keyword(&mut self) -> Word {
        let first = self.place;
        while self.at(0).is_some_and(|byte| !is_space(byte) && !is_delimiter(byte)) {
            self.advance();
        }
        match self.bytes.get(first..self.place) {
            Some(b"obj") => Word::Object,
            Some(b"stream") => {
                if self.at(0) == Some(b'\r') {
                    self.advance();
                }
                if self.at(0) == Some(b'\n') {
                    self.advance();
                }
                Word::Stream(self.place)
            }
            Some(_) | None => Word::Other,
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.skip_spaces_and_comments();
        match self.at(0)? {
            b'/' => {
                let (name, end) = name_at(self.bytes, self.place.saturating_add(1));
                self.place = end;
                Some(Word::Name(name))
            }
            b'(' => {
                self.skip_string();
                Some(Word::Other)
            }
            b'<' if self.at(1) == Some(b'<') => {
                self.advance();
                self.advance();
                Some(Word::Other)
            }
            b'<' => {
                while self.at(0).is_some_and(|byte| byte != b'>') {
                    self.advance();
                }
                self.advance();
                Some(Word::Other)
            }
            byte if is_delimiter(byte) => {
                self.advance();
                Some(Word::Other)
            }
            _ => Some(self.keyword()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        let names = Words::of(bytes).filter_map(|word| match word {
            Word::Name(name) => Some(String::from_utf8_lossy(&name).into_owned()),
            Word::Object | Word::Stream(_) | Word::Other => None,
        });
        names.collect()
    }

    #[test]
    fn names_are_what_they_mean() {
        assert_eq!(names(b"/S/Java#53cript /J#53(x)/#4a#53<</A>>"), ["S", "JavaScript", "JS", "JS", "A"]);
        assert_eq!(names(b"/a#zz /#/b"), ["a#zz", "#", "b"]);
    }

    #[test]
    fn strings_and_comments_hold_no_names() {
        assert_eq!(names(b"(a (/no) \\) /no) /yes % /no\n/too <2f6e6f> /end"), ["yes", "too", "end"]);
    }

    #[test]
    fn a_stream_begins_behind_its_line() {
        let bytes = b"1 0 obj <</L 3>> stream\r\nabc endstream";
        let places: Vec<Word> = Words::of(bytes).collect();
        assert!(places.contains(&Word::Object) && places.contains(&Word::Stream(25)), "{places:?}");
    }

    #[test]
    fn any_bytes_have_an_end() {
        for bytes in [&b"((((("[..], b"<", b"/", b"%", b"\\", b")", b"stream", b"<<<<>>", b"(\\"] {
            assert!(Words::of(bytes).count() <= bytes.len());
        }
    }
}
