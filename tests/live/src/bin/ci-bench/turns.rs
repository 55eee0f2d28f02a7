//! Who works when: slices of all sides in turn, in every order equally often.

use std::collections::BTreeMap;

/// The figures of one slice by their keys, such as `tx_per_second` or `source.switches.dump`.
/// `figures.rs` says what a key means.
pub type Figures = BTreeMap<String, f64>;

/// The figures of some turns: of each turn, those of each side.
pub type Turns = Vec<Vec<Figures>>;

/// Lets each of `sides` work once in each turn. `slice` is given the side's number.
pub fn take(turns: usize, sides: usize, mut slice: impl FnMut(usize) -> Figures) -> Turns {
    let orders = orders(sides);
    (0..turns)
        .map(|turn| {
            let mut figures = vec![Figures::new(); sides];
            for side in &orders[turn % orders.len()] {
                figures[*side] = slice(*side);
            }
            figures
        })
        .collect()
}

/// One side's figures of one key, turn by turn. `None`: it was not measured in every turn.
pub fn values(turns: &Turns, side: usize, key: &str) -> Option<Vec<f64>> {
    let of = |turn: &Vec<Figures>| turn[side].get(key).copied();
    turns.iter().map(of).collect()
}

/// All orders of `count` sides. One that follows is not the reverse of the one before, so that no
/// side works twice in a row more often than others.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..count {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_at_each_place_equally_often() {
        let mut seen = Vec::new();
        take(12, 3, |side| {
            seen.push(side);
            Figures::new()
        });
        for side in 0..3 {
            for place in 0..3 {
                let times = seen.chunks(3).filter(|turn| turn[place] == side).count();
                assert_eq!(times, 4, "side {side} at place {place}");
            }
        }
    }

    #[test]
    fn figures_go_to_the_side_that_made_them() {
        let turns = take(4, 2, |side| Figures::from([("it".to_owned(), side as f64)]));
        assert_eq!(values(&turns, 1, "it"), Some(vec![1.0; 4]));
        assert_eq!(values(&turns, 1, "nothing"), None);
    }
}
