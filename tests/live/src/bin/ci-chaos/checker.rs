//! Checks what clients saw of lists, to which transactions append unique numbers. The ideas are
//! those of elle: <https://github.com/jepsen-io/elle>.
//!
//! The list that is there in the end gives the order in which its numbers were appended. So every
//! read tells after which append it happened and before which. All that, and the order in real
//! time, must agree with one order of all transactions: there may be no cycle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

// Not Tarjan's, which recurses: the chain of moments is long.
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

pub type Lists = BTreeMap<u32, Vec<u64>>;

/// Nodes are transactions by their numbers, and moments; an edge means "before".
type Graph = DiGraphMap<usize, ()>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    Append(u32, u64),
    Read(u32, Vec<u64>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The client was told that it is committed.
    Ok,
    /// The client was told that nothing of it is there.
    Failed,
    /// The connection ended first.
    Unknown,
}

/// A transaction as its client saw it. Times are of one clock.
#[derive(Clone, Debug)]
pub struct Txn {
    pub begin: u64,
    pub end: u64,
    pub outcome: Outcome,
    pub ops: Vec<Op>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Anomaly {
    /// Confirmed, and not there in the end.
    Lost {
        key: u32,
        value: u64,
    },
    /// A client read it, and it is not there in the end.
    SeenAndLost {
        key: u32,
        value: u64,
    },
    /// Nobody has appended it, or it was rolled back.
    Invented {
        key: u32,
        value: u64,
    },
    Twice {
        key: u32,
        value: u64,
    },
    /// A list that was read, and that is not the beginning of the list in the end.
    OutOfOrder {
        key: u32,
        read: Vec<u64>,
    },
    /// Of one transaction a part is there.
    Half {
        key: u32,
        value: u64,
    },
    /// These transactions have no order: by what they saw, or by time, each is before the next.
    Cycle {
        transactions: Vec<usize>,
    },
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Anomaly::Lost { key, value } => write!(f, "{value} of list {key}: confirmed, and lost"),
            Anomaly::SeenAndLost { key, value } => {
                write!(f, "{value} of list {key}: seen, and lost")
            }
            Anomaly::Invented { key, value } => {
                write!(f, "{value} in list {key}: nobody has committed it")
            }
            Anomaly::Twice { key, value } => write!(f, "{value} is twice in list {key}"),
            Anomaly::OutOfOrder { key, read } => {
                write!(
                    f,
                    "list {key} was read in another order: ...{:?}",
                    read.last()
                )
            }
            Anomaly::Half { key, value } => {
                write!(
                    f,
                    "{value} of list {key}: the rest of its transaction is not there"
                )
            }
            Anomaly::Cycle { transactions } => {
                write!(
                    f,
                    "no order of {} transactions is possible",
                    transactions.len()
                )
            }
        }
    }
}

/// All anomalies of a history, each once. `lists` is what is there in the end.
pub fn check(history: &[Txn], lists: &Lists) -> Vec<Anomaly> {
    let facts = Facts::of(history, lists);
    let mut found = BTreeSet::new();
    facts.check_lists(&mut found);
    for (number, txn) in history.iter().enumerate() {
        facts.check_appends(txn, &mut found);
        facts.check_reads(number, txn, &mut found);
    }
    found.extend(facts.cycles());
    found.into_iter().collect()
}

struct Facts<'h> {
    history: &'h [Txn],
    lists: &'h Lists,
    /// Who appended a number.
    writers: HashMap<(u32, u64), usize>,
    /// Where a number is in the end.
    places: HashMap<(u32, u64), usize>,
}

