//! The server's log, its dumps and their replicas, as far as the coordinator sees them.

use semisync_core::{
    Claim, Coordinator, LogFiles, LogName, Member, Outcome, Place, Position, ReplicaConnectionId,
    Rule, SentFiles, Settings, WaitVerdict,
};
use std::collections::{BTreeSet, VecDeque};

/// A binary log file: its transactions, each with its end.
#[derive(Clone)]
struct File {
    name: String,
    /// No other file has had it.
    inode: u64,
    transactions: Vec<(u64, u32)>,
}

impl File {
    fn end(&self) -> u64 {
        self.transactions.last().map_or(START, |(end, _)| *end)
    }
}

const START: u64 = 4;
const TRANSACTION: u64 = 100;

#[derive(Default)]
struct Replica {
    has: BTreeSet<u32>,
    /// The file and the position up to which the replica has read.
    at: Option<(String, u64)>,
    /// Of the log that the replica has read.
    generation: u32,
}

struct Dump {
    replica: usize,
    connection: ReplicaConnectionId,
    began: u64,
    /// The file that the dump reads, and how far. None: the dump was only requested and
    /// checked by now.
    reads: Option<(usize, u64)>,
    at: (String, u64),
    sent: SentFiles,
    offset: u64,
    /// What the replica has said, and the source has not heard yet.
    said: VecDeque<(String, u64)>,
}

pub struct World {
    pub acknowledged: u32,
    /// Since the plugin began to look, so that a flush can be seen to go back.
    has_flushed: bool,
    core: Coordinator<u32>,
    files: LogFiles,
    count: u32,
    clock: u64,
    log: Vec<File>,
    generation: u32,
    to_be_told: bool,
    /// The file of the last flush, with its inode.
    last_flushed: Option<(String, u64)>,
    base: String,
    replicas: Vec<Replica>,
    dumps: Vec<Dump>,
    next_connection: u64,
    next_transaction: u32,
}

impl World {
    pub fn new(count: u32, replicas: usize) -> Self {
        let mut world = Self {
            acknowledged: 0,
            has_flushed: false,
            core: Coordinator::new(Settings::default()),
            files: LogFiles::default(),
            count,
            clock: 1,
            log: Vec::new(),
            generation: 0,
            to_be_told: false,
            last_flushed: None,
            base: "binlog".to_owned(),
            replicas: (0..replicas).map(|_| Replica::default()).collect(),
            dumps: Vec::new(),
            next_connection: 0,
            next_transaction: 0,
        };
        world.start();
        world
    }

    pub fn waiting(&self) -> u64 {
        self.core.wait_sessions()
    }

    // ---- the server ----

    /// The plugin is loaded and enabled, and the server begins a file.
    fn start(&mut self) {
        let rule = Rule::of_count(self.count);
        self.core = Coordinator::new(Settings {
            rule,
            ..Settings::default()
        });
        self.files = LogFiles::default();
        self.has_flushed = false;
        self.core.on_enable();
        self.begin_file();
    }

    pub fn begin_file(&mut self) {
        self.clock += 1;
        let of_base = |file: &&File| file.name.starts_with(&self.base);
        let number = |file: &File| file.name.rsplit_once('.')?.1.parse::<u64>().ok();
        let newest = self.log.iter().filter(of_base).filter_map(number).max();
        self.log.push(File {
            name: format!("{}.{:06}", self.base, newest.unwrap_or(0) + 1),
            inode: self.clock,
            transactions: Vec::new(),
        });
    }

    pub fn rename(&mut self, base: &str) {
        self.base = base.to_owned();
        self.dumps.clear();
        self.to_be_told = false;
        self.start();
    }

    /// Since MySQL 8.0 RESET waits for commits (by the global read lock). Between a RESET and its
    /// being told lie milliseconds. A flush shows the RESET meanwhile, but not the first flush since
    /// semi-sync was enabled. This is a known limit, and left out here.
    pub fn reset(&mut self) {
        self.clock += 1;
        if self.waiting() > 0 || !self.has_flushed {
            return;
        }
        self.log.clear();
        self.generation += 1;
        self.to_be_told = true;
        self.begin_file();
    }

