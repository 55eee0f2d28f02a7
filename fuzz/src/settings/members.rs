//! A second reading of `semisync_source_members`: `id = [name] [@ zone]`, with commas between.

use super::words::{is_word, server_id, trimmed};

/// As it is shown. None: it is refused.
pub fn read(text: &str) -> Option<String> {
    if trimmed(text).is_empty() {
        return Some(String::new());
    }
    let entries: Option<Vec<_>> = text.split(',').map(entry).collect();
    let entries = entries?;
    for (nth, (id, name, _)) in entries.iter().enumerate() {
        let mut others = entries.iter().skip(nth + 1);
        let is_same =
            |name: &str, other: &str| !name.is_empty() && name.eq_ignore_ascii_case(other);
        if others.any(|(other, others, _)| id == other || is_same(name, others)) {
            return None;
        }
    }
    let shown = entries.iter().map(|(id, name, zone)| match zone {
        Some(zone) => format!("{id}={name}@{zone}"),
        None => format!("{id}={name}"),
    });
    Some(shown.collect::<Vec<_>>().join(", "))
}

/// The server id, the name (which may be empty), the zone.
fn entry(text: &str) -> Option<(String, &str, Option<&str>)> {
    let (id, words) = trimmed(text).split_once('=')?;
    let id = server_id(trimmed(id))?;
    let (name, zone) = match words.split_once('@') {
        Some((name, zone)) => (trimmed(name), Some(trimmed(zone))),
        None => (trimmed(words), None),
    };
    let has_name = is_word(name) || name.is_empty() && zone.is_some();
    (has_name && zone.is_none_or(is_word)).then_some((id, name, zone))
}
