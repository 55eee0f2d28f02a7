//! From the turns of all sides to the figures that are told: each side's median, and for each
//! figure how the candidate stands to the base.

use std::collections::BTreeSet;

use crate::figures::{self, Better, Meaning, SHARES};
use crate::ratio::{self, Interval, Verdict, median};
use crate::turns::{Turns, values};

/// The parts that sides play, by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Roles {
    /// The side without semi-sync, whose latency is taken off to get the share.
    pub reference: Option<usize>,
    pub base: usize,
    pub candidate: usize,
}

/// One figure of one cell.
#[derive(Clone, Debug)]
pub struct Line {
    pub key: String,
    pub meaning: Meaning,
    /// Of each side; `None`: it has no such figure.
    pub medians: Vec<Option<f64>>,
    /// Of each side, turn by turn.
    pub turns: Vec<Option<Vec<f64>>>,
    /// The candidate's by the base's. `None`: there is nothing to divide by.
    pub ratio: Option<Interval>,
}

impl Line {
    /// In words: what the ratio says of the candidate.
    pub fn verdict(&self) -> &'static str {
        let Some(ratio) = self.ratio else {
            return "no ratio";
        };
        let of_time = self.key.ends_with("_us") && !self.key.contains('.');
        match (ratio.verdict(), self.meaning.better) {
            (Verdict::Same, _) => "no difference",
            (Verdict::Above, Better::More) => "faster",
            (Verdict::Below, Better::More) => "slower",
            (Verdict::Above, Better::Less) if of_time => "slower",
            (Verdict::Below, Better::Less) if of_time => "faster",
            (Verdict::Above, Better::Less) => "more",
            (Verdict::Below, Better::Less) => "less",
        }
    }
}

/// All figures of the turns, in the order in which they are told.
pub fn lines(turns: &Turns, roles: Roles) -> Vec<Line> {
    let sides = turns.first().map_or(0, Vec::len);
    let keys: BTreeSet<&String> = turns
        .iter()
        .flatten()
        .flat_map(|side| side.keys())
        .collect();
    let mut lines: Vec<Line> = keys
        .into_iter()
        .filter_map(|key| {
            let meaning = figures::meaning(key)?;
            let of_sides: Vec<_> = (0..sides).map(|side| values(turns, side, key)).collect();
            let ratio = match (&of_sides[roles.candidate], &of_sides[roles.base]) {
                (Some(candidate), Some(base)) => ratio::of_turns(candidate, base),
                _ => None,
            };
            Some(Line {
                key: key.clone(),
                meaning,
                medians: of_sides.iter().map(|all| all.clone().map(median)).collect(),
                turns: of_sides,
                ratio,
            })
        })
        .collect();
    lines.extend(SHARES.iter().filter_map(|of| share(turns, roles, *of)));
    lines.sort_by_key(|line| figures::order(&line.key));
    lines
}

/// What semi-sync adds to a figure: that of a side less that without semi-sync, turn by turn.
fn share(turns: &Turns, roles: Roles, (key, share): (&str, &str)) -> Option<Line> {
    let reference = values(turns, roles.reference?, key)?;
    let sides = turns.first().map_or(0, Vec::len);
    let of = |side: usize| values(turns, side, key);
    let of_sides: Vec<_> = (0..sides)
        .map(|side| {
            let all = of(side).filter(|_| Some(side) != roles.reference)?;
            Some(all.iter().zip(&reference).map(|(a, b)| a - b).collect())
        })
        .collect();
    Some(Line {
        key: share.to_owned(),
        meaning: figures::meaning(share)?,
        medians: of_sides.iter().map(|all| all.clone().map(median)).collect(),
        turns: of_sides,
        ratio: ratio::of_differences(&of(roles.candidate)?, &of(roles.base)?, &reference),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::SHARE;
    use crate::turns::Figures;

    fn turn(means: [f64; 3]) -> Vec<Figures> {
        let figures = |mean: f64| {
            let per_second = 1e6 / mean;
            Figures::from([
                ("mean_us".to_owned(), mean),
                ("tx_per_second".to_owned(), per_second),
            ])
        };
        means.map(figures).into()
    }

    const ROLES: Roles = Roles {
        reference: Some(0),
        base: 1,
        candidate: 2,
    };

    #[test]
    fn the_candidate_is_compared_with_the_base_in_each_turn() {
        // The machine slows down; each turn says the same nevertheless.
        let turns: Turns = (0..9)
            .map(|slow| 1.0 + f64::from(slow))
            .map(|slow| turn([100.0 * slow, 200.0 * slow, 150.0 * slow]))
            .collect();
        let lines = lines(&turns, ROLES);
        let keys: Vec<&str> = lines.iter().map(|line| line.key.as_str()).collect();
        assert_eq!(keys, ["tx_per_second", "mean_us", SHARE]);
        let verdicts: Vec<&str> = lines.iter().map(Line::verdict).collect();
        assert_eq!(verdicts, ["faster"; 3]);
        let ratio = lines[1].ratio.expect("a ratio");
        assert!((ratio.low - 0.75).abs() < 1e-9 && (ratio.high - 0.75).abs() < 1e-9);
        assert_eq!(lines[1].medians, [Some(500.0), Some(1000.0), Some(750.0)]);
        assert_eq!(lines[2].medians, [None, Some(500.0), Some(250.0)]);
    }

    #[test]
    fn a_figure_that_a_side_lacks_has_no_ratio() {
        let mut turns: Turns = vec![turn([1.0, 2.0, 3.0])];
        turns[0][1].remove("mean_us");
        let lines = lines(&turns, ROLES);
        let mean = lines.iter().find(|line| line.key == "mean_us");
        assert_eq!(mean.expect("a line").verdict(), "no ratio");
    }
}
