//! A relay log that an acknowledgement must find on disk (`ack_after=SYNCED`).
//!
//! When the hook runs that may acknowledge an event, the server has written the event to the
//! kernel: it flushes its cache after each event (`after_write_to_relay_log` and its like), and it
//! lists a new file in the index before it writes events into the file. So everything up to the
//! event lies in files that the index lists now, but for files that were applied and purged.
//! Those are synced that were not synced yet: usually the last one, which is kept open.
//!
//! At a rotation the server syncs the older file and the index. It passes over a failure, and never
//! syncs a directory. So all of that is done here once more, and a failure counts.
//!
//! A kernel that could not write a page forgets that the page was not written; the next sync
//! succeeds. So a file whose sync has failed is *lost*: nothing is acknowledged as long as the
//! index lists it, on any connection.

mod index;

pub use index::{find_indexes, listed_files};
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// Files whose sync has failed, until the server ends. Nothing is taken under it.
static LOST: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

/// For a moment there is no index, when the server replaces it
/// (`move_crash_safe_index_file_to_index_file`); and a file may be purged after the index was read.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(1);

/// A file, also after another of the same name. Where the file system does not tell when a file
/// was made, a new file may pass for an old one that is lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct FileId {
    device: u64,
    inode: u64,
    made: Option<SystemTime>,
}

impl FileId {
    fn of(file: &File) -> io::Result<Self> {
        let about = file.metadata()?;
        Ok(Self {
            device: about.dev(),
            inode: about.ino(),
            made: about.created().ok(),
        })
    }
}

/// Why a relay log does not count as synced.
#[derive(Debug)]
pub enum SyncError {
    /// This could not be opened or read. The next try may succeed.
    Unreadable(PathBuf, io::Error),
    /// What this file holds may be lost: its sync has failed, now or before.
    Lost(PathBuf, Option<io::Error>),
}

impl SyncError {
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(..))
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) if path.as_os_str().is_empty() => error.fmt(f),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Lost(path, Some(error)) => {
                write!(f, "{} could not be synced: {error}", path.display())
            }
            Self::Lost(path, None) => {
                write!(f, "{} could not be synced some time ago", path.display())
            }
        }
    }
}

/// What is asked of the operating system beside opening files.
pub trait Disk {
    /// `fdatasync`.
    fn sync(&self, path: &Path, file: &File) -> io::Result<()>;
}

/// The operating system.
pub struct System;

impl Disk for System {
    fn sync(&self, _: &Path, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The relay log of one channel. Belongs to the channel's receiver thread.
pub struct RelayLog<D = System> {
    index: PathBuf,
    /// Where files lie that the index names without a full path.
    directory: Option<PathBuf>,
    disk: D,
    /// What the index listed when all of it was synced; empty: nothing is known.
    synced: Vec<u8>,
    /// The file that the server writes.
    newest: Option<(PathBuf, File)>,
    /// The server has synced all that it wrote since.
    covered: bool,
}

impl<D: Disk> RelayLog<D> {
    pub fn new(index: PathBuf, directory: Option<PathBuf>, disk: D) -> Self {
        Self {
            index,
            directory,
            disk,
            synced: Vec::new(),
            newest: None,
            covered: false,
        }
    }

    /// An event was queued. `synced`: the server has synced it, if it wrote it at all.
    pub fn on_event(&mut self, synced: bool) {
        self.covered &= synced;
    }

    /// Whether the index listed no file.
    pub fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Has everything on disk that the server has written. Waits for the disk.
    pub fn sync(&mut self) -> Result<(), SyncError> {
        let done = self.try_sync();
        match &done {
            Ok(()) => self.covered = true,
            // Begin anew.
            Err(_) => {
                self.synced.clear();
                self.newest = None;
                self.covered = false;
            }
        }
        done
    }

    fn try_sync(&mut self) -> Result<(), SyncError> {
        let content = self.read_index()?;
        if !self.covered
            && let Some((path, file)) = &self.newest
        {
            self.sync_file(path, file)?;
        }
        if content != self.synced {
            self.synced = self.follow(content)?;
        }
        Ok(())
    }

    /// The index, whole.
    fn read_index(&self) -> Result<Vec<u8>, SyncError> {
        patiently(|| {
            let content = fs::read(&self.index)?;
            if content.is_empty() || content.ends_with(b"\n") {
                Ok(content)
            } else {
                Err(io::Error::new(ErrorKind::UnexpectedEof, "half an index"))
            }
        })
        .map_err(|error| SyncError::Unreadable(self.index.clone(), error))
    }

    /// Syncs the files that came after the newest one that is known, or all. The answer: the
    /// index whose files are synced then.
    fn follow(&mut self, content: Vec<u8>) -> Result<Vec<u8>, SyncError> {
        let deadline = Instant::now() + PATIENCE;
        let mut content = content;
        loop {
            match self.sync_new_files(&content) {
                // Purged after the index was read?
                Err(SyncError::Unreadable(_, error))
                    if error.kind() == ErrorKind::NotFound && Instant::now() < deadline =>
                {
                    thread::sleep(PAUSE);
                    content = self.read_index()?;
                }
                done => return done.map(|()| content),
            }
        }
    }

    fn sync_new_files(&mut self, content: &[u8]) -> Result<(), SyncError> {
        let files = listed_files(content, self.directory.as_deref());
        let newest = self.newest.as_ref();
        let known = newest.and_then(|(path, _)| files.iter().position(|file| file == path));
        let new = known.map_or(&*files, |known| &files[known + 1..]);
        for path in new {
            let file = open(path)?;
            self.sync_file(path, &file)?;
            self.newest = Some((path.clone(), file));
        }
        if new.is_empty() {
            return Ok(());
        }
        // The index, and that the files are called so.
        let directories = new
            .iter()
            .chain([&self.index])
            .map(|path| directory_of(path));
        let mut to_sync: BTreeSet<&Path> = directories.collect();
        to_sync.insert(&self.index);
        for path in to_sync {
            self.sync_name(path, &open(path)?)?;
        }
        Ok(())
    }

    fn sync_file(&self, path: &Path, file: &File) -> Result<(), SyncError> {
        let unreadable = |error| SyncError::Unreadable(path.to_path_buf(), error);
        let id = FileId::of(file).map_err(unreadable)?;
        if LOST.lock().contains(&id) {
            return Err(SyncError::Lost(path.to_path_buf(), None));
        }
        self.disk.sync(path, file).map_err(|error| {
            LOST.lock().insert(id);
            SyncError::Lost(path.to_path_buf(), Some(error))
        })
    }

    /// Syncs the index or a directory. If that fails, the newest file may be lost.
    fn sync_name(&self, path: &Path, file: &File) -> Result<(), SyncError> {
        self.disk.sync(path, file).map_err(|error| {
            let newest = self.newest.as_ref();
            if let Some(id) = newest.and_then(|(_, file)| FileId::of(file).ok()) {
                LOST.lock().insert(id);
            }
            SyncError::Lost(path.to_path_buf(), Some(error))
        })
    }
}

fn open(path: &Path) -> Result<File, SyncError> {
    File::open(path).map_err(|error| SyncError::Unreadable(path.to_path_buf(), error))
}

/// Tries again for a while what cannot be read, or is not there.
fn patiently<R>(mut attempt: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof)
                    && Instant::now() < deadline =>
            {
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// The directory that a file's name is in.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