    pub fn tell_of_reset(&mut self) {
        self.clock += 1;
        if !std::mem::take(&mut self.to_be_told) {
            return;
        }
        if self.files.on_reset(self.clock) {
            self.core.on_reset();
            // Every connection is hung up. A dump that was only requested has none yet.
            self.dumps.retain(|dump| dump.reads.is_none());
        }
        self.judge();
    }

    /// A commit group: flushed as a whole, then each of its transactions waits.
    pub fn commit(&mut self, transactions: u32) {
        self.clock += 1;
        let file = self.log.last_mut().expect("there is a file");
        let begin = file.transactions.len();
        for _ in 0..transactions {
            self.next_transaction += 1;
            let end = file.end() + TRANSACTION;
            file.transactions.push((end, self.next_transaction));
        }
        let (name, end) = (file.name.clone(), file.end());
        let group = file.transactions[begin..].to_vec();
        let inode = file.inode;
        let last = self.last_flushed.replace((name.clone(), inode));
        let is_replaced = last.is_some_and(|(name, inode)| {
            let now = self.log.iter().find(|file| file.name == name);
            now.is_some_and(|file| file.inode != inode)
        });
        if self.files.begins_anew(name.as_bytes(), end, is_replaced) {
            self.files.on_noticed_reset(self.clock);
            self.core.on_reset();
            self.dumps.retain(|dump| dump.reads.is_none());
        }
        self.has_flushed = true;
        let at = self.files.on_flush(name.as_bytes(), end);
        self.core.on_flush(at);
        self.judge();
        for (end, transaction) in group {
            self.wait(&name, end, transaction);
        }
    }

    fn wait(&mut self, name: &str, end: u64, transaction: u32) {
        let at = self
            .files
            .find(name.as_bytes(), end)
            .expect("it was flushed");
        let begin = self.core.on_wait_point(Some(at), transaction, false);
        if begin == WaitVerdict::Done(Outcome::Acknowledged) {
            self.judge_acknowledged(transaction);
        }
        self.judge();
    }

    // ---- replicas ----

    /// Whoever ran RESET has every replica begin anew; but a request that was checked
    /// before may be on its way still.
    pub fn request(&mut self, nth: usize) {
        self.clock += 1;
        let first = self.log.first().expect("there is a file").name.clone();
        let replica = &mut self.replicas[nth];
        if replica.generation != self.generation || replica.at.is_none() {
            replica.has.clear();
            replica.generation = self.generation;
            replica.at = Some((first, START));
        }
        let at = replica.at.clone().expect("set above");
        // A replica has one connection. A dump that has begun ends with it.
        let old = self.dumps.iter().filter(|dump| dump.replica == nth);
        let old: Vec<_> = old.map(|dump| dump.connection).collect();
        for connection in old {
            self.core.on_disconnect(connection, false);
        }
        self.dumps
            .retain(|dump| dump.replica != nth || dump.reads.is_none());
        self.next_connection += 1;
        self.dumps.push(Dump {
            replica: nth,
            connection: ReplicaConnectionId(self.next_connection),
            began: self.clock,
            reads: None,
            at,
            sent: SentFiles::default(),
            offset: 0,
            said: VecDeque::new(),
        });
        self.judge();
    }

    fn nth(&self, nth: usize) -> Option<usize> {
        nth.checked_rem(self.dumps.len())
    }

    pub fn step(&mut self, nth: usize) {
        self.clock += 1;
        let Some(nth) = self.nth(nth) else {
            return;
        };
        let goes_on = match self.dumps[nth].reads {
            None => self.begin(nth),
            Some((file, offset)) => self.send(nth, file, offset),
        };
        if !goes_on {
            let dump = self.dumps.remove(nth);
            self.core.on_disconnect(dump.connection, false);
        }
        self.judge();
    }

    fn place(&self, name: &str) -> Place {
        let index: Vec<LogName> = self
            .log
            .iter()
            .map(|file| LogName::from(file.name.as_bytes()))
            .collect();
        self.files.place(name.as_bytes(), Some(&index))
    }

