//! What libFuzzer says of a run.

use std::fmt;
use std::time::Duration;

use semisync_live_tests::console::seconds;
use serde_json::{Value, json};

#[derive(Default, Clone, PartialEq, Debug)]
pub struct Figures {
    pub target: String,
    /// How many inputs were tried.
    pub runs: u64,
    /// Edges between pieces of code, in all that the target is made of.
    pub edges: u64,
    /// Edges, told apart by how often they are taken.
    pub features: u64,
    /// Inputs that reach something that the others do not.
    pub corpus: u64,
    pub time: Duration,
}

impl Figures {
    pub fn of(target: &str, log: &str, time: Duration) -> Figures {
        let mut figures = Figures {
            target: target.to_owned(),
            time,
            ..Figures::default()
        };
        // "#46296  DONE   cov: 2246 ft: 8880 corp: 515/11273b lim: 43 exec/s: 2893 rss: 367Mb"
        for line in log.lines().filter(|line| line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
            if let Some(runs) = number(words.next().map(|word| word.trim_start_matches('#'))) {
                figures.runs = figures.runs.max(runs);
            }
            while let Some(word) = words.next() {
                match word {
                    "cov:" => figures.edges = number(words.next()).unwrap_or(0),
                    "ft:" => figures.features = number(words.next()).unwrap_or(0),
                    "corp:" => {
                        let inputs = words.next().and_then(|word| word.split('/').next());
                        figures.corpus = number(inputs).unwrap_or(0);
                    }
                    _ => {}
                }
            }
        }
        figures
    }

    pub fn json(&self) -> Value {
        json!({
            "target": self.target,
            "executions": self.runs,
            "edges": self.edges,
            "features": self.features,
            "inputs": self.corpus,
            "seconds": self.time.as_secs_f64(),
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<17}{:>10} inputs tried in {}, {} edges of code reached; {} inputs are different",
            self.target,
            self.runs,
            seconds(self.time),
            self.edges,
            self.corpus
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let log = "\
INFO: seed 1
#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb
#46296\tDONE   cov: 2246 ft: 8880 corp: 515/11273b lim: 43 exec/s: 2893 rss: 367Mb
Done 46296 runs in 16 second(s)
";
        let expected = Figures {
            target: "t".to_owned(),
            runs: 46_296,
            edges: 2246,
            features: 8880,
            corpus: 515,
            time: Duration::ZERO,
        };
        assert_eq!(Figures::of("t", log, Duration::ZERO), expected);
        assert_eq!(Figures::of("t", "", Duration::ZERO).runs, 0);
    }
}
