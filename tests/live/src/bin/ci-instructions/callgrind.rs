//! What callgrind wrote, read: the instructions of each function of the host whose name begins with
//! `count_`, with all that it calls.

use std::collections::BTreeMap;

const PREFIX: &str = "count_";

/// How often a function was called, and the instructions of all calls together.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Count {
    pub calls: u64,
    pub instructions: u64,
}

/// By the rest of the function's name.
pub fn counts(text: &str) -> BTreeMap<String, Count> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut called = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(function) = line.strip_prefix("cfn=") {
            called = function.strip_prefix(PREFIX);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            // "calls=400 0", and below it the line of the call with what all of them cost.
            let calls: Option<u64> = calls.split(' ').next().and_then(|calls| calls.parse().ok());
            let cost = lines.next().and_then(|line| line.split(' ').next_back());
            let cost: Option<u64> = cost.and_then(|cost| cost.parse().ok());
            if let (Some(name), Some(calls), Some(cost)) = (called, calls, cost) {
                let count = counts.entry(name.to_owned()).or_default();
                count.calls += calls;
                count.instructions += cost;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_from_several_places_are_added_and_others_passed_over() {
        let text = "\
events: Ir
fn=main
12 7
cfn=count_after_flush
calls=400 0
13 321030
cfn=send_event
calls=5 0
14 99
fn=other
cfn=count_after_flush
calls=2 10
15 10
";
        let expected = Count {
            calls: 402,
            instructions: 321_040,
        };
        let expected = BTreeMap::from([("after_flush".to_owned(), expected)]);
        assert_eq!(counts(text), expected);
    }
}
