//! The boxes of a C.Hasil form as the paper has them: what stands beside each, and which box of the wire it is.
//!
//! Invariant: every fixed box is named here once, by the JSON pointer of the contract, for the public's pages and the desk.

/// Lines with men, women and a sum: part, pointer, words.
pub(crate) const PEOPLE: [(&str, &str, &str); 6] = [
    (VOTERS, "/registered", "A. Jumlah pemilih dalam DPT"),
    (VOTERS, "/turnout/dpt", "B.1. Pengguna hak pilih dalam DPT"),
    (VOTERS, "/turnout/dptb", "B.2. Pengguna hak pilih dalam DPTb"),
    (VOTERS, "/turnout/dpk", "B.3. Pengguna hak pilih dalam DPK"),
    (VOTERS, "/turnout/total", "B.4. Jumlah pengguna hak pilih (B.1 + B.2 + B.3)"),
    (DISABLED, "/disabled", "Pemilih disabilitas yang menggunakan hak pilih"),
];
/// Lines about ballot papers: pointer, words.
pub(crate) const BALLOTS: [(&str, &str); 4] = [
    ("/ballots/received", "1. Surat suara diterima, termasuk cadangan 2 %"),
    ("/ballots/used", "2. Surat suara digunakan"),
    ("/ballots/returned", "3. Surat suara dikembalikan (rusak atau keliru coblos)"),
    ("/ballots/unused", "4. Surat suara tidak digunakan, termasuk sisa cadangan"),
];
/// Sums: pointer, words.
pub(crate) const SUMS: [(&str, &str); 3] = [
    ("/valid", "A. Jumlah seluruh suara sah"),
    ("/invalid", "B. Jumlah suara tidak sah"),
    ("/total", "C. Jumlah suara sah dan tidak sah"),
];

/// Headings of the parts.
pub(crate) const VOTERS: &str = "I. Data pemilih dan pengguna hak pilih";
pub(crate) const USE_OF_BALLOTS: &str = "II. Data penggunaan surat suara";
pub(crate) const DISABLED: &str = "III. Data pemilih disabilitas";
pub(crate) const VOTES: &str = "IV. Data perolehan suara";
pub(crate) const VALID: &str = "V. Data suara sah dan tidak sah";
