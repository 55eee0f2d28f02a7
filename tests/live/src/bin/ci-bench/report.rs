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

/// One cell as it is told.
pub struct Told {
    pub name: String,
    /// The conditions, in words.
    pub conditions: String,
    pub sides: Vec<&'static str>,
    /// "ours / stock".
    pub ratio: String,
    pub lines: Vec<Line>,
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
    for line in &told.lines {
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
    text
}

/// Adds the cells to the file; others that it has already stay.
pub fn merge_into(file: &Path, told: &[Told]) -> Result<(), Stop> {
    let mut cells = match fs::read_to_string(file) {
        Ok(text) => {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            value["cells"].as_object().cloned().unwrap_or_default()
        }
        Err(_) => Map::new(),
    };
    for one in told {
        cells.insert(key(one), cell(one));
    }
    let text = serde_json::to_string_pretty(&json!({ "cells": cells })).or_stop("JSON")?;
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).or_stop(dir.display())?;
    }
    fs::write(file, text + "\n").or_stop(file.display())
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
        "figures": figures,
    })
}

fn figure(line: &Line, sides: &[&'static str]) -> Value {
    let medians: Map<String, Value> = sides
        .iter()
        .zip(&line.medians)
        .map(|(side, median)| ((*side).to_owned(), json!(median)))
        .collect();
    json!({
        "text": line.meaning.text.trim(),
        "medians": medians,
        "ratio": line.ratio.map(|ratio| ratio.median),
        "low": line.ratio.map(|ratio| ratio.low),
        "high": line.ratio.map(|ratio| ratio.high),
        "verdict": line.verdict(),
    })
}
