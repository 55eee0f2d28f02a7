//! What all commits of a side have in common: medians and quartiles of their hops.

use serde_json::{Value, json};

use crate::hops::commit::{CHAIN, Commit, Moment, SHORT_CHAIN};
use crate::ratio::{self, Interval, Verdict};

/// The middle of many values, and where the middle half of them lies. Microseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quartiles {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Quartiles {
    fn of(mut values: Vec<u64>) -> Option<Quartiles> {
        values.sort_unstable();
        let last = values.len().checked_sub(1)?;
        let at = |quarters: usize| values[last * quarters / 4] as f64;
        Some(Quartiles {
            low: at(1),
            median: at(2),
            high: at(3),
        })
    }

    fn json(self) -> Value {
        json!([self.low, self.median, self.high])
    }
}

/// The commits of one side.
pub struct Figures {
    pub name: &'static str,
    pub waits: bool,
    /// The commits of each slice.
    pub slices: Vec<Vec<Commit>>,
    /// The mean of a commit's time for the client, in microseconds, traced and not.
    pub traced: f64,
    pub untraced: f64,
}

impl Figures {
    pub fn chain(&self) -> &'static [Moment] {
        if self.waits { &CHAIN } else { &SHORT_CHAIN }
    }

    pub fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.slices.iter().flatten()
    }

    /// When a moment comes, since the client asked. None: most commits have no such moment.
    pub fn at(&self, moment: Moment) -> Option<f64> {
        let times = self.commits().filter_map(|commit| commit.at(moment));
        let times: Vec<u64> = times.collect();
        let is_usual = 2 * times.len() > self.commits().count();
        Some(Quartiles::of(times).filter(|_| is_usual)?.median)
    }

    /// The hop that ends with the moment. None: it is none of this side's.
    pub fn hop(&self, end: Moment) -> Option<Quartiles> {
        let hops = self.commits().map(self.hop_of(end)?);
        Quartiles::of(hops.collect())
    }

    /// How long that hop of a commit took.
    fn hop_of(&self, end: Moment) -> Option<impl Fn(&Commit) -> u64 + use<>> {
        self.at(end)?;
        let chain = self.chain();
        let number = chain.iter().skip(1).position(|moment| *moment == end)?;
        Some(move |commit: &Commit| commit.hops(chain)[number])
    }

    /// The mean of each slice.
    fn means(&self, of: impl Fn(&Commit) -> u64) -> Vec<f64> {
        let mean = |slice: &Vec<Commit>| {
            slice.iter().map(&of).sum::<u64>() as f64 / slice.len().max(1) as f64
        };
        self.slices.iter().map(mean).collect()
    }

    /// From the client's question to its answer.
    pub fn whole(&self) -> Option<Quartiles> {
        let whole = self.commits().filter_map(|commit| commit.at(Moment::Told));
        Quartiles::of(whole.collect())
    }

    /// Of 100 commits, how many the session released that read the acknowledgement itself.
    pub fn session_reads(&self) -> f64 {
        let reads = self.commits().filter(|commit| commit.session_reads);
        100.0 * reads.count() as f64 / self.commits().count().max(1) as f64
    }

    pub fn json(&self) -> Value {
        let ends = self.chain().iter().skip(1);
        let hops: Vec<Value> = ends
            .filter_map(|end| {
                let hop = self.hop(*end)?.json();
                Some(json!({ "ends": format!("{end:?}"), "quartiles_us": hop }))
            })
            .collect();
        json!({
            "side": self.name,
            "commits": self.commits().count(),
            "whole_us": self.whole().map(Quartiles::json),
            "hops": hops,
            "session_reads_percent": self.session_reads(),
            "mean_traced_us": self.traced,
            "mean_untraced_us": self.untraced,
        })
    }
}

