//! One message per rule, in Indonesian, with the numbers of the form in it.
//!
//! Invariant: rows hold rule numbers only; every word about a rule is made here.

use tally::form::{Form, People};
use tally::outcome::FormProblem;
use tally::rules;

use super::flags::{Subject, pointer};
use super::text::grouped;
use crate::error::FieldError;

/// What a broken rule says about a form.
#[must_use]
pub fn message(flag: &rules::Flag, subject: Subject<'_>) -> String {
    let form = subject.form;
    match flag.rule.number() {
        3 => "Ada angka di luar batas kotak formulir.".to_owned(),
        7 => format!(
            "Jumlah suara semua pilihan {} tidak sama dengan suara sah {}.",
            grouped(form.votes_sum()),
            number(form.valid)
        ),
        8 => format!(
            "Suara sah {} ditambah suara tidak sah {} adalah {}, tidak sama dengan jumlah suara {}.",
            number(form.valid),
            number(form.invalid),
            grouped(sum(&[form.valid, form.invalid])),
            number(form.total)
        ),
        9 => format!(
            "Jumlah suara {} tidak sama dengan jumlah pengguna hak pilih {}.",
            number(form.total),
            number(form.turnout.map(|turnout| turnout.total.total))
        ),
        10 => format!(
            "Jumlah suara {} tidak sama dengan surat suara digunakan {}.",
            number(form.total),
            number(form.ballots.map(|ballots| ballots.used))
        ),
        11 => turnout_sums(form),
        12 => row_sums(form),
        13 => ballot_sums(form),
        14 => users_beyond_roll(form),
        15 => beyond_ballots(form),
        16 => format!(
            "DPT di formulir {} tidak sama dengan DPT di daftar {}.",
            number(form.registered.map(|registered| registered.total)),
            number(subject.station.registered)
        ),
        17 => crowded(subject),
        18 => "Dua pembacaan formulir ini tidak sama; pembacaan ketiga menentukan.".to_owned(),
        21 => empty(form),
        22 => format!("Satu pilihan mendapat semua {} suara.", grouped(form.votes_sum())),
        23 => turnout(form),
        24 => invalid_or_special(form),
        25 => unlike_village(flag, subject),
        26 => same_elsewhere(flag),
        27 => "Koreksi ini mengubah banyak, atau datang setelah pengesahan; perlu persetujuan orang kedua."
            .to_owned(),
        28 => "Formulir diterima sebelum pukul 13.00 hari pemungutan suara, atau dibaca sebelum hari itu."
            .to_owned(),
        other => format!("Aturan R{other:02} tidak terpenuhi."),
    }
}

/// Most options that a message names.
const NAMED_MAX: usize = 5;

fn number(count: Option<u32>) -> String {
    count.map_or_else(|| "(kosong)".to_owned(), |count| grouped(u64::from(count)))
}

fn sum(counts: &[Option<u32>]) -> u64 {
    counts.iter().flatten().fold(0, |sum, count| sum.saturating_add(u64::from(*count)))
}

