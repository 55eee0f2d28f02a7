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
//! A kernel that could not write a page forgets that the page was not written. It tells each open
//! descriptor once; one that is opened after somebody was told hears nothing, and its sync succeeds
//! (`errseq_sample`). The server syncs too, and may be told first. So a file is opened here before
//! an event is written to it: the index is looked at before and after each event
//! (`before_event`, `after_event`), and a descriptor is asked once more before it is closed. What
//! failed before the receiver began to look, nobody can tell any more.
//!
//! That fails for one file only: one that was made after the look before an event, was given the
//! event, and was closed before the look after it. (A rotation by hand and another rotation within
//! one event do that.) Such a file counts as one whose sync has failed. One that was made and
//! closed while no event was written holds nothing of the source.
//!
//! A file whose sync has failed is *lost*: nothing is acknowledged as long as the index lists it,
//! on any connection.

mod index;

pub use index::{find_indexes, listed_files};
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File, Metadata},
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
        file.metadata().map(Self::from)
    }
}

impl From<Metadata> for FileId {
    fn from(about: Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            made: about.created().ok(),
        }
    }
}

/// By this an index is known that was read already. The server puts a new file in its place, or
/// (MariaDB 5.5) appends. Should a change look the same, the next one or an acknowledgement finds
/// it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
}

