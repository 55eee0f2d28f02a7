//! Where the files of the binary log lie, and what an acknowledgement over one connection means,
//! beside flat lists (`plain`) from which every answer is worked out anew.
//!
//! The input is what happens, step by step: flushes, rotations, RESETs, a clock that is set, an
//! index that lists what it likes, and files that a dump enters.

mod plain;

use crate::bytes::Bytes;
use plain::{Connection, File, Log};
use semisync_core::{LogFiles, LogName, Place, Position, SentFiles, index_names};

/// More steps find nothing that fewer would not.
const MOST: usize = 60;
/// So many files come at once, now and then: what is remembered is bounded.
const MANY: u64 = 400;
/// How often, at most. A thousand files are remembered.
const OFTEN: u32 = 4;

pub fn files(input: &[u8]) {
    reads_an_index(input);
    let mut choices = Bytes::of(input);
    let mut run = Run {
        // Lists of a thousand are slow: for few inputs.
        many: if choices.below(16) == 15 { OFTEN } else { 0 },
        ..Run::default()
    };
    for _ in 0..MOST {
        if choices.is_at_end() {
            break;
        }
        run.step(&mut choices);
        if run.log.last_ordinal() < MANY {
            run.compare();
        }
    }
    run.compare();
}

fn reads_an_index(content: &[u8]) -> Vec<LogName> {
    let names = index_names(content);
    let read: Vec<_> = names.iter().map(|name| name.to_vec()).collect();
    assert_eq!(read, plain::index(content));
    names
}

#[derive(Default)]
struct Run {
    files: LogFiles,
    log: Log,
    sent: SentFiles,
    connection: Connection,
    /// None: it cannot be read.
    index: Option<Vec<LogName>>,
    /// The file of the last flush is another one by now.
    is_replaced: bool,
    /// Microseconds.
    now: u64,
    /// The newest file that was entered, or flushed into.
    newest: Vec<u8>,
    /// How often many files may still come at once.
    many: u32,
}

impl Run {
    fn step(&mut self, choices: &mut Bytes<'_>) {
        let choice = choices.byte();
        if choice == u8::MAX {
            self.is_replaced = true;
            return;
        }
        match choice % 12 {
            0 => self.flush(name(choices), offset(choices)),
            1 => {
                let (name, end) = self.log.last().unwrap_or_default();
                self.flush(name, end.saturating_add(u64::from(choices.byte())));
            }
            2 => self.rotate(),
            3 => {
                if self.may_be_many() {
                    (0..MANY).for_each(|_| self.rotate());
                }
            }
            4 => assert_eq!(self.files.on_reset(self.now), self.log.on_reset(self.now)),
            5 => {
                self.files.forget();
                self.log.forget();
            }
            6 => self.now = seconds(choices),
            7 => {
                let began = seconds(choices);
                let in_doubt = self.files.reset_since(began, self.now);
                assert_eq!(in_doubt, self.log.reset_since(began, self.now));
            }
            8 => self.index = index(choices),
            9 => self.enter(&name(choices)),
            10 => self.enter(&self.newest.clone()),
            _ => {
                if self.may_be_many() {
                    for number in 0..MANY {
                        self.enter(format!("b.{number:06}").as_bytes());
                    }
                }
            }
        }
    }

    fn may_be_many(&mut self) -> bool {
        let may_be = self.many > 0;
        self.many = self.many.saturating_sub(1);
        may_be
    }

    /// As the source does.
    fn flush(&mut self, name: Vec<u8>, offset: u64) {
        let is_replaced = std::mem::take(&mut self.is_replaced);
        let anew = self.files.begins_anew(&name, offset, is_replaced);
        assert_eq!(anew, self.log.begins_anew(&name, offset, is_replaced));
        if anew {
            self.files.on_noticed_reset(self.now);
            self.log.on_noticed_reset(self.now);
        }
        let end = self.files.on_flush(&name, offset);
        assert_eq!(end, self.log.on_flush(&name, offset));
        self.newest = name;
    }

    fn rotate(&mut self) {
        let (name, _) = self.log.last().unwrap_or_default();
        let next = match plain::split(&name) {
            Some((base, number)) => format!("{base}.{:06}", number.saturating_add(1)),
            None => "b.000001".to_owned(),
        };
        self.flush(next.into_bytes(), 200);
    }

    fn enter(&mut self, name: &[u8]) {
        let place = self.files.place(name, self.index.as_deref());
        self.sent.enter(name, place);
        self.connection.enter(name, place);
        self.newest = name.to_vec();
    }

