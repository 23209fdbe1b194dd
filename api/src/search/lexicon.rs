//! A dictionary that forgives typing errors.
//!
//! Invariant: built once, never changed; what a look-up costs is bounded by the word's length and by
//! [`SIMILAR_MAX`], not by the size of the dictionary.
//!
//! Every word is kept under itself and under itself less any one letter (Garbe's symmetric deletes). A word that is looked for is
//! taken apart in the same way: whatever differs by one letter left out, put in, changed or swapped meets, and what
//! differs by two of these mostly does.

/// Most similar words of one look-up.
const SIMILAR_MAX: usize = 64;
/// Most words that begin with what was typed.
const BEGUN_MAX: usize = 64;
/// Letters of a word from which on two errors are forgiven, and from which on one is.
const TWO_ERRORS_FROM: usize = 8;
const ONE_ERROR_FROM: usize = 4;

/// A word of the dictionary that is like another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Similar {
    /// Its number.
    pub(super) word: u32,
    /// Letters left out, put in, changed or swapped.
    pub(super) errors: u8,
}

/// Words, each with the places it stands in.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// In order.
    words: Vec<Box<str>>,
    /// Where the places of each word begin; one more at the end.
    starts: Vec<u32>,
    places: Vec<u32>,
    /// Hashes of words and of words less one letter, in order, with the word.
    deletes: Vec<(u32, u32)>,
}

impl Lexicon {
    /// A dictionary of words and the places they stand in.
    pub(super) fn of(mut entries: Vec<(Box<str>, u32)>) -> Self {
        entries.sort_unstable();
        entries.dedup();
        let mut lexicon = Self::default();
        for (word, place) in entries {
            if lexicon.words.last() != Some(&word) {
                lexicon.starts.push(number(lexicon.places.len()));
                lexicon.words.push(word);
            }
            lexicon.places.push(place);
        }
        lexicon.starts.push(number(lexicon.places.len()));
        lexicon.places.shrink_to_fit();
        for (position, word) in lexicon.words.iter().enumerate() {
            lexicon.deletes.extend(shortened(word).map(|hash| (hash, number(position))));
        }
        lexicon.deletes.sort_unstable();
        lexicon.deletes.dedup();
        lexicon.deletes.shrink_to_fit();
        lexicon
    }

    /// The word of that number.
    pub(super) fn word(&self, word: u32) -> &str {
        self.words.get(index(word)).map_or("", |word| word)
    }

    /// The places a word stands in.
    pub(super) fn places(&self, word: u32) -> &[u32] {
        let at = |word: u32| self.starts.get(index(word)).map(|start| index(*start));
        let range = at(word).zip(at(word.saturating_add(1)));
        range.and_then(|(first, end)| self.places.get(first..end)).unwrap_or_default()
    }

    /// Words like this one, the most alike first.
    pub(super) fn similar(&self, word: &str) -> Vec<Similar> {
        let errors_max = errors_max(word);
        let mut found: Vec<u32> = Vec::new();
        for hash in shortened(word) {
            let first = self.deletes.partition_point(|(kept, _)| *kept < hash);
            let same = self.deletes.iter().skip(first).take_while(|(kept, _)| *kept == hash);
            found.extend(same.map(|(_, word)| *word));
        }
        found.sort_unstable();
        found.dedup();
        let measured = found.into_iter().filter_map(|candidate| {
            let errors = u8::try_from(strsim::osa_distance(self.word(candidate), word)).ok()?;
            (errors <= errors_max).then_some(Similar { word: candidate, errors })
        });
        let mut similar: Vec<Similar> = measured.collect();
        similar.sort_unstable_by_key(|similar| (similar.errors, similar.word));
        similar.truncate(SIMILAR_MAX);
        similar
    }

    /// Words that begin with this one and go on.
    pub(super) fn begun(&self, start: &str) -> impl Iterator<Item = u32> {
        let first = self.words.partition_point(|word| &**word <= start);
        let begun = self.words.iter().skip(first).take_while(move |word| word.starts_with(start));
        begun.take(BEGUN_MAX).enumerate().map(move |(place, _)| number(first.saturating_add(place)))
    }