impl Stamp {
    fn of(index: &Path) -> io::Result<Self> {
        let about = fs::metadata(index)?;
        Ok(Self {
            device: about.dev(),
            inode: about.ino(),
            size: about.len(),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

/// A file of this log that is lost.
struct LostFile {
    path: PathBuf,
    id: FileId,
    /// Until it was told.
    error: Option<io::Error>,
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

/// What is asked of the operating system.
pub trait Disk {
    /// For reading.
    fn open(&self, path: &Path) -> io::Result<File>;

    /// `fdatasync`.
    fn sync(&self, path: &Path, file: &File) -> io::Result<()>;
}

/// The operating system.
pub struct System;

impl Disk for System {
    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn sync(&self, _: &Path, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The relay log of one channel. Belongs to the channel's receiver thread.
pub struct RelayLog<D: Disk = System> {
    index: PathBuf,
    /// Where files lie that the index names without a full path.
    directory: Option<PathBuf>,
    disk: D,
    /// The file that the server writes. All files before it were synced, or are lost.
    newest: Option<(PathBuf, File)>,
    /// All that the server has written to the newest file is synced.
    covered: bool,
    /// The index and the directories are synced as the index was read last.
    names_synced: bool,
    lost: Vec<LostFile>,
    /// The index that was read last.
    seen: Option<Stamp>,
    /// An event may have been written since the index was read.
    wrote: bool,
}

impl<D: Disk> RelayLog<D> {
    pub fn new(index: PathBuf, directory: Option<PathBuf>, disk: D) -> Self {
        Self {
            index,
            directory,
            disk,
            newest: None,
            covered: false,
            names_synced: false,
            lost: Vec::new(),
            seen: None,
            wrote: false,
        }
    }

    /// An event was read, and is about to be queued. `writes`: it is one whose loss matters.
    /// Waits for the disk when the log was rotated, but what it syncs then the server has synced.
    pub fn before_event(&mut self, writes: bool) {
        self.look();
        self.wrote |= writes;
    }

    /// An event was queued. `synced`: the server has synced it, if it wrote it at all. Waits as
    /// `before_event` does.
    pub fn after_event(&mut self, synced: bool) {
        self.covered &= synced;
        self.look();
    }

    /// Whether the index listed no file.
    pub fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Has everything on disk that the server has written. Waits for the disk.
    pub fn sync(&mut self) -> Result<(), SyncError> {
        let done = self.try_sync();
        if done.is_err() {
            self.covered = false;
            self.names_synced = false;
        }
        done
    }

    fn try_sync(&mut self) -> Result<(), SyncError> {
        let content = self.follow()?;
        self.sync_newest()?;
        if !self.names_synced {
            self.sync_names(&content)?;
            self.names_synced = true;
        }
        self.find_lost(&content)
    }

    /// Opens what came since the index was read last. A failure is left to the next look, or to
    /// `sync`.
    fn look(&mut self) {
        if self.newest.is_none() {
            return;
        }
        let Ok(stamp) = Stamp::of(&self.index) else {
            return;
        };
        if self.seen == Some(stamp) {
            self.wrote = false;
            return;
        }
        if let Ok(content) = read_whole(&self.index)
            && self.take_up(&content).is_ok()
        {
            self.seen = Some(stamp);
        }
    }

    /// The index, whole.
    fn read_index(&self) -> Result<Vec<u8>, SyncError> {
        patiently(|| read_whole(&self.index))
            .map_err(|error| SyncError::Unreadable(self.index.clone(), error))
    }

    /// Takes up the files that the index lists now. The answer: the index.
    fn follow(&mut self) -> Result<Vec<u8>, SyncError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let content = self.read_index()?;
            match self.take_up(&content) {
                // Purged after the index was read?
                Err(SyncError::Unreadable(_, error))
                    if error.kind() == ErrorKind::NotFound && Instant::now() < deadline =>
                {
                    thread::sleep(PAUSE);
                }
                done => return done.map(|()| content),
            }
        }
    }

    /// Opens the files that came after the newest one that is known, or all. The last one is the
    /// newest then; the others are synced.
    fn take_up(&mut self, content: &[u8]) -> Result<(), SyncError> {
        let files = listed_files(content, self.directory.as_deref());
        let newest = self.newest.as_ref();
        let known = newest.and_then(|(path, _)| files.iter().position(|file| file == path));
        let new = known.map_or(&*files, |known| &files[known + 1..]);
        let (begins, wrote) = (newest.is_none(), self.wrote);
        for (n, path) in new.iter().enumerate() {
            let file = self.open(path)?;
            self.sync_newest()?;
            self.names_synced = false;
            self.covered = false;
            if wrote && !begins && n + 1 < new.len() {
                let error = io::Error::other("it was closed before it could be watched");
                self.lose(path, &file, error)?;
            }
            self.newest = Some((path.clone(), file));
        }
        self.wrote = false;
        Ok(())
    }

    fn open(&self, path: &Path) -> Result<File, SyncError> {
        let file = self.disk.open(path);
        file.map_err(|error| SyncError::Unreadable(path.to_path_buf(), error))
    }

    fn sync_newest(&mut self) -> Result<(), SyncError> {
        if self.covered {
            return Ok(());
        }
        let Some((path, file)) = self.newest.take() else {
            return Ok(());
        };
        let done = self.sync_file(&path, &file);
        self.covered = done.is_ok();
        self.newest = Some((path, file));
        done
    }

    /// A file that cannot be synced is lost from now on, and no error.
    fn sync_file(&mut self, path: &Path, file: &File) -> Result<(), SyncError> {
        match self.disk.sync(path, file) {
            Err(error) => self.lose(path, file, error),
            Ok(()) => {
                let id = id_of(path, file)?;
                if LOST.lock().contains(&id) {
                    self.remember(path, id, None);
                }
                Ok(())
            }
        }
    }

    fn lose(&mut self, path: &Path, file: &File, error: io::Error) -> Result<(), SyncError> {
        let id = id_of(path, file)?;
        LOST.lock().insert(id);
        self.remember(path, id, Some(error));
        Ok(())
    }

    fn remember(&mut self, path: &Path, id: FileId, error: Option<io::Error>) {
        if !self.lost.iter().any(|lost| lost.id == id) {
            let path = path.to_path_buf();
            self.lost.push(LostFile { path, id, error });
        }
    }

    /// Syncs the index, and that the files are called so. If that fails, the newest file may be
    /// lost.
    fn sync_names(&mut self, content: &[u8]) -> Result<(), SyncError> {
        let files = listed_files(content, self.directory.as_deref());
        let paths = files.iter().chain([&self.index]);
        let mut to_sync: BTreeSet<PathBuf> =
            paths.map(|path| directory_of(path).to_path_buf()).collect();
        to_sync.insert(self.index.clone());
        for path in to_sync {
            let Err(error) = self.disk.sync(&path, &self.open(&path)?) else {
                continue;
            };
            let newest = self.newest.as_ref();
            if let Some(id) = newest.and_then(|(_, file)| FileId::of(file).ok()) {
                LOST.lock().insert(id);
            }
            return Err(SyncError::Lost(path, Some(error)));
        }
        Ok(())
    }

    /// Whether the index still lists a file that is lost.
    fn find_lost(&mut self, content: &[u8]) -> Result<(), SyncError> {
        if self.lost.is_empty() {
            return Ok(());
        }
        let files = listed_files(content, self.directory.as_deref());
        let is_there = |lost: &LostFile| {
            let id = || fs::metadata(&lost.path).map(FileId::from);
            files.contains(&lost.path) && id().is_ok_and(|id| id == lost.id)
        };
        self.lost.retain(is_there);
        match self.lost.first_mut() {
            None => Ok(()),
            Some(lost) => Err(SyncError::Lost(lost.path.clone(), lost.error.take())),
        }
    }
}

/// The last word of the kernel on what was opened here: the next descriptor may not hear it.
/// Whatever ends a receiver's interest comes by here, its thread's end too.
impl<D: Disk> Drop for RelayLog<D> {
    fn drop(&mut self) {
        self.look();
        self.covered = false;
        // A failure is remembered in `LOST`.
        let _ = self.sync_newest();
    }
}

fn id_of(path: &Path, file: &File) -> Result<FileId, SyncError> {
    FileId::of(file).map_err(|error| SyncError::Unreadable(path.to_path_buf(), error))
}

/// An index, if it is whole.
fn read_whole(index: &Path) -> io::Result<Vec<u8>> {
    let content = fs::read(index)?;
    if content.is_empty() || content.ends_with(b"\n") {
        Ok(content)
    } else {
        Err(io::Error::new(ErrorKind::UnexpectedEof, "half an index"))
    }
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