/// The columns of a row with their words.
const fn columns(people: People) -> [(&'static str, u32); 3] {
    [("laki-laki", people.male), ("perempuan", people.female), ("jumlah", people.total)]
}

fn sentence(intro: &str, parts: &[String]) -> String {
    format!("{intro}: {}.", parts.join("; "))
}

fn turnout_sums(form: &Form) -> String {
    let Some(turnout) = form.turnout else { return "Pengguna hak pilih tidak diketahui.".to_owned() };
    let mut parts = Vec::new();
    let rows = columns(turnout.dpt).into_iter().zip(columns(turnout.dptb)).zip(columns(turnout.dpk));
    for (((dpt, dptb), dpk), total) in rows.zip(columns(turnout.total)) {
        let added = sum(&[Some(dpt.1), Some(dptb.1), Some(dpk.1)]);
        if added != u64::from(total.1) {
            parts.push(format!(
                "{} {} + {} + {} = {}, tertulis {}",
                dpt.0,
                grouped(u64::from(dpt.1)),
                grouped(u64::from(dptb.1)),
                grouped(u64::from(dpk.1)),
                grouped(added),
                grouped(u64::from(total.1))
            ));
        }
    }
    sentence("Pengguna DPT, DPTb, dan DPK tidak menjumlah ke jumlah pengguna hak pilih", &parts)
}

/// The six rows of the form that have columns.
fn rows(form: &Form) -> Vec<(&'static str, People)> {
    let mut rows = Vec::new();
    rows.extend(form.registered.map(|people| ("DPT", people)));
    if let Some(turnout) = form.turnout {
        rows.push(("pengguna DPT", turnout.dpt));
        rows.push(("pengguna DPTb", turnout.dptb));
        rows.push(("pengguna DPK", turnout.dpk));
        rows.push(("jumlah pengguna hak pilih", turnout.total));
    }
    rows.extend(form.disabled.map(|people| ("pemilih disabilitas", people)));
    rows
}

fn row_sums(form: &Form) -> String {
    let mut parts = Vec::new();
    for (name, people) in rows(form) {
        let added = sum(&[Some(people.male), Some(people.female)]);
        if added != u64::from(people.total) {
            parts.push(format!(
                "{name} {} + {} = {}, tertulis {}",
                grouped(u64::from(people.male)),
                grouped(u64::from(people.female)),
                grouped(added),
                grouped(u64::from(people.total))
            ));
        }
    }
    sentence("Laki-laki ditambah perempuan tidak sama dengan jumlah", &parts)
}

fn ballot_sums(form: &Form) -> String {
    let Some(ballots) = form.ballots else { return "Surat suara tidak diketahui.".to_owned() };
    let added = sum(&[Some(ballots.used), Some(ballots.returned), Some(ballots.unused)]);
    format!(
        "Surat suara diterima {} tidak sama dengan digunakan {} + dikembalikan {} + tidak digunakan {} = {}.",
        grouped(u64::from(ballots.received)),
        grouped(u64::from(ballots.used)),
        grouped(u64::from(ballots.returned)),
        grouped(u64::from(ballots.unused)),
        grouped(added)
    )
}

fn users_beyond_roll(form: &Form) -> String {
    let (Some(turnout), Some(registered)) = (form.turnout, form.registered) else {
        return "Pengguna DPT melebihi DPT.".to_owned();
    };
    let mut parts = Vec::new();
    for (used, roll) in columns(turnout.dpt).into_iter().zip(columns(registered)) {
        if used.1 > roll.1 {
            let (users, voters) = (grouped(u64::from(used.1)), grouped(u64::from(roll.1)));
            parts.push(format!("{} {users} dari {voters}", used.0));
        }
    }
    sentence("Pengguna hak pilih dalam DPT melebihi DPT", &parts)
}

fn beyond_ballots(form: &Form) -> String {
    let total = number(form.total);
    if let Some(ballots) = form.ballots {
        let received = grouped(u64::from(ballots.received));
        return format!("Jumlah suara {total} melebihi surat suara diterima {received}.");
    }
    let roll = form.registered.map_or(0, |registered| u64::from(registered.total));
    let spare = roll.saturating_mul(2).div_ceil(100);
    let limit = grouped(roll.saturating_add(spare));
    format!("Jumlah suara {total} melebihi DPT beserta cadangan 2 persen, yaitu {limit}.")
}

fn crowded(subject: Subject<'_>) -> String {
    let form = subject.form;
    let mut parts = Vec::new();
    if let Some(registered) = form.registered.filter(|registered| registered.total > 300) {
        parts.push(format!("DPT {} (batas 300)", grouped(u64::from(registered.total))));
    }
    if form.votes_sum() > 306 {
        parts.push(format!("jumlah suara semua pilihan {} (batas 306)", grouped(form.votes_sum())));
    }
    for (option, votes) in subject.contest.options.iter().zip(&form.votes).filter(|(_, votes)| **votes > 300)
    {
        parts.push(format!("suara {} {} (batas 300)", option.name, grouped(u64::from(*votes))));
    }
    sentence("Angka terlalu besar untuk satu TPS", &parts)
}

fn empty(form: &Form) -> String {
    let users = form.turnout.map_or(0, |turnout| turnout.total.total);
    if users > 0 {
        let users = grouped(u64::from(users));
        return format!("Jumlah suara {} padahal pengguna hak pilih {users}.", number(form.total));
    }
    "Semua isian formulir adalah 0.".to_owned()
}

fn turnout(form: &Form) -> String {
    let roll = form.registered.map_or(0, |registered| registered.total);
    let voted = form.turnout.map_or(0, |turnout| turnout.total.total);
    let words = if voted >= roll { "tidak kurang dari DPT" } else { "kurang dari 30 persen DPT" };
    format!("Pengguna hak pilih {} {words} {}.", grouped(u64::from(voted)), grouped(u64::from(roll)))
}

fn invalid_or_special(form: &Form) -> String {
    let mut parts = Vec::new();
    if let (Some(invalid), Some(total)) = (form.invalid, form.total)
        && u64::from(invalid).saturating_mul(10) > u64::from(total)
    {
        let (invalid, total) = (grouped(u64::from(invalid)), grouped(u64::from(total)));
        parts.push(format!("suara tidak sah {invalid} dari {total}"));
    }
    if let (Some(turnout), Some(registered)) = (form.turnout, form.registered)
        && u64::from(turnout.dpk.total).saturating_mul(10) > u64::from(registered.total)
    {
        let (special, roll) = (grouped(u64::from(turnout.dpk.total)), grouped(u64::from(registered.total)));
        parts.push(format!("pengguna DPK {special} dengan DPT {roll}"));
    }
    sentence("Lebih dari 10 persen", &parts)
}

fn unlike_village(flag: &rules::Flag, subject: Subject<'_>) -> String {
    let named = |position: usize| {
        let option = subject.contest.options.get(position)?;
        let votes = subject.form.votes.get(position)?;
        Some(format!("{} {}", option.name, grouped(u64::from(*votes))))
    };
    let parts: Vec<String> =
        flag.fields.iter().filter_map(|field| named(field.option_position()?)).take(NAMED_MAX).collect();
    sentence("Bagian suara jauh berbeda dari TPS lain di kelurahan ini", &parts)
}

fn same_elsewhere(flag: &rules::Flag) -> String {
    match flag.severity {
        rules::Severity::Hold => "Foto yang sama sudah dipakai untuk TPS lain.".to_owned(),
        rules::Severity::Note | rules::Severity::Confirm => {
            "Semua angka sama dengan formulir TPS lain di kelurahan ini.".to_owned()
        }
    }
}

/// What is wrong with the places of a form that cannot be what the paper says.
#[must_use]
pub fn form_problems(problems: &[FormProblem], subject: Subject<'_>) -> Vec<FieldError> {
    problems.iter().map(|problem| form_problem(*problem, subject)).collect()
}

fn form_problem(problem: FormProblem, subject: Subject<'_>) -> FieldError {
    let (pointer, detail) = match problem {
        FormProblem::CountTooLarge { field, count_max } => (
            format!("/form{}", pointer(field, subject.contest)),
            format!("Kotak ini paling besar {} (R03).", grouped(u64::from(count_max))),
        ),
        FormProblem::PartMissing(field) => {
            let place = pointer(field, subject.contest);
            let part = place.split('/').nth(1).unwrap_or_default();
            (format!("/form/{part}"), "Bagian ini harus diisi.".to_owned())
        }
        FormProblem::OptionsDiffer => {
            ("/form/votes".to_owned(), "Harus ada tepat satu angka untuk setiap pilihan.".to_owned())
        }
        FormProblem::ReasonTooLong => ("/reason".to_owned(), "Alasan paling panjang 2.000 bita.".to_owned()),
        FormProblem::TooManyAttachments => {
            ("/attachments".to_owned(), "Lampiran paling banyak 16.".to_owned())
        }
    };
    FieldError { pointer, detail }
}

#[cfg(test)]
mod tests {
    use tally::contest::{Contest, ContestOption};
    use tally::form::{Ballots, Turnout};
    use tally::ids::ContestId;
    use tally::region::{RegionCode, StationCode};
    use tally::rules::{Flag, RuleId, Severity};
    use tally::station::{Station, StationKind};

    use super::*;

    fn check(rule: u8, form: &Form, expected: &str) {
        let option = |id: &str, name: &str, order| ContestOption {
            id: id.to_owned(),
            name: name.to_owned(),
            order,
            color: None,
            party: None,
        };
        let contest = Contest {
            id: ContestId::parse("ppwp").expect("an identifier"),
            name: "Presiden".to_owned(),
            kind: "ppwp".to_owned(),
            regions: vec![RegionCode::NATION],
            partial_forms: true,
            photo_required: false,
            reason_required: false,
            poll_day: None,
            options: vec![option("100025", "Satu", 1), option("100026", "Dua", 2)],
            exemptions: Vec::new(),
            index: 1,
        };
        let station = Station {
            code: StationCode::parse("3175091001087").expect("a code"),
            kind: StationKind::Home,
            name: None,
            registered: Some(250),
            index: 1,
        };
        let flag = Flag {
            rule: RuleId::new(rule).expect("a rule"),
            severity: Severity::Confirm,
            fields: Vec::new(),
        };
        assert_eq!(message(&flag, Subject { form, contest: &contest, station: &station }), expected);
    }

    fn people(male: u32, female: u32, total: u32) -> People {
        People { male, female, total }
    }

    #[test]
    fn every_rule_says_its_numbers() {
        let form = Form {
            registered: Some(people(700, 600, 1_301)),
            turnout: Some(Turnout {
                dpt: people(800, 1, 801),
                dptb: people(1, 1, 2),
                dpk: people(0, 0, 0),
                total: people(801, 3, 803),
            }),
            ballots: Some(Ballots { received: 310, used: 300, returned: 1, unused: 2 }),
            disabled: Some(people(0, 0, 0)),
            votes: vec![44, 799],
            valid: Some(230),
            invalid: Some(4),
            total: Some(235),
        };
        check(7, &form, "Jumlah suara semua pilihan 843 tidak sama dengan suara sah 230.");
        check(
            8,
            &form,
            "Suara sah 230 ditambah suara tidak sah 4 adalah 234, tidak sama dengan jumlah suara 235.",
        );
        check(9, &form, "Jumlah suara 235 tidak sama dengan jumlah pengguna hak pilih 803.");
        check(10, &form, "Jumlah suara 235 tidak sama dengan surat suara digunakan 300.");
        check(
            11,
            &form,
            "Pengguna DPT, DPTb, dan DPK tidak menjumlah ke jumlah pengguna hak pilih: perempuan 1 + 1 + 0 = 2, tertulis 3.",
        );
        check(
            12,
            &form,
            "Laki-laki ditambah perempuan tidak sama dengan jumlah: DPT 700 + 600 = 1.300, tertulis 1.301; jumlah pengguna hak pilih 801 + 3 = 804, tertulis 803.",
        );
        check(
            13,
            &form,
            "Surat suara diterima 310 tidak sama dengan digunakan 300 + dikembalikan 1 + tidak digunakan 2 = 303.",
        );
        check(14, &form, "Pengguna hak pilih dalam DPT melebihi DPT: laki-laki 800 dari 700.");
        check(15, &form, "Jumlah suara 235 melebihi surat suara diterima 310.");
        check(16, &form, "DPT di formulir 1.301 tidak sama dengan DPT di daftar 250.");
        check(
            17,
            &form,
            "Angka terlalu besar untuk satu TPS: DPT 1.301 (batas 300); jumlah suara semua pilihan 843 (batas 306); suara Dua 799 (batas 300).",
        );
        check(21, &form, "Jumlah suara 235 padahal pengguna hak pilih 803.");
        check(21, &Form::default(), "Semua isian formulir adalah 0.");
        let bare = Form { registered: form.registered, total: Some(1_400), ..Form::default() };
        check(15, &bare, "Jumlah suara 1.400 melebihi DPT beserta cadangan 2 persen, yaitu 1.328.");
    }
}
