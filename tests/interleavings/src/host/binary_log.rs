//! The binary log: files of events that end transactions, one after the other. It rotates, and
//! begins anew.

use super::{locks::Monitor, log_files};
use semisync_interleaved::{Mutex, trace};
use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char},
    fs::File as OwnFile,
    io::{Seek, Write},
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    ptr::null_mut,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, AtomicU64, Ordering},
    },
};

/// Where the first event of a file begins.
pub const BEGIN: u64 = 157;
/// How long each is. Its first 19 bytes are the header.
pub const EVENT: u64 = 64;

/// A file of the log. `era`: how often the log was reset before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct File {
    pub era: u64,
    pub number: u64,
}

impl File {
    const FIRST: Self = Self { era: 0, number: 1 };

    /// Without a directory.
    pub fn name(self) -> CString {
        CString::new(format!("binlog.{:06}", self.number)).unwrap_or_default()
    }

    /// A place in the log as one number: places are ordered as the log was written, over all
    /// files, and those of before a RESET are lower. In the first file it is the offset.
    pub fn place(self, offset: u64) -> u64 {
        (self.era << 40) + ((self.number - 1) << 24) + offset
    }

    /// The file and the offset of a place.
    pub fn of(place: u64) -> (Self, u64) {
        let file = Self {
            era: place >> 40,
            number: (place >> 24 & 0xffff) + 1,
        };
        (file, place & 0xff_ffff)
    }
}

/// The file that is being written, and where its next event begins.
#[derive(Clone, Copy)]
pub struct Active {
    pub file: File,
    pub end: u64,
}

/// `LOCK_log`.
pub static LOG: Mutex<Active> = Mutex::new(Active {
    file: File::FIRST,
    end: BEGIN,
});

/// What dumps may send (`binlog_end_pos`), and whom they look at.
static PUBLISHED: Monitor<Published> = Monitor::new(Published {
    file: File::FIRST,
    end: BEGIN,
    ended: BTreeMap::new(),
});

struct Published {
    file: File,
    end: u64,
    /// The ends of files that are not written any more.
    ended: BTreeMap<File, u64>,
}

/// Transactions that are in the log and not committed in the engine (`m_prep_xids`): a file is not
/// left before they are.
static PREPARED: Monitor<u64> = Monitor::new(0);

/// How often the log was reset. For the test alone, so not a step of anybody.
static ERA: AtomicU64 = AtomicU64::new(0);

pub fn era() -> u64 {
    ERA.load(Ordering::Relaxed)
}

/// What a dump may do next.
pub enum More {
    /// Send the file up to here.
    UpTo(u64),
    /// The same, and then go on to the next file.
    UpToEnd(u64),
    /// There is nothing more for it.
    Over,
}

/// Dumps may send up to here (`update_binlog_end_pos`): no file but the one that is written.
pub fn publish(file: File, end: u64) {
    PUBLISHED.change(|published| {
        if published.file == file {
            published.end = end.max(published.end);
        }
    });
}

/// Waits until more than `from` of the file may be sent, or something else is to be done.
pub fn wait_for_more(file: File, from: u64, is_over: impl Fn() -> bool) -> More {
    PUBLISHED.wait(|published| {
        if is_over() {
            return Some(More::Over);
        }
        if published.file.number == file.number {
            // The server compares names: a file of before a RESET passes for the new one, and
            // ends before it.
            let is_gone = published.file.era != file.era;
            return (published.end > from).then_some(match is_gone {
                true => More::Over,
                false => More::UpTo(published.end),
            });
        }
        published.ended.get(&file).map(|end| More::UpToEnd(*end))
    })
}

/// Dumps look around: one was killed.
pub fn look_around() {
    PUBLISHED.change(|_| ());
}

/// The file behind this one (`LOCK_index`, which a rotation takes after its wait for commits).
/// None: the log was reset.
pub fn next(file: File) -> Option<File> {
    let number = file.number + 1;
    let next = File { number, ..file };
    PUBLISHED.change(|published| {
        (published.file.era == file.era && next <= published.file).then_some(next)
    })
}

/// A group of transactions was written.
pub fn prepare(transactions: u64) {
    PREPARED.change(|prepared| *prepared += transactions);
}

/// They are committed in the engine.
pub fn commit_prepared(transactions: u64) {
    PREPARED.change(|prepared| *prepared -= transactions);
}

/// FLUSH BINARY LOGS (sql/binlog.cc, `MYSQL_BIN_LOG::new_file_impl`): waits for commits.
pub fn rotate() {
    let mut log = LOG.lock();
    PREPARED.wait(|prepared| (*prepared == 0).then_some(()));
    let number = log.file.number + 1;
    let next = File { number, ..log.file };
    log_files::add(&next.name());
    begin(&mut log, next);
}

