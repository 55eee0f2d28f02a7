//! From the turns' own figures to one figure with its interval, and to a verdict.
//!
//! The interval is a percentile bootstrap of 95 %: turns are drawn again and again, with
//! repetition, and the statistic of each such drawing is noted; what lies between 2.5 % and 97.5 %
//! of the notes is the interval. The seed is fixed, so the same turns give the same interval.

use std::fmt;

use semisync_live_tests::Dice;

/// With fewer turns there is no interval: between the least and the greatest of five values the
/// median lies in less than 95 of 100 cases.
pub const FEWEST: usize = 6;
const DRAWINGS: usize = 4000;
const SEED: u64 = 20_261_126;

/// A statistic with the ends of its interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The interval holds 1.00.
    Same,
    Above,
    Below,
}

impl Interval {
    /// Of a ratio: on which side of 1.00 the whole interval lies.
    pub fn verdict(&self) -> Verdict {
        if self.low > 1.0 {
            Verdict::Above
        } else if self.high < 1.0 {
            Verdict::Below
        } else {
            Verdict::Same
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { median, low, high } = self;
        write!(f, "{median:.3} ({low:.3} to {high:.3})")
    }
}

/// The median of the turns' own ratios. Turns in which the divisor is 0 have no ratio; where those
/// are a tenth of all or more, there is no median either.
pub fn of_turns(dividends: &[f64], divisors: &[f64]) -> Option<Interval> {
    let pairs = dividends.iter().zip(divisors);
    let pairs = pairs.filter(|(_, divisor)| **divisor > 0.0);
    let ratios: Vec<f64> = pairs.map(|(a, b)| a / b).collect();
    if ratios.len() * 10 <= divisors.len() * 9 {
        return None;
    }
    bootstrap(ratios.len(), |turns| {
        median(turns.iter().map(|turn| ratios[*turn]).collect())
    })
}

/// The ratio of two differences: what `a` has more than `base`, by what `b` has more. The two
/// medians are divided, since the difference of a single turn can be near 0. `None` where the
/// divisor's interval is not all above 0: then there is nothing to compare with.
pub fn of_differences(a: &[f64], b: &[f64], base: &[f64]) -> Option<Interval> {
    let more = |of: &[f64]| -> Vec<f64> { of.iter().zip(base).map(|(x, y)| x - y).collect() };
    let (dividends, divisors) = (more(a), more(b));
    let of = |values: &[f64], turns: &[usize]| median(turns.iter().map(|t| values[*t]).collect());
    let divisor = bootstrap(base.len(), |turns| of(&divisors, turns))?;
    if divisor.low <= 0.0 {
        return None;
    }
    bootstrap(base.len(), |turns| {
        of(&dividends, turns) / of(&divisors, turns)
    })
}

/// The statistic of all turns, with its interval. A statistic is a function of the turns that were
/// drawn, by their numbers. `None`: the turns are too few.
fn bootstrap(turns: usize, statistic: impl Fn(&[usize]) -> f64) -> Option<Interval> {
    if turns < FEWEST {
        return None;
    }
    let all: Vec<usize> = (0..turns).collect();
    let mut dice = Dice::of(SEED);
    let mut drawn = all.clone();
    let mut notes: Vec<f64> = (0..DRAWINGS)
        .map(|_| {
            drawn.fill_with(|| dice.index(turns));
            statistic(&drawn)
        })
        .collect();
    notes.sort_by(f64::total_cmp);
    Some(Interval {
        median: statistic(&all),
        low: notes[DRAWINGS / 40],
        high: notes[DRAWINGS - 1 - DRAWINGS / 40],
    })
}

/// The middle value, or the mean of the two in the middle. NaN: there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normally distributed, by the sum of twelve dice.
    fn noise(dice: &mut Dice, deviation: f64) -> f64 {
        let die = |dice: &mut Dice| dice.index(1_000_000) as f64 / 1e6;
        let sum: f64 = (0..12).map(|_| die(dice)).sum();
        (sum - 6.0) * deviation
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn turns_without_noise_have_an_interval_without_width() {
        let divisors = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let dividends = divisors.map(|divisor| 2.0 * divisor);
        let interval = of_turns(&dividends, &divisors).expect("an interval");
        let expected = Interval {
            median: 2.0,
            low: 2.0,
            high: 2.0,
        };
        assert_eq!(interval, expected);
        assert_eq!(interval.verdict(), Verdict::Above);
    }

    #[test]
    fn one_wild_turn_moves_neither_the_median_nor_the_interval() {
        let mut dividends = vec![1.0; 21];
        dividends[7] = 1000.0;
        let interval = of_turns(&dividends, &[1.0; 21]).expect("an interval");
        assert_eq!(interval.median, 1.0);
        assert_eq!((interval.low, interval.high), (1.0, 1.0));
        assert_eq!(interval.verdict(), Verdict::Same);
    }

    /// The order statistics that bound the median of 25 values with 95 % are the 8th and the 18th
    /// (binomial distribution); the bootstrap of a median can differ from them by one.
    #[test]
    fn the_interval_of_a_median_is_near_the_one_that_tables_give() {
        let values: Vec<f64> = (1..=25).map(f64::from).collect();
        let interval = of_turns(&values, &[1.0; 25]).expect("an interval");
        assert_eq!(interval.median, 13.0);
        assert!((7.0..=9.0).contains(&interval.low), "{interval}");
        assert!((17.0..=19.0).contains(&interval.high), "{interval}");
    }

    #[test]
    fn the_interval_holds_the_truth_in_about_95_of_100_experiments() {
        let mut dice = Dice::of(1);
        let experiments = 300;
        let held = (0..experiments).filter(|_| {
            let dividends: Vec<f64> = (0..30).map(|_| 1.0 + noise(&mut dice, 0.05)).collect();
            of_turns(&dividends, &[1.0; 30])
                .expect("an interval")
                .verdict()
                == Verdict::Same
        });
        let held = held.count() * 100 / experiments;
        assert!((90..=99).contains(&held), "{held} %");
    }

    #[test]
    fn a_difference_as_large_as_the_noise_is_found() {
        let mut dice = Dice::of(2);
        let dividends: Vec<f64> = (0..30).map(|_| 0.95 + noise(&mut dice, 0.05)).collect();
        let interval = of_turns(&dividends, &[1.0; 30]).expect("an interval");
        assert_eq!(interval.verdict(), Verdict::Below, "{interval}");
    }

    #[test]
    fn a_share_is_what_lies_above_the_base() {
        let base = [100.0, 110.0, 90.0, 105.0, 95.0, 100.0];
        let (ours, stock) = (base.map(|base| base + 50.0), base.map(|base| base + 100.0));
        let interval = of_differences(&ours, &stock, &base).expect("an interval");
        assert_eq!(
            (interval.low, interval.median, interval.high),
            (0.5, 0.5, 0.5)
        );
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let mut divisors = vec![1.0; 8];
        divisors[3] = 0.0;
        assert_eq!(of_turns(&[2.0; 8], &divisors), None);
        let mut divisors = vec![1.0; 20];
        divisors[3] = 0.0;
        assert!(of_turns(&[2.0; 20], &divisors).is_some_and(|ratio| ratio.median == 2.0));
        assert_eq!(of_turns(&[1.0; FEWEST - 1], &[1.0; FEWEST - 1]), None);
        let stock = [99.0, 101.0, 100.0, 99.0, 101.0, 100.0];
        assert_eq!(of_differences(&[150.0; 6], &stock, &[100.0; 6]), None);
    }
}
