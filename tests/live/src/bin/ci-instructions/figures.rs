//! Instructions for each call of a hook: those that are kept in the repository, and a comparison.

use std::collections::BTreeMap;
use std::fmt;

use crate::callgrind::Count;

/// A hook may take so many per cent more. Another C library, whose functions are counted too, needs
/// no more than that.
pub const TOLERANCE: u64 = 10;
/// The smallest hooks may take so many instructions more.
const A_FEW: u64 = 8;
/// The one that is no hook: our own thread, from its start to its end.
const THREAD: &str = "ack_receiver";
/// So often the thread reads an acknowledgement: once for each call of this hook.
const ONCE_FOR_EACH: &str = "after_flush";

/// Instructions for each call, by side and hook.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Figures(BTreeMap<String, u64>);

/// What came of a comparison.
pub struct Compared {
    /// All hooks, for people.
    pub lines: Vec<String>,
    /// What is wrong, a sentence each.
    pub worse: Vec<String>,
}

impl Figures {
    /// The counts of one more run: the least count of all runs is kept.
    pub fn add(&mut self, side: &str, counts: &BTreeMap<String, Count>) {
        for (hook, count) in counts {
            let calls = match hook.as_str() {
                THREAD => counts.get(ONCE_FOR_EACH).map_or(1, |other| other.calls),
                _ => count.calls,
            };
            let each = count.instructions.div_ceil(calls.max(1));
            let least = self.0.entry(format!("{side} {hook}")).or_insert(each);
            *least = each.min(*least);
        }
    }

    /// Err: the line that is no figure.
    pub fn parse(text: &str) -> Result<Figures, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let figure = |line: &str| {
            let (hook, number) = line.rsplit_once(' ')?;
            Some((hook.trim_end().to_owned(), number.parse().ok()?))
        };
        let figures = lines.map(|line| figure(line).ok_or_else(|| format!("'{line}'")));
        figures.collect::<Result<_, _>>().map(Figures)
    }

    /// What has changed from these figures to those of `now`.
    pub fn compare(&self, now: &Figures) -> Compared {
        let mut lines = Vec::new();
        let mut worse = Vec::new();
        for (hook, now) in &now.0 {
            let Some(kept) = self.0.get(hook) else {
                worse.push(format!(
                    "{hook} takes {now} instructions, and no figure is kept"
                ));
                continue;
            };
            let percent = (*now as f64 / (*kept).max(1) as f64 - 1.0) * 100.0;
            let mut line = format!("{hook:<44} {kept:>6} -> {now:>6}  {percent:>+6.1} %");
            if *now > allowed(*kept) {
                worse.push(format!(
                    "{hook} took {kept} instructions and takes {now} now, {percent:+.0} %"
                ));
                line.push_str("  too many");
            } else if *kept > allowed(*now) {
                line.push_str("  fewer: keep this figure (--accept)");
            }
            lines.push(line);
        }
        let gone = self.0.keys().filter(|hook| !now.0.contains_key(*hook));
        worse.extend(gone.map(|hook| format!("{hook} was not called")));
        Compared { lines, worse }
    }
}

fn allowed(kept: u64) -> u64 {
    kept + (kept * TOLERANCE / 100).max(A_FEW)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Instructions for each call of a hook, with all that it calls."
        )?;
        writeln!(
            f,
            "# Made by ci/instructions --accept, which says what is counted."
        )?;
        for (hook, number) in &self.0 {
            writeln!(f, "{hook:<44} {number:>6}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures<const N: usize>(of: [(&str, u64); N]) -> Figures {
        Figures(of.map(|(hook, number)| (hook.to_owned(), number)).into())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kept = figures([("source after_flush", 803), ("replica after_read_event", 9)]);
        assert_eq!(Figures::parse(&kept.to_string()), Ok(kept));
        assert_eq!(Figures::parse("nonsense"), Err("'nonsense'".to_owned()));
    }

    #[test]
    fn a_little_more_is_not_worse_and_clearly_more_is() {
        let kept = figures([("small", 40), ("large", 1000)]);
        let worse = |small, large| {
            kept.compare(&figures([("small", small), ("large", large)]))
                .worse
        };
        assert_eq!(worse(48, 1100), Vec::<String>::new());
        assert_eq!(worse(1, 1), Vec::<String>::new());
        let words = "large took 1000 instructions and takes 1101 now, +10 %";
        assert_eq!(worse(48, 1101), [words]);
        assert_eq!(worse(49, 1100).len(), 1);
    }

    #[test]
    fn a_hook_that_is_not_called_any_more_or_is_new_is_told() {
        let compared = figures([("old", 1)]).compare(&figures([("new", 1)]));
        assert_eq!(compared.worse.len(), 2);
    }

    #[test]
    fn the_threads_instructions_are_those_for_each_acknowledgement() {
        let count = |calls, instructions| Count {
            calls,
            instructions,
        };
        let counts = [("after_flush", count(4, 40)), (THREAD, count(1, 400))];
        let counts = counts.map(|(hook, count)| (hook.to_owned(), count));
        let mut now = Figures::default();
        now.add("source", &counts.into());
        // A second run, in which the thread met another.
        now.add("source", &[(THREAD.to_owned(), count(1, 900))].into());
        let expected = figures([("source after_flush", 10), ("source ack_receiver", 100)]);
        assert_eq!(now, expected);
    }
}
