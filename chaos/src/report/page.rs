//! The page.
//!
//! Invariant: the first line says whether the promises were kept; texts from outside are escaped by the template.

use std::io;

use askama::Template;

use super::drawing::Drawing;
use super::{Ended, Story};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    story: &'a Story,
    drawing: Drawing,
    /// `kept`, `broken` or `open`.
    outcome: &'static str,
    sentence: String,
    figures: Vec<(String, String)>,
}

pub(super) fn render(story: &Story) -> io::Result<String> {
    let (outcome, sentence) = sentence(story);
    let page = Page { story, drawing: Drawing::of(story), outcome, sentence, figures: figures(story) };
    page.render().map_err(io::Error::other)
}

fn sentence(story: &Story) -> (&'static str, String) {
    let of = |kept: Option<bool>| story.verdicts.iter().filter(|verdict| verdict.kept == kept).count();
    match story.kept() {
        Some(true) => ("kept", format!("All {} promises were kept.", story.verdicts.len())),
        Some(false) => {
            ("broken", format!("{} of {} promises broken.", of(Some(false)), story.verdicts.len()))
        }
        None => ("open", format!("{} of {} promises could not be judged.", of(None), story.verdicts.len())),
    }
}

fn figures(story: &Story) -> Vec<(String, String)> {
    let availability = story.availability();
    let ended = |ended: Ended| story.operations.iter().filter(|operation| operation.ended == ended).count();
    let mut figures = vec![
        ("took".to_owned(), format!("{} s", story.took_us.div_euclid(1_000_000))),
        ("writes were answered".to_owned(), format!("{} % of the time", availability.percent())),
        ("longest wait".to_owned(), format!("{} ms", availability.longest_us().div_euclid(1_000))),
        ("waits over 100 ms".to_owned(), availability.gaps.len().to_string()),
        ("operations done".to_owned(), ended(Ended::Done).to_string()),
        ("refused".to_owned(), ended(Ended::Refused).to_string()),
        ("outcome unknown".to_owned(), ended(Ended::Unknown).to_string()),
    ];
    figures.extend(story.numbers.iter().cloned());
    figures
}
