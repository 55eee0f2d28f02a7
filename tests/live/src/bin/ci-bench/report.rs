//! What was measured: a table for people, and JSON for programs.
//!
//! The JSON file keeps the cells of earlier runs, so that a grid can be measured in pieces; a cell
//! that is measured anew replaces its former figures.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use semisync_live_tests::console::{OrStop, Stop};
use serde_json::{Map, Value, json};

use crate::compare::Line;
use crate::floor::Floor;
use crate::{grid, plot};

/// One cell as it is told.
pub struct Told {
    pub name: String,
    /// The conditions, in words.
    pub conditions: String,
    pub sides: Vec<&'static str>,
    /// "ours / stock".
    pub ratio: String,
    pub lines: Vec<Line>,
    /// None: nothing is compared with a round trip.
    pub floor: Option<Floor>,
    /// What is not in the lines, and why.
    pub notes: Vec<String>,
    /// Server, machine, turns, command, time: what a figure must be read with.
    pub made: Value,
}

/// A table of all figures.
pub fn table(told: &Told) -> String {
    let mut text = format!("{:<28}", "");
    for side in &told.sides {
        let _ = write!(text, "{side:>10}");
    }
    let _ = writeln!(text, "  {:<15} 95 % interval", told.ratio);
    for line in told.lines.iter().filter(|line| !is_empty(line)) {
        let digits = line.meaning.digits;
        let _ = write!(text, "{:<28}", line.meaning.text);
        for median in &line.medians {
            match median {
                Some(median) => write!(text, "{median:>10.digits$}"),
                None => write!(text, "{:>10}", "-"),
            }
            .expect("a text takes all");
        }
        match line.ratio {
            Some(ratio) => writeln!(
                text,
                "  {:<5.2} {:>8.2} to {:<5.2}  {}",
                ratio.median,
                ratio.low,
                ratio.high,
                line.verdict()
            ),
            None => writeln!(text, "  {}", line.verdict()),
        }
        .expect("a text takes all");
    }
    if let Some(floor) = &told.floor {
        let _ = writeln!(text, "{}", floor.text());
    }
    for note in &told.notes {
        let _ = writeln!(text, "{note}");
    }
    text
}

/// A part of a server that does nothing.
fn is_empty(line: &Line) -> bool {
    let least = 0.5 / 10_f64.powi(i32::try_from(line.meaning.digits).unwrap_or(0));
    let mut medians = line.medians.iter().flatten();
    line.meaning.detail && medians.all(|median| *median < least)
}

/// Adds a cell to the file, and beside it draws and lists all cells with the same sides.
pub fn keep(file: &Path, told: &Told) -> Result<(), Stop> {
    let cells = merge_into(file, told)?;
    let write = |extension: &str, text: String| {
        let beside = file.with_extension(extension);
        fs::write(&beside, text).or_stop(beside.display())
    };
    write("svg", plot::draw(&cells, &told.ratio))?;
    write("md", list(&cells, &told.ratio))
}

/// A table for documentation: a row for each cell.
fn list(cells: &Map<String, Value>, compared: &str) -> String {
    let mut text = format!("| {compared} |");
    for (_, title) in plot::COLUMNS {
        let _ = write!(text, " {title} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(plot::COLUMNS.len()));
    text.push('\n');
    for cell in grid::in_order(cells, compared) {
        let _ = write!(text, "| {} |", cell["name"].as_str().unwrap_or_default());
        for (key, _) in plot::COLUMNS {
            let figure = &cell["figures"][key];
            let number = |field: &str| figure[field].as_f64();
            let _ = match (number("ratio"), number("low"), number("high")) {
                (Some(ratio), Some(low), Some(high)) => {
                    write!(text, " {ratio:.2} ({low:.2} to {high:.2}) |")
                }
                _ => write!(text, " - |"),
            };
        }
        text.push('\n');
    }
    text
}

/// Other cells that the file has already stay. Returns all.
pub fn merge_into(file: &Path, told: &Told) -> Result<Map<String, Value>, Stop> {
    let mut cells = match fs::read_to_string(file) {
        Ok(text) => {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            value["cells"].as_object().cloned().unwrap_or_default()
        }
        Err(_) => Map::new(),
    };
    cells.insert(key(told), cell(told));
    let text = serde_json::to_string_pretty(&json!({ "cells": cells })).or_stop("JSON")?;
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).or_stop(dir.display())?;
    }
    fs::write(file, text + "\n").or_stop(file.display())?;
    Ok(cells)
}

/// Figures of other sides do not take the place of these.
fn key(told: &Told) -> String {
    format!("{} ({})", told.name, told.ratio)
}

fn cell(told: &Told) -> Value {
    let figures: Map<String, Value> = told
        .lines
        .iter()
        .map(|line| (line.key.clone(), figure(line, &told.sides)))
        .collect();
    json!({
        "name": told.name,
        "conditions": told.conditions,
        "sides": told.sides,
        "compared": told.ratio,
        "made": told.made,
        "floor": told.floor.as_ref().map(Floor::json),
        "notes": told.notes,
        "figures": figures,
    })
}

fn figure(line: &Line, sides: &[&'static str]) -> Value {
    let medians: Map<String, Value> = sides
        .iter()
        .zip(&line.medians)
        .map(|(side, median)| ((*side).to_owned(), json!(median)))
        .collect();
    let turns: Map<String, Value> = sides
        .iter()
        .zip(&line.turns)
        .filter(|_| !line.meaning.detail)
        .map(|(side, turns)| ((*side).to_owned(), json!(turns.as_deref().map(short))))
        .collect();
    json!({
        "text": line.meaning.text.trim(),
        "medians": medians,
        "turns": turns,
        "ratio": line.ratio.map(|ratio| ratio.median),
        "low": line.ratio.map(|ratio| ratio.low),
        "high": line.ratio.map(|ratio| ratio.high),
        "verdict": line.verdict(),
    })
}

/// To three digits after the point: more is noise.
fn short(values: &[f64]) -> Vec<f64> {
    let round = |value: &f64| (value * 1e3).round() / 1e3;
    values.iter().map(round).collect()
}