    /// `transmit_start`, after which the server opens the file.
    fn begin(&mut self, nth: usize) -> bool {
        let (name, offset) = self.dumps[nth].at.clone();
        let start = self.announce(nth, &name, offset);
        let dump = &mut self.dumps[nth];
        if self.files.reset_since(dump.began, self.clock) {
            return false;
        }
        let server_id = u32::try_from(dump.replica).expect("few");
        let member = Member::of(server_id).into();
        self.core.on_connect(dump.connection, member, start);
        let opened = self.log.iter().position(|file| file.name == name);
        dump.reads = opened.map(|file| (file, offset));
        opened.is_some()
    }

    /// The dump tells its replica where it stands.
    fn announce(&mut self, nth: usize, name: &str, offset: u64) -> Option<Position> {
        let place = self.place(name);
        let believed = self.files.reaches(place, offset);
        let dump = &mut self.dumps[nth];
        let place = if believed { place } else { Place::Unknown };
        let same = dump
            .sent
            .current()
            .is_some_and(|(file, _)| **file == *name.as_bytes());
        if believed || !same {
            dump.sent.enter(name.as_bytes(), place);
            dump.offset = offset;
        }
        believed.then(|| place.at(offset)).flatten()
    }

    fn send(&mut self, nth: usize, file: usize, offset: u64) -> bool {
        let Some(read) = self.log.get(file).cloned() else {
            return false; // deleted
        };
        let dump = &self.dumps[nth];
        let boundary = |(end, _): &(u64, u32)| *end == offset;
        if dump.at.0 != read.name || !(offset == START || read.transactions.iter().any(boundary)) {
            return false; // another file by now, or no event begins there
        }
        let (replica, connection) = (dump.replica, dump.connection);
        match read.transactions.iter().find(|(end, _)| *end > offset) {
            Some(&(end, transaction)) => {
                let place = self.place(&read.name);
                let dump = &mut self.dumps[nth];
                dump.sent.enter(read.name.as_bytes(), place);
                dump.offset = end;
                let _ = place.at(end).map(|at| self.core.wants_ack(connection, at));
                dump.reads = Some((file, end));
                dump.at = (read.name.clone(), end);
                self.replicas[replica].has.insert(transaction);
            }
            None if file + 1 < self.log.len() => {
                let next = self.log[file + 1].name.clone();
                self.announce(nth, &next, START);
                let dump = &mut self.dumps[nth];
                dump.reads = Some((file + 1, START));
                dump.at = (next, START);
            }
            None => {
                self.announce(nth, &read.name, offset);
            }
        }
        // The replica acknowledges all that it reads, asked or not.
        let dump = &mut self.dumps[nth];
        dump.said.push_back(dump.at.clone());
        self.replicas[replica].at = Some(dump.at.clone());
        true
    }

    pub fn hear(&mut self, nth: usize) {
        let Some(nth) = self.nth(nth) else {
            return;
        };
        let dump = &mut self.dumps[nth];
        let Some((name, offset)) = dump.said.pop_front() else {
            return;
        };
        let sent = dump.sent.current();
        let sent = sent.and_then(|(_, place)| place.at(dump.offset));
        match dump.sent.claim(name.as_bytes(), offset) {
            Claim::Has(Some(at)) => {
                self.core.on_ack(dump.connection, at, sent);
            }
            Claim::Has(None) => {}
            wrong => panic!("an honest replica is taken for a liar: {name} {offset}: {wrong:?}"),
        }
        self.judge();
    }

    // ---- the judge ----

    /// Nobody waits over a RESET here, and nothing else lets a commit go on.
    fn judge(&mut self) {
        for (transaction, outcome) in self.core.take_effects().released {
            assert_eq!(outcome, Outcome::Acknowledged, "transaction {transaction}");
            self.judge_acknowledged(transaction);
        }
    }

    fn judge_acknowledged(&mut self, transaction: u32) {
        self.acknowledged += 1;
        let has = |replica: &&Replica| replica.has.contains(&transaction);
        let copies = self.replicas.iter().filter(has).count();
        assert!(
            copies >= self.count as usize,
            "transaction {transaction} has {copies} copies"
        );
    }
}
