//! Where files lie, and what is believed of positions in them.

use super::*;
use proptest::{collection::vec, prelude::*, test_runner::Config};

fn index(names: &[&str]) -> Vec<LogName> {
    index_names((names.join("\n") + "\n").as_bytes())
}

#[test]
fn positions_are_ordered_as_they_were_written_whatever_the_files_are_called() {
    let mut files = LogFiles::default();
    let mut last = None;
    for (name, offset, anew) in [
        ("binlog.000006", 200, false),
        ("binlog.000006", 300, false),
        ("binlog.000009", 150, false), // rotated without commits
        ("newlog.000010", 150, true),
        ("alog.999999", 4, true),
        ("alog.1000000", 900, false),
        ("alog.000001", 150, true), // RESET, not told yet
        ("alog.000001", 150, true), // and again
        ("alog.000001", 151, false),
    ] {
        assert_eq!(
            files.begins_anew(name.as_bytes(), offset, false),
            anew,
            "{name} {offset}"
        );
        if anew {
            files.forget();
        }
        let end = Some(files.on_flush(name.as_bytes(), offset));
        assert!(end > last, "{name} {offset}");
        last = end;
    }
}

#[test]
fn a_log_whose_last_file_is_another_one_by_now_begins_anew_however_far_it_goes_on() {
    let mut files = LogFiles::default();
    assert!(
        !files.begins_anew(b"b.000001", 500, true),
        "nothing is known"
    );
    files.on_flush(b"b.000001", 500);
    for name in [b"b.000001", b"b.000002"] {
        assert!(!files.begins_anew(name, 900, false));
        assert!(files.begins_anew(name, 900, true));
    }
    // The server has told of it meanwhile.
    files.on_reset(1);
    assert!(!files.begins_anew(b"b.000001", 900, true));
}

#[test]
fn a_reset_log_lies_behind_the_one_that_is_gone() {
    let mut files = LogFiles::default();
    let old = files.on_flush(b"b.000007", 5000);
    files.on_reset(1);
    assert_eq!(files.find(b"b.000007", 5000), None);
    assert_eq!(files.name(old.file), None);
    let new = files.on_flush(b"b.000001", 200);
    assert!(new > old);
    assert_eq!(files.find(b"b.000001", 200), Some(new));
    assert_eq!(files.name(new.file).as_deref(), Some(&b"b.000001"[..]));
}

#[test]
fn a_file_without_a_commit_lies_where_the_index_has_it() {
    let mut files = LogFiles::default();
    let first = files.on_flush(b"c.000002", 900);
    files.on_flush(b"c.000004", 700);
    let index = index(&["./d.000009", "/x/c.000002", "/x/c.000003", "/x/c.000004"]);
    let place = |name: &str| files.place(name.as_bytes(), Some(&index));
    assert_eq!(place("d.000009"), Place::Unknown);
    assert_eq!(place("c.000002"), Place::In(first.file));
    let behind = Position {
        file: first.file,
        offset: u64::MAX,
    };
    assert_eq!(place("c.000003"), Place::Behind(behind));
    assert_eq!(place("c.000005"), Place::Unknown, "it is not in the log");
}

#[test]
fn without_an_index_only_files_with_commits_are_known() {
    let mut files = LogFiles::default();
    let end = files.on_flush(b"b.000002", 900);
    assert_eq!(files.place(b"b.000002", None), Place::In(end.file));
    assert_eq!(files.place(b"b.000003", None), Place::Unknown);
}

#[test]
fn a_name_that_the_index_lists_twice_tells_nothing() {
    let mut files = LogFiles::default();
    files.on_flush(b"b.000001", 900);
    let twice = index(&["/old/b.000001", "/old/b.000002", "/new/b.000001"]);
    assert_eq!(files.place(b"b.000001", Some(&twice)), Place::Unknown);
    assert_eq!(files.place(b"b.000002", Some(&twice)), Place::Unknown);
}

#[test]
fn a_position_that_the_log_has_not_reached_is_not_believed() {
    let mut files = LogFiles::default();
    assert!(!files.reaches(Place::In(1), 4));
    let end = files.on_flush(b"b.000001", 300);
    let here = Place::In(end.file);
    assert!(files.reaches(here, 300) && !files.reaches(here, 301));
    assert!(!files.reaches(Place::Unknown, 4));
    assert!(files.reaches(Place::Behind(end), u64::MAX));
}

#[test]
fn what_began_before_a_reset_is_in_doubt_and_what_began_later_is_not() {
    let mut files = LogFiles::default();
    assert!(!files.reset_since(1, 5));
    files.on_reset(100);
    assert!(files.reset_since(99, 200) && files.reset_since(100, 200));
    assert!(!files.reset_since(101, 200));
    // The clock is set back.
    assert!(files.reset_since(40, 50) && files.reset_since(99, 50));
    assert!(!files.reset_since(51, 60));
}

