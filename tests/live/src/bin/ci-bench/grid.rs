//! The cells of the grid: for each number of clients the plain cell, and others in which one thing
//! differs. They come in an order in which the same servers serve as many as can be.

use std::time::Duration;

use semisync_live_tests::Transport;
use semisync_live_tests::console::Stop;
use serde_json::{Map, Value};

use crate::cell::{Cell, NO_APPLIERS};

const CLIENTS: [usize; 4] = [1, 8, 16, 64];

/// All cells, or those that have all words of one of the `wanted`: `tls` are four cells, `1+tls` is
/// one.
pub fn cells(wanted: &[String]) -> Result<Vec<Cell>, Stop> {
    let all = all();
    for one in wanted {
        if !all.iter().any(|cell| is(cell, one)) {
            let names: Vec<String> = all.iter().map(Cell::name).collect();
            let why = format!("no cell is '{one}' (there are: {})", names.join(" "));
            return Err(Stop::misused(why));
        }
    }
    let chosen = |cell: &Cell| wanted.is_empty() || wanted.iter().any(|one| is(cell, one));
    Ok(all.into_iter().filter(chosen).collect())
}

/// Of the cells that were measured, as JSON, those in which these sides are compared, in the order
/// of the grid, those without appliers behind. Cells that are not in the grid come last.
pub fn in_order<'c>(cells: &'c Map<String, Value>, compared: &str) -> Vec<&'c Value> {
    let names: Vec<String> = all().iter().map(Cell::name).collect();
    let place = |cell: &Value| {
        let name = cell["name"].as_str().unwrap_or_default();
        let applying = name.strip_suffix(NO_APPLIERS);
        let applying = applying.map_or(name, |name| name.trim_end_matches('+'));
        let place = names.iter().position(|one| *one == applying);
        (name != applying, place.unwrap_or(names.len()))
    };
    let mut rows: Vec<&Value> = cells
        .values()
        .filter(|cell| cell["compared"] == compared)
        .collect();
    rows.sort_by_key(|cell| place(cell));
    rows
}

fn is(cell: &Cell, wanted: &str) -> bool {
    let words = cell.words();
    let has = |word: &str| words.iter().any(|one| one == word);
    match wanted {
        "plain" => words.len() == 1,
        _ => {
            cell.name() == wanted
                || (wanted.parse::<usize>().is_err() && wanted.split('+').all(has))
        }
    }
}

fn all() -> Vec<Cell> {
    let with = |change: &dyn Fn(&mut Cell)| {
        CLIENTS.map(|clients| {
            let mut cell = Cell::of(clients);
            change(&mut cell);
            cell
        })
    };
    let transport = |transport| with(&move |cell| cell.transport = transport);
    let delay = |delay| with(&move |cell| cell.delay = delay);
    let count = |count| {
        with(&move |cell| {
            cell.replicas = 3;
            cell.count = count;
        })
    };
    let mut all = Vec::new();
    all.extend(with(&|_| ()));
    all.extend(with(&|cell| cell.wait_point = "AFTER_COMMIT"));
    all.extend(transport(Transport::Tls));
    all.extend(transport(Transport::Zlib));
    all.extend(transport(Transport::Zstd));
    all.extend(delay(Duration::from_micros(500)));
    all.extend(delay(Duration::from_millis(5)));
    all.extend(count(1));
    all.extend(count(2));
    all.extend(with(&|cell| cell.durable = true));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wanted: &[&str]) -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
        let cells = cells(&wanted).expect("such cells");
        cells.iter().map(Cell::name).collect()
    }

    #[test]
    fn cells_have_names_of_their_own() {
        let mut all = names(&[]);
        assert_eq!(all.len(), 40);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 40);
    }

    #[test]
    fn cells_are_chosen_by_name_or_by_words() {
        assert_eq!(names(&["1+tls"]), ["1+tls"]);
        assert_eq!(names(&["16"]), ["16"]);
        assert_eq!(names(&["tls"]), ["1+tls", "8+tls", "16+tls", "64+tls"]);
        assert_eq!(names(&["plain"]), ["1", "8", "16", "64"]);
        let two = names(&["1+5ms", "64+2-of-3"]);
        assert_eq!(two, ["1+5ms", "64+2-of-3"]);
        assert!(cells(&["nonsense".to_owned()]).is_err());
    }
}