impl<'h> Facts<'h> {
    fn of(history: &'h [Txn], lists: &'h Lists) -> Facts<'h> {
        let mut writers = HashMap::new();
        for (number, txn) in history.iter().enumerate() {
            for op in &txn.ops {
                if let Op::Append(key, value) = op {
                    writers.insert((*key, *value), number);
                }
            }
        }
        let mut places = HashMap::new();
        for (key, list) in lists {
            for (place, value) in list.iter().enumerate() {
                places.entry((*key, *value)).or_insert(place);
            }
        }
        Facts {
            history,
            lists,
            writers,
            places,
        }
    }

    fn list(&self, key: u32) -> &[u64] {
        self.lists.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Nobody committed it, whatever nobody knows.
    fn is_invented(&self, key: u32, value: u64) -> bool {
        let writer = self.writers.get(&(key, value));
        writer.is_none_or(|number| self.history[*number].outcome == Outcome::Failed)
    }

    fn check_lists(&self, found: &mut BTreeSet<Anomaly>) {
        for (&key, list) in self.lists {
            let mut seen = HashSet::new();
            for &value in list {
                if !seen.insert(value) {
                    found.insert(Anomaly::Twice { key, value });
                }
                if self.is_invented(key, value) {
                    found.insert(Anomaly::Invented { key, value });
                }
            }
        }
    }

    fn check_appends(&self, txn: &Txn, found: &mut BTreeSet<Anomaly>) {
        let appends = txn.ops.iter().filter_map(|op| match op {
            Op::Append(key, value) => Some((*key, *value)),
            Op::Read(..) => None,
        });
        let (there, missing): (Vec<_>, Vec<_>) =
            appends.partition(|append| self.places.contains_key(append));
        for &(key, value) in &missing {
            if txn.outcome == Outcome::Ok {
                found.insert(Anomaly::Lost { key, value });
            }
        }
        if let (Some(&(key, value)), false) = (there.first(), missing.is_empty()) {
            found.insert(Anomaly::Half { key, value });
        }
    }

    fn check_reads(&self, number: usize, txn: &Txn, found: &mut BTreeSet<Anomaly>) {
        for op in &txn.ops {
            let Op::Read(key, read) = op else {
                continue;
            };
            let key = *key;
            let mut kept = Vec::new();
            for &value in read {
                let own = self.writers.get(&(key, value)) == Some(&number);
                if !own && self.is_invented(key, value) {
                    found.insert(Anomaly::Invented { key, value });
                } else if self.places.contains_key(&(key, value)) {
                    kept.push(value);
                } else if !own {
                    found.insert(Anomaly::SeenAndLost { key, value });
                }
            }
            if !self.list(key).starts_with(&kept) {
                let read = read.clone();
                found.insert(Anomaly::OutOfOrder { key, read });
            }
        }
    }

    /// Told OK, or nobody knows and it is there.
    fn is_committed(&self, txn: &Txn) -> bool {
        let there = |op: &Op| match op {
            Op::Append(key, value) => self.places.contains_key(&(*key, *value)),
            Op::Read(..) => false,
        };
        match txn.outcome {
            Outcome::Ok => true,
            Outcome::Failed => false,
            Outcome::Unknown => txn.ops.iter().any(there),
        }
    }

    /// Groups of transactions each of which is before all others of its group.
    fn cycles(&self) -> Vec<Anomaly> {
        let mut graph = self.dependencies();
        self.add_time(&mut graph);
        let groups = kosaraju_scc(&graph)
            .into_iter()
            .filter(|group| group.len() > 1);
        let of_transactions = groups.map(|group| {
            let txns = group.into_iter().filter(|node| *node < self.history.len());
            let mut transactions: Vec<usize> = txns.collect();
            transactions.sort_unstable();
            Anomaly::Cycle { transactions }
        });
        of_transactions.collect()
    }

    fn dependencies(&self) -> Graph {
        let mut graph = Graph::new();
        for (&key, list) in self.lists {
            for pair in list.windows(2) {
                let writer = |value: u64| self.writers.get(&(key, value));
                if let (Some(first), Some(second)) = (writer(pair[0]), writer(pair[1])) {
                    put_before(&mut graph, *first, *second);
                }
            }
        }
        for (number, txn) in self.history.iter().enumerate() {
            if !self.is_committed(txn) {
                continue;
            }
            for op in &txn.ops {
                let Op::Read(key, read) = op else {
                    continue;
                };
                let list = self.list(*key);
                let same = read.iter().zip(list).take_while(|(a, b)| a == b).count();
                let writer = |place: usize| {
                    let value = list.get(place)?;
                    self.writers.get(&(*key, *value)).copied()
                };
                if let Some(before) = same.checked_sub(1).and_then(writer) {
                    put_before(&mut graph, before, number);
                }
                if let Some(after) = writer(same) {
                    put_before(&mut graph, number, after);
                }
            }
        }
        graph
    }

    /// Whoever was told OK comes before all that began later. A chain of moments, one for each end,
    /// says that without an edge for each pair.
    fn add_time(&self, graph: &mut Graph) {
        let committed = |(_, txn): &(usize, &Txn)| self.is_committed(txn);
        let all: Vec<(usize, &Txn)> = self.history.iter().enumerate().filter(committed).collect();
        let mut ends: Vec<(u64, usize)> = all
            .iter()
            .filter(|(_, txn)| txn.outcome == Outcome::Ok)
            .map(|(number, txn)| (txn.end, *number))
            .collect();
        ends.sort_unstable();
        let moment = |place: usize| self.history.len() + place;
        for (place, (_, number)) in ends.iter().enumerate() {
            put_before(graph, *number, moment(place));
            if place > 0 {
                put_before(graph, moment(place - 1), moment(place));
            }
        }
        for (number, txn) in all {
            let earlier = ends.partition_point(|(end, _)| *end < txn.begin);
            if earlier > 0 {
                put_before(graph, moment(earlier - 1), number);
            }
        }
    }
}

/// Nothing comes before itself.
fn put_before(graph: &mut Graph, first: usize, second: usize) {
    if first != second {
        graph.add_edge(first, second, ());
    }
}

#[cfg(test)]
mod tests;