#[test]
fn a_reset_that_was_noticed_is_not_news_when_the_server_tells_of_it() {
    let mut files = LogFiles::default();
    files.on_flush(b"b.000001", 500);
    files.on_noticed_reset(100);
    let end = files.on_flush(b"b.000001", 200);
    assert!(!files.on_reset(101));
    assert_eq!(files.find(b"b.000001", 200), Some(end));
    assert!(files.on_reset(102));
    assert_eq!(files.find(b"b.000001", 200), None);
    // Noticed, and never told.
    files.on_noticed_reset(200);
    assert!(files.on_reset(200 + 60_000_000));
}

#[test]
fn a_file_behind_the_newest_speaks_for_no_more_than_was_flushed() {
    let mut files = LogFiles::default();
    let end = files.on_flush(b"b.000001", 500);
    let index = index(&["b.000001", "b.000002"]);
    let place = files.place(b"b.000002", Some(&index));
    // A reset log whose first file is longer is not noticed at once, where nobody can tell that the
    // file is another one.
    let later = files.on_flush(b"b.000001", 900);
    assert_eq!(place, Place::Behind(end));
    assert!(place.at(4) < Some(later));
}

#[test]
fn what_is_remembered_is_bounded_and_the_newest_stays() {
    let mut files = LogFiles::default();
    for number in 0..3 * REMEMBERED {
        files.on_flush(format!("b.{number:06}").as_bytes(), 4);
    }
    assert_eq!(files.files.len(), REMEMBERED);
    let newest = format!("b.{:06}", 3 * REMEMBERED - 1);
    assert!(files.find(newest.as_bytes(), 4).is_some());
}

#[test]
fn a_distance_goes_over_files_and_ends_with_what_is_known() {
    let mut files = LogFiles::default();
    let far = Position {
        file: 1,
        offset: u64::MAX,
    };
    assert_eq!(files.distance(far, far), None);
    let first = files.on_flush(b"b.000001", 300);
    files.on_flush(b"b.000001", 1000);
    let second = files.on_flush(b"b.000002", 500);
    let third = files.on_flush(b"b.000003", 70);
    assert_eq!(files.distance(first, first), Some(0));
    assert_eq!(files.distance(first, second), Some(700 + 500));
    assert_eq!(files.distance(first, third), Some(700 + 500 + 70));
    assert_eq!(files.distance(third, first), Some(0));
    // Somewhere behind the last commit of a file.
    assert_eq!(files.distance(far, third), Some(500 + 70));
    assert_eq!(files.named(far).map(|(_, offset)| offset), Some(1000));
    assert_eq!(
        files.named(second).as_ref().map(|(name, _)| &**name),
        Some(&b"b.000002"[..])
    );
    let unknown = Position { file: 4, offset: 4 };
    assert_eq!(files.distance(first, unknown), None);
    files.on_reset(1);
    let new = files.on_flush(b"b.000001", 200);
    assert_eq!(files.distance(third, new), None, "of a log that is gone");
    assert_eq!(files.distance(new, new), Some(0));
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..Config::default()
    })]

    /// Against the sum of the sizes, file by file.
    #[test]
    fn a_distance_is_the_sum_of_what_lies_between(
        sizes in vec(vec(1..99_u64, 1..4), 1..20),
        from in (0..20_usize, 0..300_u64),
        to in (0..20_usize, 0..300_u64),
    ) {
        let mut files = LogFiles::default();
        let mut ends = Vec::new();
        for (number, groups) in sizes.iter().enumerate() {
            let mut end = 0;
            for bytes in groups {
                end += bytes;
                files.on_flush(format!("b.{number:06}").as_bytes(), end);
            }
            ends.push(end);
        }
        let position = |(file, offset): (usize, u64)| {
            let file = u64::try_from(file).unwrap() + 1;
            Position { file, offset }
        };
        let naive = match (ends.get(from.0), ends.get(to.0)) {
            (Some(from_end), Some(to_end)) => {
                let sum = |end: usize| ends[..end].iter().sum::<u64>();
                let from = sum(from.0) + from.1.min(*from_end);
                Some((sum(to.0) + to.1.min(*to_end)).saturating_sub(from))
            }
            _ => None,
        };
        prop_assert_eq!(files.distance(position(from), position(to)), naive);
    }
}

#[test]
fn an_index_is_read_without_directories_and_lines_that_are_not_complete() {
    let names = index_names(b"./b.000001\n/var/lib/my.sql/b.000002\n\nb.000003\nb.00");
    let text: Vec<_> = names
        .iter()
        .map(|name| String::from_utf8_lossy(name))
        .collect();
    assert_eq!(text, ["b.000001", "b.000002", "b.000003"]);
}
