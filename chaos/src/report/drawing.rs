//! The timeline: what nodes were, what was done to them, how many writes were answered and how fast.
//!
//! Invariant: all lanes share one scale of time; whole units of the drawing, no fractions.

use super::{Ended, Operation, Role, Story};

/// Width of the part that time runs through.
pub(super) const WIDTH: u64 = 1_080;
/// Left of it stand names.
pub(super) const LEFT: u64 = 110;
/// Height of a lane of a node.
const LANE: u64 = 26;
/// Height of the lanes of rate and latency.
const TALL: u64 = 90;
/// Columns of rate and latency.
const COLUMNS: u64 = 540;
/// Gaps with a label, the longest ones.
const LABELS_MAX: usize = 14;

/// A rectangle.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// A text.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawing {
    pub(super) bars: Vec<Bar>,
    pub(super) labels: Vec<Label>,
    pub(super) lines: Vec<(&'static str, String)>,
    pub(super) height: u64,
    pub(super) width: u64,
}

struct Scale(u64);

impl Scale {
    fn x(&self, at_us: u64) -> u64 {
        at_us.min(self.0).saturating_mul(WIDTH).checked_div(self.0).unwrap_or(0).saturating_add(LEFT)
    }

    fn width(&self, from_us: u64, to_us: u64) -> u64 {
        self.x(to_us).saturating_sub(self.x(from_us)).max(1)
    }

    fn column(&self, at_us: u64) -> usize {
        let column = at_us.min(self.0).saturating_mul(COLUMNS).checked_div(self.0).unwrap_or(0);
        usize::try_from(column.min(COLUMNS.saturating_sub(1))).unwrap_or(0)
    }
}

impl Drawing {
    pub(super) fn of(story: &Story) -> Self {
        let scale = Scale(story.took_us.max(1));
        let mut drawing = Self { width: WIDTH.saturating_add(LEFT).saturating_add(20), ..Self::default() };
        let mut y = 8;
        for (place, name) in story.nodes.iter().enumerate() {
            drawing.node(story, &scale, (place, name), y);
            y = y.saturating_add(LANE);
        }
        y = y.saturating_add(10);
        drawing.rate(story, &scale, y);
        y = y.saturating_add(TALL).saturating_add(14);
        drawing.latency(story, &scale, y);
        y = y.saturating_add(TALL);
        drawing.gaps(story, &scale, y);
        drawing.seconds(story.took_us, &scale, y.saturating_add(16));
        drawing.height = y.saturating_add(28);
        drawing
    }

    fn label(&mut self, x: u64, y: u64, class: &'static str, text: String) {
        self.labels.push(Label { x, y, class, text });
    }

    fn node(&mut self, story: &Story, scale: &Scale, (place, name): (usize, &String), y: u64) {
        self.label(LEFT.saturating_sub(8), y.saturating_add(15), "name", name.clone());
        for stretch in story.stretches.iter().filter(|stretch| stretch.node == place) {
            let class = match stretch.role {
                Role::Leader => "leader",
                Role::Follower => "follower",
                Role::Silent => "silent",
            };
            let (x, width) = (scale.x(stretch.from_us), scale.width(stretch.from_us, stretch.to_us));
            self.bars.push(Bar { x, y, width, height: 18, class, title: class.to_owned() });
        }
        for strike in story.strikes.iter().filter(|strike| strike.nodes.contains(&place)) {
            let (x, width) = (scale.x(strike.from_us), scale.width(strike.from_us, strike.to_us));
            let title = format!("{} at {} ms", strike.name, strike.from_us.div_euclid(1_000));
            let bar =
                Bar { x, y: y.saturating_add(13), width: width.max(3), height: 9, class: "fault", title };
            self.bars.push(bar);
        }
    }

    fn columns(story: &Story, scale: &Scale) -> Vec<Vec<u64>> {
        let mut columns = vec![Vec::new(); usize::try_from(COLUMNS).unwrap_or(0)];
        let done = |operation: &&Operation| operation.is_write() && operation.ended == Ended::Done;
        for write in story.operations.iter().filter(done) {
            if let Some(column) = columns.get_mut(scale.column(write.ended_us)) {
                column.push(write.ended_us.saturating_sub(write.called_us));
            }
        }
        for column in &mut columns {
            column.sort_unstable();
        }
        columns
    }