    /// Bytes it keeps in memory, about.
    pub(super) fn size(&self) -> usize {
        let letters = self.words.iter().fold(0_usize, |sum, word| sum.saturating_add(word.len()));
        let words = letters.saturating_add(self.words.len().saturating_mul(size_of::<Box<str>>()));
        let numbers = self.starts.len().saturating_add(self.places.len()).saturating_mul(size_of::<u32>());
        let deletes = self.deletes.len().saturating_mul(size_of::<(u32, u32)>());
        words.saturating_add(numbers).saturating_add(deletes)
    }
}

/// How many errors a word of that length may have and still be meant.
const fn errors_max(word: &str) -> u8 {
    if word.len() >= TWO_ERRORS_FROM {
        2
    } else if word.len() >= ONE_ERROR_FROM {
        1
    } else {
        0
    }
}

/// Hashes of a word and, if errors are forgiven, of what is left of it without any one letter. Words are ASCII.
fn shortened(word: &str) -> impl Iterator<Item = u32> {
    let letters = if errors_max(word) > 0 { word.len() } else { 0 };
    let whole = std::iter::once(hash_of(word));
    whole.chain((0..letters).map(|left_out| hash(word.as_bytes(), left_out)))
}

/// Hash of a whole word.
pub(super) fn hash_of(word: &str) -> u32 {
    hash(word.as_bytes(), usize::MAX)
}

/// FNV-1a over a word without one of its letters.
fn hash(word: &[u8], left_out: usize) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let kept = word.iter().enumerate().filter(|(position, _)| *position != left_out);
    kept.fold(OFFSET, |hash, (_, letter)| (hash ^ u32::from(*letter)).wrapping_mul(PRIME))
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let words = ["sukamaju", "sukamulya", "sukajadi", "maju", "bali", "bekasi", "ab", "kalideres"];
        Lexicon::of(words.into_iter().zip(0..).map(|(word, place)| (word.into(), place)).collect())
    }

    fn like(word: &str) -> Vec<(String, u8)> {
        let lexicon = lexicon();
        let similar = lexicon.similar(word).into_iter();
        similar.map(|found| (lexicon.word(found.word).to_owned(), found.errors)).collect()
    }

    #[test]
    fn one_error_of_any_kind_is_forgiven() {
        for typed in ["sukamaju", "sukmaju", "sukaamaju", "sukomaju", "suakmaju", "ukamaju", "sukamajuu"] {
            assert_eq!(like(typed).first().map(|(word, _)| word.as_str()), Some("sukamaju"), "{typed}");
        }
        assert_eq!(like("mju"), [], "three letters are too few to guess from");
        assert_eq!(like("ab"), [("ab".to_owned(), 0)]);
    }

    #[test]
    fn two_errors_are_forgiven_in_long_words_only() {
        assert_eq!(like("kaliderss").first(), Some(&("kalideres".to_owned(), 1)));
        assert_eq!(like("kalidres").first(), Some(&("kalideres".to_owned(), 1)));
        assert_eq!(like("klidere"), [], "seven letters");
        assert_eq!(like("kalderesx").first(), Some(&("kalideres".to_owned(), 2)));
        assert_eq!(like("zzzzzzzzzz"), []);
    }

    #[test]
    fn words_are_found_by_how_they_begin() {
        let lexicon = lexicon();
        let begun =
            |start: &str| lexicon.begun(start).map(|word| lexicon.word(word).to_owned()).collect::<Vec<_>>();
        assert_eq!(begun("suka"), ["sukajadi", "sukamaju", "sukamulya"]);
        assert_eq!(begun("sukamaju"), [""; 0]);
        assert_eq!(begun("x"), [""; 0]);
    }

    #[test]
    fn a_word_knows_all_its_places_once() {
        let lexicon = Lexicon::of(vec![("a".into(), 3), ("a".into(), 1), ("b".into(), 2), ("a".into(), 3)]);
        assert_eq!(
            (lexicon.places(0), lexicon.places(1), lexicon.places(2)),
            (&[1, 3][..], &[2][..], &[][..])
        );
    }
}