    fn compare(&self) {
        let (files, log) = (&self.files, &self.log);
        assert_eq!(files.version(), log.version());
        let known = log.files();
        let flushed = log.flushed();
        for name in self.names(&known) {
            let index = self.index.as_deref();
            let place = files.place(&name, index);
            assert_eq!(
                place,
                plain::place(&known, flushed, &name, index),
                "{name:?}"
            );
            assert_eq!(
                files.place(&name, None),
                plain::place(&known, flushed, &name, None)
            );
            if let Place::Behind(end) = place {
                assert!(Some(end) <= flushed, "{name:?} speaks for the future");
            }
            for offset in [0, 4, 200, u64::MAX] {
                assert_eq!(
                    files.find(&name, offset),
                    plain::find(&known, &name, offset)
                );
                let claim = self.sent.claim(&name, offset);
                assert_eq!(
                    claim,
                    self.connection.claim(&name, offset),
                    "{name:?} {offset}"
                );
                let reaches = match place {
                    Place::In(file) => flushed >= Some(Position { file, offset }),
                    Place::Behind(_) => true,
                    Place::Unknown => false,
                };
                assert_eq!(files.reaches(place, offset), reaches);
            }
        }
        for offset in [4, u64::MAX] {
            assert_eq!(self.sent.reach(offset), self.connection.reach(offset));
        }
        let current = self.sent.current();
        let current = current.map(|(name, place)| (name.to_vec(), place));
        assert_eq!(current, self.connection.current());
        let positions = self.positions(&known);
        for &from in &positions {
            let named = files.named(from).map(|(name, end)| (name.to_vec(), end));
            assert_eq!(named, plain::named(&known, from));
            let name = files.name(from.file).map(|name| name.to_vec());
            assert_eq!(name, named.map(|(name, _)| name));
            for &to in &positions {
                let distance = files.distance(from, to);
                assert_eq!(
                    distance,
                    plain::distance(&known, from, to),
                    "{from:?} {to:?}"
                );
            }
        }
    }

    fn names(&self, known: &[File]) -> Vec<Vec<u8>> {
        let mut names = vec![
            self.newest.clone(),
            b"b.000001".to_vec(),
            b"c.000009".to_vec(),
        ];
        names.extend(known.iter().take(2).map(|file| file.name.clone()));
        let index = self.index.iter().flatten();
        names.extend(index.map(|name| name.to_vec()));
        names
    }

    /// In the oldest files that are remembered, in those before them, and in the newest.
    fn positions(&self, known: &[File]) -> Vec<Position> {
        let last = self.log.last_ordinal();
        let oldest = known.first().map_or(1, |file| file.ordinal);
        let files = [
            oldest.saturating_sub(1),
            oldest,
            oldest + 1,
            last.saturating_sub(1),
            last,
        ];
        let files = files.into_iter().chain([last + 1]);
        files
            .flat_map(|file| [4, 300, u64::MAX].map(|offset| Position { file, offset }))
            .collect()
    }
}

/// Few of them, so that they meet.
fn name(choices: &mut Bytes<'_>) -> Vec<u8> {
    let byte = choices.byte();
    let base = ["b", "c", "b.x", "a b"][usize::from(byte & 3)];
    let number = [
        "000001", "000002", "000009", "000010", "999999", "1000000", "", "x",
    ];
    let number = number[usize::from(byte >> 2 & 7)];
    match byte >> 5 {
        6 => base.to_owned(),
        7 => format!("{base}.{}", u64::MAX),
        _ => format!("{base}.{number}"),
    }
    .into_bytes()
}

fn offset(choices: &mut Bytes<'_>) -> u64 {
    match choices.byte() {
        255 => u64::MAX,
        254 => u64::MAX - 1,
        small => u64::from(small) * 4,
    }
}

fn seconds(choices: &mut Bytes<'_>) -> u64 {
    u64::from(choices.byte()) * 1_000_000
}

fn index(choices: &mut Bytes<'_>) -> Option<Vec<LogName>> {
    let lines = choices.below(8);
    let lines = lines.checked_sub(1)?;
    let mut content = Vec::new();
    for _ in 0..lines {
        let directory = ["./", "/var/log.d/", ""][usize::from(choices.below(3))];
        content.extend_from_slice(directory.as_bytes());
        content.extend(name(choices));
        content.push(b'\n');
    }
    Some(reads_an_index(&content))
}