    fn rate(&mut self, story: &Story, scale: &Scale, y: u64) {
        let columns = Self::columns(story, scale);
        let most = columns.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let most_rate = u64::try_from(most).unwrap_or(0).saturating_mul(COLUMNS).saturating_mul(1_000_000);
        let most_rate = most_rate.checked_div(scale.0).unwrap_or(0);
        self.label(LEFT.saturating_sub(8), y.saturating_add(12), "name", "answered".to_owned());
        self.label(LEFT.saturating_sub(8), y.saturating_add(27), "unit", format!("top {most_rate}/s"));
        for (place, column) in (0_u64..).zip(&columns) {
            let share = u64::try_from(column.len()).unwrap_or(0).saturating_mul(TALL);
            let height = share.checked_div(u64::try_from(most).unwrap_or(1)).unwrap_or(0);
            if height > 0 {
                let x = place.saturating_mul(WIDTH).div_euclid(COLUMNS).saturating_add(LEFT);
                let top = y.saturating_add(TALL.saturating_sub(height));
                self.bars.push(Bar { x, y: top, width: 2, height, class: "rate", title: String::new() });
            }
        }
    }

    /// Latency on a scale in which each tenth of the height is twice the time below it, from 1 ms on.
    fn latency(&mut self, story: &Story, scale: &Scale, y: u64) {
        self.label(LEFT.saturating_sub(8), y.saturating_add(12), "name", "latency".to_owned());
        for (exponent, text) in [(0, "1 ms"), (4, "16 ms"), (7, "128 ms"), (10, "1 s")] {
            let line = y.saturating_add(TALL).saturating_sub(u64::saturating_mul(exponent, 9));
            self.label(LEFT.saturating_sub(8), line, "unit", text.to_owned());
        }
        let columns = Self::columns(story, scale);
        for (class, percent) in [("middle", 50), ("worst", 100)] {
            let points = (0_u64..).zip(&columns).filter_map(|(place, column)| {
                let rank = column.len().saturating_mul(percent).div_ceil(100).checked_sub(1)?;
                let height = height_of(*column.get(rank)?);
                let x = place.saturating_mul(WIDTH).div_euclid(COLUMNS).saturating_add(LEFT);
                Some(format!("{x},{}", y.saturating_add(TALL).saturating_sub(height)))
            });
            let points: Vec<String> = points.collect();
            self.lines.push((class, points.join(" ")));
        }
    }

    fn gaps(&mut self, story: &Story, scale: &Scale, bottom: u64) {
        let mut gaps = story.availability().gaps;
        for gap in &gaps {
            let (x, width) = (scale.x(gap.from_us), scale.width(gap.from_us, gap.to_us).max(2));
            let title = format!("nobody answered for {} ms", gap.length_us().div_euclid(1_000));
            self.bars.push(Bar { x, y: 4, width, height: bottom.saturating_sub(4), class: "gap", title });
        }
        gaps.sort_unstable_by_key(|gap| std::cmp::Reverse(gap.length_us()));
        for gap in gaps.iter().take(LABELS_MAX) {
            let text = gap.length_us().div_euclid(1_000).to_string();
            self.label(scale.x(gap.from_us), bottom.saturating_sub(2), "length", text);
        }
    }

    fn seconds(&mut self, took_us: u64, scale: &Scale, y: u64) {
        let step = took_us.div_euclid(10_000_000).max(1);
        let last = took_us.div_euclid(1_000_000);
        let mut second = 0;
        while second <= last {
            self.label(scale.x(second.saturating_mul(1_000_000)), y, "second", format!("{second} s"));
            second = second.saturating_add(step);
        }
    }
}

/// Nine units for each doubling above one millisecond.
fn height_of(latency_us: u64) -> u64 {
    let thousandths = latency_us.saturating_mul(1_000).div_euclid(1_000).max(1_000);
    let whole = u64::from(thousandths.div_euclid(1_000).max(1).ilog2());
    let floor = 1_000_u64.saturating_mul(1_u64.checked_shl(u32::try_from(whole).unwrap_or(0)).unwrap_or(1));
    let part = thousandths.saturating_sub(floor).saturating_mul(9).checked_div(floor).unwrap_or(0);
    whole.saturating_mul(9).saturating_add(part.min(8)).min(TALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_slow_is_nine_units_higher() {
        assert_eq!(height_of(10), 0);
        assert_eq!(height_of(1_000), 0);
        assert_eq!(height_of(2_000), 9);
        assert_eq!(height_of(3_000), 13);
        assert_eq!(height_of(1_024_000), 90);
        assert_eq!(height_of(u64::MAX), 90);
    }

    #[test]
    fn time_is_never_drawn_outside() {
        let scale = Scale(1_000);
        assert_eq!((scale.x(0), scale.x(1_000), scale.x(9_000)), (LEFT, LEFT + WIDTH, LEFT + WIDTH));
        assert_eq!(scale.column(9_000), usize::try_from(COLUMNS - 1).unwrap());
    }
}
