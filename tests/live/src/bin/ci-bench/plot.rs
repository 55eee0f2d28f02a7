//! A picture of all cells: of each the main ratios as bars, each bar as long as its interval, and a
//! line at 1.00.

use semisync_live_tests::svg::{Anchor, Area, Svg};
use serde_json::{Map, Value};

use crate::figures::{self, Better, SHARE};
use crate::grid;

/// What is told of each cell, side by side.
pub const COLUMNS: [(&str, &str); 6] = [
    ("tx_per_second", "transactions/s"),
    (SHARE, "semi-sync's share"),
    ("p99_us", "latency, 99 %"),
    ("source.cpu_us", "CPU, source"),
    ("source.switches", "switches, source"),
    ("source.syscalls", "system calls, source"),
];
/// Ratios beyond these ends are drawn at them.
const ENDS: [f64; 2] = [0.5, 1.5];
const MARKS: [f64; 5] = [0.5, 0.75, 1.0, 1.25, 1.5];
const NAMES: f64 = 150.0;
const COLUMN: f64 = 170.0;
const GAP: f64 = 28.0;
const TOP: f64 = 76.0;
const ROW: f64 = 20.0;
const INK: &str = "#1f2328";
const FAINT: &str = "#8c959f";
const GRID: &str = "#d8dee4";
const BETTER: &str = "#1a7f37";
const WORSE: &str = "#cf222e";
const SAME: &str = "#6e7781";

/// Draws the cells in which these two sides are compared.
pub fn draw(cells: &Map<String, Value>, compared: &str) -> String {
    let rows = grid::in_order(cells, compared);
    let columns = COLUMNS.len() as f64;
    let bottom = TOP + rows.len() as f64 * ROW;
    let mut svg = Svg::new(NAMES + columns * (COLUMN + GAP), bottom + 16.0);
    let title = format!("{compared}: ratios with intervals of 95 %");
    svg.text([12.0, 24.0], 15.0, INK, Anchor::Start, &title);
    let legend = [
        (BETTER, "better"),
        (WORSE, "worse"),
        (SAME, "no difference: the interval holds 1.00"),
    ];
    let mut x = 360.0;
    for (color, text) in legend {
        svg.rect(area(x, 15.0, 18.0, 8.0), color);
        svg.text([x + 24.0, 24.0], 12.0, INK, Anchor::Start, text);
        x += 90.0;
    }
    for (number, row) in rows.iter().enumerate() {
        let y = TOP + (number as f64 + 0.5) * ROW;
        let name = row["name"].as_str().unwrap_or_default();
        svg.text([12.0, y + 4.0], 12.0, INK, Anchor::Start, name);
    }
    for (number, (key, title)) in COLUMNS.iter().enumerate() {
        let left = NAMES + number as f64 * (COLUMN + GAP);
        svg.text([left, 50.0], 12.0, INK, Anchor::Start, title);
        for mark in MARKS {
            let x = left + at(mark);
            let color = if mark == 1.0 { INK } else { GRID };
            svg.line(&[(x, TOP - 4.0), (x, bottom)], color, 1.0);
            let text = format!("{mark}");
            svg.text([x, TOP - 10.0], 10.0, FAINT, Anchor::Middle, &text);
        }
        for (number, row) in rows.iter().enumerate() {
            let y = TOP + (number as f64 + 0.5) * ROW;
            bar(&mut svg, &row["figures"][*key], key, [left, y]);
        }
    }
    svg.finish("#ffffff")
}

/// From the left end of a column.
fn at(ratio: f64) -> f64 {
    let [least, most] = ENDS;
    (ratio.clamp(least, most) - least) / (most - least) * COLUMN
}

/// One interval with its median; where there is none, nothing.
fn bar(svg: &mut Svg, figure: &Value, key: &str, [left, y]: [f64; 2]) {
    let number = |field: &str| figure[field].as_f64();
    let (Some(low), Some(median), Some(high)) = (number("low"), number("ratio"), number("high"))
    else {
        return;
    };
    let more_is_better =
        figures::meaning(key).is_some_and(|meaning| meaning.better == Better::More);
    let color = if low <= 1.0 && high >= 1.0 {
        SAME
    } else if (low > 1.0) == more_is_better {
        BETTER
    } else {
        WORSE
    };
    let width = (at(high) - at(low)).max(1.0);
    svg.rect(area(left + at(low), y - 4.0, width, 8.0), color);
    svg.rect(area(left + at(median) - 1.0, y - 6.5, 2.0, 13.0), INK);
}

fn area(x: f64, y: f64, w: f64, h: f64) -> Area {
    Area { x, y, w, h }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cell(name: &str, compared: &str, [low, ratio, high]: [f64; 3]) -> Value {
        let figure = json!({"low": low, "ratio": ratio, "high": high});
        json!({"name": name, "compared": compared, "figures": {"tx_per_second": figure}})
    }

    #[test]
    fn cells_are_drawn_in_the_order_of_the_grid_and_coloured_by_their_verdict() {
        let cells = Map::from_iter([
            (
                "a".to_owned(),
                cell("1+tls", "ours / stock", [1.1, 1.2, 1.3]),
            ),
            ("b".to_owned(), cell("16", "ours / stock", [0.7, 0.8, 0.9])),
            ("c".to_owned(), cell("64", "now / before", [0.9, 1.0, 1.1])),
        ]);
        let picture = draw(&cells, "ours / stock");
        let document = roxmltree::Document::parse(&picture).expect("XML");
        let texts: Vec<&str> = document
            .descendants()
            .filter_map(|node| node.text())
            .collect();
        let place = |text: &str| texts.iter().position(|one| *one == text);
        assert!(place("16") < place("1+tls") && place("16").is_some());
        assert_eq!(place("64"), None);
        // In the legend and in one bar.
        assert_eq!(picture.matches(BETTER).count(), 2);
        assert_eq!(picture.matches(WORSE).count(), 2);
        assert_eq!(picture.matches(SAME).count(), 1);
    }
}
