//! The table, and the file for programs. A file keeps the results of earlier runs.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use semisync_live_tests::console::{OrStop, Stop};
use semisync_live_tests::known_failures::{Case, Seen, Side};
use serde_json::{Map, Value, json};

/// A case with what was seen on each side.
pub struct Row {
    pub case: &'static Case,
    pub seen: Vec<(Side, Seen)>,
}

impl Row {
    fn of_ours(&self) -> Option<&Seen> {
        let ours = self.seen.iter().find(|(side, _)| side.is_ours());
        ours.map(|(_, seen)| seen)
    }
}

/// In Markdown, as documentation has it.
pub fn table(rows: &[Row]) -> String {
    let mut text = "| case | number |".to_owned();
    let sides = rows
        .first()
        .map(|row| row.seen.as_slice())
        .unwrap_or_default();
    for (side, _) in sides {
        let _ = write!(text, " {} |", side.name());
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(sides.len()));
    for row in rows {
        let _ = write!(
            text,
            "| {} | {} |",
            row.case.name,
            row.case.numbers.join(", ")
        );
        for (_, seen) in &row.seen {
            let words = seen.words();
            let _ = match seen {
                Seen::Absent(_) => write!(text, " {words} |"),
                _ => write!(text, " {}: {words} |", seen.verdict()),
            };
        }
        text.push('\n');
    }
    text
}

pub fn keep(file: &Path, rows: &[Row]) -> Result<(), Stop> {
    let known = fs::read_to_string(file).unwrap_or_default();
    let known: Value = serde_json::from_str(&known).unwrap_or_default();
    let mut cases = known["cases"].as_object().cloned().unwrap_or_default();
    for row in rows {
        let known = cases.remove(row.case.name).unwrap_or_default();
        cases.insert(row.case.name.to_owned(), of_row(row, &known));
    }
    let text = serde_json::to_string_pretty(&json!({ "cases": cases })).or_stop("JSON")?;
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).or_stop(dir.display())?;
    }
    fs::write(file, text + "\n").or_stop(file.display())
}

fn of_row(row: &Row, known: &Value) -> Value {
    let mut sides: Map<String, Value> = known["sides"].as_object().cloned().unwrap_or_default();
    for (side, seen) in &row.seen {
        let seen = json!({ "verdict": seen.verdict(), "seen": seen.words() });
        sides.insert(side.name(), seen);
    }
    json!({
        "numbers": row.case.numbers,
        "kind": row.case.kind.to_string(),
        "title": row.case.title,
        "sides": sides,
        "ours_too": row.case.ours_too,
    })
}

/// Ours must hold, but where the page says that they do not; and everything must be measured.
pub fn verdict(rows: &[Row]) -> Result<String, Stop> {
    let names = |is_one: &dyn Fn(&Row) -> bool| {
        let found = rows.iter().filter(|row| is_one(row));
        found
            .map(|row| row.case.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let lost = names(&|row| {
        let mut seen = row.seen.iter();
        seen.any(|(_, seen)| matches!(seen, Seen::NotMeasured(_)))
    });
    if !lost.is_empty() {
        return Err(
            Stop::failed(format!("not everything could be measured: {lost}"))
                .remedy("the lines above say why; servers that failed leave their directories"),
        );
    }
    let fails = |row: &Row| row.of_ours().is_some_and(Seen::is_failure);
    let ours = names(&|row| fails(row) && row.case.ours_too.is_none());
    if !ours.is_empty() {
        return Err(Stop::failed(format!("these show with ours: {ours}")));
    }
    let others = |row: &Row| {
        let mut others = row.seen.iter().filter(|(side, _)| !side.is_ours());
        others.any(|(_, seen)| seen.is_failure())
    };
    let shown = rows.iter().filter(|row| others(row)).count();
    let shared = rows.iter().filter(|row| fails(row)).count();
    Ok(format!(
        "failures tried: {}; shown by stock or MariaDB: {shown}; by ours: {shared}, as the page tells",
        rows.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use semisync_live_tests::known_failures::CASES;

    fn row(case: &'static Case, ours: Seen) -> Row {
        let stock = Seen::Fails("stands still".to_owned());
        Row {
            case,
            seen: vec![
                (Side::Stock("0.1".to_owned()), stock),
                (Side::Ours("0.1".to_owned()), ours),
            ],
        }
    }

    fn fails() -> Seen {
        Seen::Fails("too".to_owned())
    }

    #[test]
    fn a_failure_of_ours_that_the_page_does_not_tell_fails_the_run() {
        let (told, untold): (Vec<&Case>, Vec<&Case>) =
            CASES.iter().partition(|case| case.ours_too.is_some());
        assert!(verdict(&[row(told[0], fails())]).is_ok());
        assert!(verdict(&[row(untold[0], fails())]).is_err());
        assert!(verdict(&[row(untold[0], Seen::Holds(String::new()))]).is_ok());
        let broken = Seen::NotMeasured("a panic".to_owned());
        assert!(verdict(&[row(told[0], broken)]).is_err());
    }

    #[test]
    fn results_of_earlier_runs_stay() {
        let row_of_stock = |n: usize| Row {
            case: &CASES[n],
            seen: vec![(Side::Stock("0.1".to_owned()), fails())],
        };
        let file = std::env::temp_dir().join(format!("stock-failures-{}", std::process::id()));
        keep(&file, &[row_of_stock(0)]).expect("a file");
        keep(&file, &[row(&CASES[1], fails()), row(&CASES[0], fails())]).expect("a file");
        let text = fs::read_to_string(&file).expect("a file");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        fs::remove_file(&file).expect("a file to remove");
        let sides = |n: usize| {
            value["cases"][CASES[n].name]["sides"]
                .as_object()
                .map(Map::len)
        };
        assert_eq!((sides(0), sides(1)), (Some(2), Some(2)));
    }

    #[test]
    fn the_table_has_a_row_for_each_case() {
        let text = table(&[row(&CASES[0], fails())]);
        assert!(
            text.contains("| FAILS: stands still | FAILS: too |"),
            "{text}"
        );
    }
}