/// RESET BINARY LOGS AND GTIDS, up to where the server tells of it: a new log (`reset_logs`).
pub fn reset() {
    let mut log = LOG.lock();
    let era = log.file.era + 1;
    let first = File { era, number: 1 };
    log_files::begin_anew(&first.name());
    begin(&mut log, first);
}

fn begin(log: &mut Active, file: File) {
    let before = *log;
    *log = Active { file, end: BEGIN };
    ERA.store(log.file.era, Ordering::Relaxed);
    trace(format_args!("the log goes on in {:?}", log.file));
    write_index(log.file);
    PUBLISHED.change(|published| {
        published.ended.insert(before.file, before.end);
        (published.file, published.end) = (log.file, log.end);
    });
}

// ---- the index ----

/// Its path, which the library looks up in a server.
#[unsafe(export_name = "log_bin_index")]
static LOG_BIN_INDEX: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

/// A file in memory: nothing is left of it.
static INDEX: OnceLock<OwnedFd> = OnceLock::new();

/// The first file is there, and the library may read the index from now on.
pub fn open() {
    let index = INDEX.get_or_init(|| {
        log_files::add(&LOG.lock().file.name());
        // SAFETY: a new descriptor.
        unsafe { OwnedFd::from_raw_fd(libc::memfd_create(c"index".as_ptr(), libc::MFD_CLOEXEC)) }
    });
    let path = format!("/proc/self/fd/{}", index.as_raw_fd());
    let path = CString::new(path).unwrap_or_default();
    // It stays for ever.
    LOG_BIN_INDEX.store(path.into_raw(), Ordering::Release);
    write_index(LOG.lock().file);
}

fn write_index(last: File) {
    let Some(index) = INDEX.get() else {
        return;
    };
    let name = |number| File { number, ..last }.name();
    let lines = (1..=last.number).map(|number| format!("./{}\n", text(&name(number))));
    let content: String = lines.collect();
    let write = || {
        let mut file = OwnFile::from(index.try_clone()?);
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(content.as_bytes())
    };
    write().expect("a file in memory");
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

// ---- events ----

const XID: u8 = 16;
const ROTATE: u8 = 4;
const HEARTBEAT: u8 = 27;

/// The event that ends at `end`, as the log has it. The replica finds its place in it.
pub fn event(file: File, end: u64) -> Vec<u8> {
    let mut event = header(XID, end, EVENT);
    event.extend(file.place(end).to_le_bytes());
    event.resize(usize::try_from(EVENT).unwrap_or_default(), 0);
    event
}

/// Tells a replica that this file follows, from `offset` on: made by a dump.
pub fn artificial_rotate(file: File, offset: u64) -> Vec<u8> {
    announcement(ROTATE, file, offset)
}

/// Tells a replica that it has everything up to here: made by a dump.
pub fn heartbeat(file: File, offset: u64) -> Vec<u8> {
    announcement(HEARTBEAT, file, offset)
}

fn announcement(kind: u8, file: File, offset: u64) -> Vec<u8> {
    let body = match kind {
        ROTATE => [&offset.to_le_bytes(), file.name().to_bytes()].concat(),
        _ => file.name().to_bytes().to_vec(),
    };
    let end = if kind == ROTATE { 0 } else { offset };
    let mut event = header(kind, end, 19 + body.len() as u64);
    event.extend(body);
    event
}

fn header(kind: u8, end: u64, length: u64) -> Vec<u8> {
    let mut header = vec![0; 19];
    header[4] = kind;
    header[9..13].copy_from_slice(&u32::try_from(length).unwrap_or_default().to_le_bytes());
    header[13..17].copy_from_slice(&u32::try_from(end).unwrap_or_default().to_le_bytes());
    header
}

/// What a replica learns of an event.
pub enum Seen {
    /// A transaction, with its place in the log.
    Transaction { place: u64 },
    /// From here on, of this file.
    From { file: Vec<u8>, offset: u64 },
    /// Everything up to here was sent or skipped.
    Alive { offset: u64 },
}

pub fn read(event: &[u8]) -> Option<Seen> {
    let number = |at: usize| Some(u64::from_le_bytes(*event.get(at..)?.first_chunk()?));
    let end = u64::from(u32::from_le_bytes(*event.get(13..)?.first_chunk()?));
    Some(match *event.get(4)? {
        XID => Seen::Transaction { place: number(19)? },
        ROTATE => Seen::From {
            file: event.get(27..)?.to_vec(),
            offset: number(19)?,
        },
        _ => Seen::Alive { offset: end },
    })
}
