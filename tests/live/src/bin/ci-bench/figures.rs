//! What the keys of figures mean: a text for people, the unit, and which way is better.

/// Which way a figure is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    More,
    Less,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meaning {
    pub text: String,
    pub better: Better,
    pub digits: usize,
    /// A detail of the figure before: one part of the server.
    pub detail: bool,
}

/// The key of what semi-sync adds to a commit's mean latency, which is made of two sides' figures.
pub const SHARE: &str = "share_us";
/// What semi-sync adds to the time of a dump thread for each event.
const HOOKS: &str = "hooks_ns";
/// Figures, and the key of what semi-sync adds to each.
pub const SHARES: [(&str, &str); 2] = [("mean_us", SHARE), ("stream.cpu_ns.dump", HOOKS)];

/// The figures that are no detail, in the order in which they are told.
const MAIN: [(&str, &str, Better, usize); 21] = [
    ("tx_per_second", "transactions/s", Better::More, 0),
    ("events_per_second", "events/s", Better::More, 0),
    ("mean_us", "latency: mean, us", Better::Less, 1),
    ("p50_us", "latency: median, us", Better::Less, 1),
    ("p99_us", "latency: 99 %, us", Better::Less, 1),
    (SHARE, "semi-sync's share, us", Better::Less, 1),
    ("longest_us", "longest commit, us", Better::Less, 0),
    ("worst_us", "longest of all turns, us", Better::Less, 0),
    ("stream.cpu_ns", "source: CPU, ns/event", Better::Less, 0),
    (HOOKS, "semi-sync's share, ns/event", Better::Less, 0),
    ("stream.switches", "switches/1000 events", Better::Less, 1),
    ("wait_us", "wait by the plugin, us", Better::Less, 1),
    ("source.cpu_us", "source: CPU, us/tx", Better::Less, 1),
    ("source.switches", "source: switches/tx", Better::Less, 2),
    (
        "source.syscalls",
        "source: system calls/tx",
        Better::Less,
        2,
    ),
    (
        "source.instructions",
        "source: instructions/tx",
        Better::Less,
        0,
    ),
    ("replica.cpu_us", "replicas: CPU, us/tx", Better::Less, 1),
    ("replica.switches", "replicas: switches/tx", Better::Less, 2),
    (
        "replica.syscalls",
        "replicas: system calls/tx",
        Better::Less,
        2,
    ),
    (
        "replica.instructions",
        "replicas: instructions/tx",
        Better::Less,
        0,
    ),
    ("reads_per_second", "reads/s", Better::More, 0),
];

/// `None`: no figure has this key.
pub fn meaning(key: &str) -> Option<Meaning> {
    let main = |key: &str| MAIN.iter().find(|(main, ..)| *main == key);
    if let Some((_, text, better, digits)) = main(key) {
        return Some(Meaning {
            text: (*text).to_owned(),
            better: *better,
            digits: *digits,
            detail: false,
        });
    }
    let (whole, part) = split(key)?;
    let (_, _, better, digits) = main(whole)?;
    Some(Meaning {
        text: format!("  {}", part.replace('_', " ")),
        better: *better,
        digits: *digits,
        detail: true,
    })
}

/// `source.cpu_us.dump` is a part of `source.cpu_us`.
fn split(key: &str) -> Option<(&str, &str)> {
    let (whole, part) = key.rsplit_once('.')?;
    whole.contains('.').then_some((whole, part))
}

/// Where a figure stands among the others; details follow what they are details of.
pub fn order(key: &str) -> (usize, String) {
    let at = |key: &str| MAIN.iter().position(|(main, ..)| *main == key);
    let (whole, part) = match at(key) {
        Some(_) => (key, ""),
        None => split(key).unwrap_or((key, "")),
    };
    (at(whole).unwrap_or(MAIN.len()), part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_told_after_the_whole() {
        let mut keys = ["wait_us", "source.cpu_us.dump", "source.cpu_us", "mean_us"];
        keys.sort_by_key(|key| order(key));
        let expected = ["mean_us", "wait_us", "source.cpu_us", "source.cpu_us.dump"];
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_detail_means_what_the_whole_means() {
        let dump = meaning("source.switches.dump").expect("a meaning");
        assert!(dump.detail);
        assert_eq!((dump.better, dump.digits), (Better::Less, 2));
        assert_eq!(meaning("source.nonsense"), None);
        assert_eq!(meaning("nonsense"), None);
    }
}
