//! Whether a page of results adds up within itself.
//!
//! Invariant: what is published was counted again here, from its own rows.

use api::dto::results::{Progress, ResultChild, ResultsPage, Totals};

/// Sums over rows.
#[derive(Default)]
struct Sums {
    votes: Vec<u64>,
    others: [u64; 5],
    progress: [u64; 5],
}

fn add<'n>(sums: &mut [u64], more: impl IntoIterator<Item = &'n u64>) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

const fn others(totals: &Totals) -> [u64; 5] {
    [totals.valid, totals.invalid, totals.total, totals.registered, totals.turnout]
}

const fn counts(progress: &Progress) -> [u64; 5] {
    [progress.reported, progress.held, progress.flagged, progress.partial, progress.certified]
}

impl Sums {
    fn add_totals(&mut self, totals: &Totals) {
        add(&mut self.votes, totals.votes.0.iter().map(|(_, votes)| votes));
        add(&mut self.others, &others(totals));
    }
}

/// Checks the sums of a page against its rows; what is wrong where they differ.
pub(super) fn check(page: &ResultsPage) -> Result<(), &'static str> {
    let options = page.totals.votes.0.iter();
    let mut sums = Sums { votes: vec![0; options.len()], ..Sums::default() };
    let named = |totals: &Totals| {
        totals.votes.0.iter().map(|(option, _)| option).eq(page
            .totals
            .votes
            .0
            .iter()
            .map(|(option, _)| option))
    };
    let mut stations = false;
    for child in &page.children {
        match child {
            ResultChild::Region(line) => {
                if !named(&line.totals) {
                    return Err("votes");
                }
                sums.add_totals(&line.totals);
                add(&mut sums.progress, &counts(&line.progress));
            }
            ResultChild::Station(line) => {
                stations = true;
                if let Some(totals) = &line.totals {
                    if !named(totals) {
                        return Err("votes");
                    }
                    sums.add_totals(totals);
                }
                let reported = u64::from(line.revision > 0);
                let held = u64::from(line.state == "held");
                add(&mut sums.progress, &[reported, held]);
            }
        }
    }
    let own = counts(&page.progress);
    // Rows of stations do not tell all that regions' do.
    let told = if stations { 2 } else { own.len() };
    let progress = sums.progress.iter().zip(&own).take(told).all(|(sum, own)| sum == own);
    let votes = page.totals.votes.0.iter().map(|(_, votes)| votes).eq(&sums.votes);
    match (votes, sums.others == others(&page.totals), progress) {
        (false, _, _) => Err("votes"),
        (true, false, _) => Err("totals"),
        (true, true, false) => Err("progress"),
        (true, true, true) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> ResultsPage {
        let totals = |votes: u64| {
            let all = votes.saturating_add(1);
            serde_json::json!({"votes": {"1": votes, "2": 1}, "valid": all, "invalid": 0, "total": all,
                "registered": 9, "turnout": all})
        };
        let sum = serde_json::json!({"votes": {"1": 12, "2": 2}, "valid": 14, "invalid": 0, "total": 14,
            "registered": 18, "turnout": 14});
        let progress = |reported: u64| {
            serde_json::json!({"stations": 3, "reported": reported, "held": 0, "flagged": 0, "partial": 0,
                "certified": 0, "registered": null, "updated_at": null})
        };
        let row = |code: &str, votes: u64| {
            serde_json::json!({"code": code, "name": code, "version": 1, "progress": progress(1),
                "totals": totals(votes)})
        };
        let page = serde_json::json!({"contest": "ppwp",
            "region": {"code": "0", "name": "I", "level": "nation", "path": []},
            "as_of": {"index": 5, "at": null, "version": 2}, "progress": progress(2), "totals": sum,
            "children": [row("31", 5), row("32", 7)], "next_poll_ms": 15000});
        serde_json::from_value(page).expect("a page")
    }

    #[test]
    fn a_page_that_adds_up_is_taken_and_one_vote_more_is_not() {
        let mut page = page();
        assert_eq!(check(&page), Ok(()));
        page.totals.votes.0[0].1 += 1;
        assert_eq!(check(&page), Err("votes"));
        page.totals.votes.0[0].1 -= 1;
        page.totals.registered -= 1;
        assert_eq!(check(&page), Err("totals"));
        page.totals.registered += 1;
        page.progress.reported += 1;
        assert_eq!(check(&page), Err("progress"));
    }
}