/// What happens in the hop that ends with a moment.
pub fn about(end: Moment) -> &'static str {
    match end {
        Moment::Asked | Moment::SessionSleeps => "",
        Moment::SessionRuns => "the statement reaches the session, which runs",
        Moment::Flushed => "session: executes, prepares, writes the binary log",
        Moment::DumpWoken => "session: wakes the dump thread",
        Moment::DumpRuns => "until the dump thread runs",
        Moment::EventsSent => "dump thread: reads the log, hooks",
        Moment::ReceiverWoken => "packet to the replica",
        Moment::ReceiverRuns => "until the receiver runs",
        Moment::Logged => "receiver: hooks, relay log, wakes the applier",
        Moment::AckSent => "receiver: decides to acknowledge",
        Moment::ReaderWoken => "acknowledgement to the source",
        Moment::ReaderRuns => "until its reader runs",
        Moment::AckRead => "reader: reads the acknowledgement",
        Moment::SessionWoken => "reader: decides, wakes the session",
        Moment::SessionGoesOn => "until the session runs",
        Moment::Answered => "session: commits in the engine",
        Moment::Told => "the OK reaches the client",
    }
}

/// The hops of all sides beside each other, as Markdown: median, and in parentheses where the
/// middle half of the commits lies; then the last side's divided by the one's before it: the median
/// of the slices' own ratios of their means, with its interval.
pub fn table(sides: &[Figures]) -> String {
    let [.., base, last] = sides else {
        return String::new();
    };
    let names = sides.iter().map(|side| side.name.to_owned());
    let ratio = format!("{} / {}", last.name, base.name);
    let mut lines = vec![
        row("hop", names.chain([ratio])),
        row(
            "---",
            sides
                .iter()
                .map(|_| "---:".to_owned())
                .chain(["---".to_owned()]),
        ),
    ];
    let mut line = |about: &str, of: &dyn Fn(&Figures) -> Option<Time>| {
        let of_sides: Vec<_> = sides.iter().map(of).collect();
        let ratio = match &of_sides[..] {
            [.., Some((_, base)), Some((_, last))] => ratio::of_turns(last, base),
            _ => None,
        };
        let cells = of_sides.iter().map(|side| match side {
            Some((hop, _)) => format!("{:.0} ({:.0}-{:.0})", hop.median, hop.low, hop.high),
            None => "-".to_owned(),
        });
        lines.push(row(about, cells.chain([told(ratio)])));
    };
    for end in CHAIN.iter().skip(1) {
        line(about(*end), &|side| {
            Some((side.hop(*end)?, side.means(side.hop_of(*end)?)))
        });
    }
    line(
        "**from the binary log until the session goes on**",
        &|side| {
            let wait = side.waits.then_some(wait_of)?;
            let all = side.commits().map(wait);
            Some((Quartiles::of(all.collect())?, side.means(wait)))
        },
    );
    line("**the whole commit**", &|side| {
        Some((
            side.whole()?,
            side.means(|commit| commit.at(Moment::Told).unwrap_or(0)),
        ))
    });
    lines.join("\n")
}

/// How long something took: in all commits, and the mean of each slice.
type Time = (Quartiles, Vec<f64>);

/// How long a commit waited, its own way to the dump thread included.
fn wait_of(commit: &Commit) -> u64 {
    let goes_on = commit.at(Moment::SessionGoesOn);
    let end = goes_on.or(commit.at(Moment::AckRead)).unwrap_or(0);
    end.saturating_sub(commit.at(Moment::Flushed).unwrap_or(0))
}

fn told(ratio: Option<Interval>) -> String {
    match ratio {
        None => "-".to_owned(),
        Some(ratio) if ratio.verdict() == Verdict::Same => {
            format!("{}, no difference", short(ratio))
        }
        Some(ratio) => format!("**{}**", short(ratio)),
    }
}

fn short(Interval { median, low, high }: Interval) -> String {
    format!("{median:.2} ({low:.2} to {high:.2})")
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {first} | {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_lies_between_the_quartiles() {
        let quartiles = Quartiles::of(vec![5, 1, 4, 2, 3]).expect("values");
        assert_eq!(
            (quartiles.low, quartiles.median, quartiles.high),
            (2.0, 3.0, 4.0)
        );
        assert_eq!(Quartiles::of(Vec::new()), None);
    }
}
