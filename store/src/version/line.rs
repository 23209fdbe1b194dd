//! Small text files that carry their own checksum, so that a flipped byte is never taken for another answer.
//!
//! Invariant: what [`read`] answers is what [`write`] was given; anything else is damage.

/// Between the text and its checksum.
const JOINT: &str = " crc32c ";

/// A line with its checksum.
pub(crate) fn write(text: &str) -> Vec<u8> {
    format!("{text}{JOINT}{:08x}\n", crc32c::crc32c(text.as_bytes())).into_bytes()
}

/// The text of a line that is whole.
pub(crate) fn read(line: &[u8]) -> Option<&str> {
    let (text, _) = std::str::from_utf8(line).ok()?.rsplit_once(JOINT)?;
    (write(text) == line).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn every_other_line_is_damage() {
        let line = write("state-000001");
        assert_eq!(line, b"state-000001 crc32c b1472365\n");
        assert_eq!(read(&line), Some("state-000001"));
        for place in 0..line.len() {
            assert_eq!(read(line.get(..place).unwrap_or_default()), None, "cut at {place}");
            for bit in 0..8 {
                let mut flipped = line.clone();
                flipped[place] ^= 1 << bit;
                assert_eq!(read(&flipped), None, "bit {bit} of byte {place}");
            }
        }
    }
}
