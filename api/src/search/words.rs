//! Names as they are compared: lower case, no marks, words apart.
//!
//! Invariant: what people type and what the register holds go through the same function, so equal names meet.

/// Most letters of a query that are looked at.
const QUERY_LETTERS_MAX: usize = 120;
/// Most words of a query that are looked at.
pub(super) const WORDS_MAX: usize = 8;
/// Words that say what kind of place is meant and seldom belong to its name.
const KINDS: [&str; 14] = [
    "desa",
    "di",
    "indonesia",
    "kab",
    "kabupaten",
    "kec",
    "kecamatan",
    "kel",
    "kelurahan",
    "kota",
    "no",
    "nomor",
    "prov",
    "provinsi",
];

/// Words of a name: letters in lower case without accents, digits; everything else parts words.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().take(QUERY_LETTERS_MAX).flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(letter) => word.push(letter),
            // An apostrophe is within a word: "Ma'rang" and "Marang" are one name.
            None if matches!(letter, '\'' | '\u{2019}' | '`' | '\u{2bc}') => {}
            None if !word.is_empty() => words.push(std::mem::take(&mut word)),
            None => {}
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The letter as it is typed on any phone.
const fn plain(letter: char) -> Option<char> {
    match letter {
        'a'..='z' | '0'..='9' => Some(letter),
        '\u{e0}'..='\u{e5}' | '\u{101}' => Some('a'),
        '\u{e8}'..='\u{eb}' | '\u{113}' => Some('e'),
        '\u{ec}'..='\u{ef}' | '\u{12b}' => Some('i'),
        '\u{f2}'..='\u{f6}' | '\u{14d}' => Some('o'),
        '\u{f9}'..='\u{fc}' | '\u{16b}' => Some('u'),
        '\u{e7}' => Some('c'),
        '\u{f1}' => Some('n'),
        _ => None,
    }
}

/// What somebody looks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Query {
    /// The words of names, in their order.
    pub(super) words: Vec<String>,
    /// Number of a station, from 1.
    pub(super) station: Option<u16>,
    /// A code, digits only.
    pub(super) code: Option<String>,
    /// Whether the last word may still be typed.
    pub(super) open: bool,
}

impl Query {
    /// Reads what was typed: a code; or names and, behind "TPS" or at the end, the number of a station.
    pub(super) fn read(text: &str) -> Self {
        let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '.' | '-')).collect();
        let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if all_digits && matches!(digits.len(), 2 | 4 | 6 | 10 | 13) {
            return Self { code: Some(digits), ..Self::default() };
        }
        let mut read = words(text);
        let station = take_station(&mut read);
        let open = station.is_none() && text.chars().next_back().is_some_and(char::is_alphanumeric);
        read.truncate(WORDS_MAX);
        Self { words: read, station, code: None, open }
    }

    /// Whether a word only says what kind of place is meant.
    pub(super) fn is_kind(word: &str) -> bool {
        KINDS.contains(&word)
    }
}

/// Takes the number of a station out of the words: what follows "tps", or a number at the end.
fn take_station(words: &mut Vec<String>) -> Option<u16> {
    let number = |word: &str| word.parse().ok().filter(|number| (1..=999).contains(number));
    if let Some(place) = words.iter().position(|word| word == "tps" || word == "tpsln") {
        words.remove(place);
        let found = words.get(place).and_then(|word| number(word));
        if found.is_some() {
            words.remove(place);
        }
        return found;
    }
    // "tps5" in one word.
    let joined = |word: &String| word.strip_prefix("tps").and_then(number);
    if let Some(place) = words.iter().position(|word| joined(word).is_some()) {
        return joined(&words.remove(place));
    }
    let last = words.last()?;
    let found = number(last).filter(|_| words.len() > 1)?;
    words.pop();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_marks_and_cases() {
        assert_eq!(words("  MA'RANG-Kapu\u{e9} (Kota) "), ["marang", "kapue", "kota"]);
        assert_eq!(words("\u{1f5f3} <script>"), ["script"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn a_query_is_a_code_or_names_with_a_station() {
        let read = |text: &str| {
            let query = Query::read(text);
            (query.words.join(" "), query.station, query.code)
        };
        let names = |words: &str, station| (words.to_owned(), station, None);
        assert_eq!(read("Suka Maju TPS 005"), names("suka maju", Some(5)));
        assert_eq!(read("tps 5 sukamaju cibinong"), names("sukamaju cibinong", Some(5)));
        assert_eq!(read("sukamaju 12"), names("sukamaju", Some(12)));
        assert_eq!(read("sukamaju tps12"), names("sukamaju", Some(12)));
        assert_eq!(read("tps"), names("", None));
        assert_eq!(read("sukamaju tps 0"), names("sukamaju 0", None));
        assert_eq!(read("7"), names("7", None));
        assert_eq!(read("3175 0910 01087"), (String::new(), None, Some("3175091001087".to_owned())));
        assert_eq!(read("31.75"), (String::new(), None, Some("3175".to_owned())));
        assert_eq!(Query::read(&"a ".repeat(500)).words.len(), WORDS_MAX);
    }
}
