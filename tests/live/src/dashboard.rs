//! A Grafana dashboard as a file has it: what its panels ask Prometheus for. And which series an
//! expression asks for.

use std::fs;
use std::path::Path;

use serde_json::Value;

pub struct Dashboard {
    pub json: Value,
    pub panels: Vec<Panel>,
}

/// A panel that is no heading.
pub struct Panel {
    pub title: String,
    /// Grafana's word: `stat`, `timeseries`, `state-timeline`.
    pub kind: String,
    /// Columns (of 24) and rows: left, top, width, height.
    pub place: [u64; 4],
    pub queries: Vec<Query>,
    pub json: Value,
}

pub struct Query {
    /// PromQL, with Grafana's variables filled in.
    pub expression: String,
    /// The text of the legend, with `{{label}}`.
    pub legend: String,
}

impl Dashboard {
    /// Reads a dashboard. Its variables are filled in so that it shows all servers, `range` long
    /// and averaged over `interval` (such as `10s`).
    #[track_caller]
    pub fn read(file: &Path, range: &str, interval: &str) -> Dashboard {
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let fill = |expression: &str| {
            let filled = expression
                .replace("$__rate_interval", interval)
                .replace("$__range", range)
                .replace("$job", ".*")
                .replace("$server", ".*");
            assert!(
                !filled.contains("\"$\"") && !filled.contains("$_"),
                "{filled}"
            );
            filled
        };
        let panels = json["panels"].as_array().expect("panels").iter();
        let panels = panels.filter(|panel| panel["type"] != "row");
        let panels = panels.map(|panel| Panel::of(panel, fill)).collect();
        Dashboard { json, panels }
    }
}

impl Panel {
    #[track_caller]
    fn of(json: &Value, fill: impl Fn(&str) -> String) -> Panel {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let targets = json["targets"].as_array().expect("targets").iter();
        let query = |target: &Value| Query {
            expression: fill(&text(&target["expr"])),
            legend: text(&target["legendFormat"]),
        };
        Panel {
            title: text(&json["title"]),
            kind: text(&json["type"]),
            place: ["x", "y", "w", "h"].map(|key| json["gridPos"][key].as_u64().expect("a place")),
            queries: targets.map(query).collect(),
            json: json.clone(),
        }
    }
}

/// The selectors of series in an expression whose names begin with `prefix`, each with its
/// conditions: `mysql_up{job="a"}`, `{__name__=~"mysql_.+"}`.
pub fn selectors(expression: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let name_end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(name_end);
        let conditions = &behind[..conditions_end(behind)];
        if name.starts_with(prefix) || (name.is_empty() && conditions.contains("__name__")) {
            found.push(format!("{name}{conditions}"));
        }
        let read = match first {
            '"' => quoted_end(rest),
            _ if name.is_empty() && conditions.is_empty() => first.len_utf8(),
            _ => name.len() + conditions.len(),
        };
        rest = &rest[read..];
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// The length of `{...}` at the beginning, or 0.
fn conditions_end(text: &str) -> usize {
    let mut at = 0;
    if !text.starts_with('{') {
        return at;
    }
    loop {
        let rest = &text[at..];
        match rest.chars().next() {
            Some('"') => at += quoted_end(rest),
            Some('}') => return at + 1,
            Some(other) => at += other.len_utf8(),
            None => return at,
        }
    }
}

/// The length of `"..."` at the beginning. (No text of ours has an escaped quotation mark.)
fn quoted_end(text: &str) -> usize {
    text[1..].find('"').map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_asks_for_these_series() {
        let expression = r#"rate(label_replace({__name__=~"m_a_.+",i=~".}*"}, "le", "$1",
            "__name__", "m_b_(.+)")[5m:]) / m_c{i="m_d"} or on (m) 1 + m_e"#;
        let expected = [r#"{__name__=~"m_a_.+",i=~".}*"}"#, r#"m_c{i="m_d"}"#, "m_e"];
        assert_eq!(selectors(expression, "m_"), expected);
    }
}
