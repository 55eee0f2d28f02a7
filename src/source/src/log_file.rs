//! The file of the binary log that commits are flushed into: whether it was replaced under its name,
//! as a RESET does.

use semisync_server::sync::Mutex;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The file of the last flush. Nothing nests in the lock.
///
/// The file is not held open: a log that was purged would go on to fill the disk.
#[derive(Default)]
pub struct LogFile(Mutex<Option<Flushed>>);

struct Flushed {
    /// As the server names it.
    name: Vec<u8>,
    /// None: which file it is cannot be told.
    file: Option<(PathBuf, FileId)>,
}

/// What a file is, whatever it is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileId {
    device: u64,
    /// A file that is deleted mostly leaves its number to the next one.
    inode: u64,
    /// When it was made. None: the file system does not tell.
    born: Option<SystemTime>,
}

impl LogFile {
    /// A commit group was flushed into this file; under `LOCK_log`, so that files keep their names.
    /// true: the file of the flush before is another one by now. One call of the system (`statx`),
    /// and one more for a new file, whose path is asked for.
    pub fn on_flush(&self, name: &[u8], path: impl FnOnce() -> Option<PathBuf>) -> bool {
        let mut last = self.0.lock();
        let is_replaced = last.as_mut().is_some_and(Flushed::is_replaced);
        if last.as_ref().is_none_or(|last| last.name != name) {
            *last = Some(Flushed::new(name, path()));
        }
        is_replaced
    }
}

impl Flushed {
    fn new(name: &[u8], path: Option<PathBuf>) -> Self {
        let identified = |path: PathBuf| FileId::of(&path).map(|id| (path, id));
        Self {
            name: name.to_vec(),
            file: path.and_then(identified),
        }
    }

    /// Since it was asked before.
    fn is_replaced(&mut self) -> bool {
        let Some((path, id)) = &mut self.file else {
            return false;
        };
        let now = FileId::of(path).unwrap_or(*id);
        std::mem::replace(id, now) != now
    }
}

impl FileId {
    /// Of the file that has this path now. None: that cannot be told.
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            born: file.created().ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, io::Write, process, thread, time::Duration};

    /// A directory for one test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(test: &str) -> Self {
            let name = format!("semisync-log-file-{test}-{}", process::id());
            let path = env::temp_dir().join(name);
            fs::create_dir(&path).expect("a directory");
            Self(path)
        }

        fn file(&self, number: u32) -> PathBuf {
            self.0.join(number.to_string())
        }

        fn is_replaced(&self, log: &LogFile, number: u32) -> bool {
            log.on_flush(number.to_string().as_bytes(), || Some(self.file(number)))
        }

        fn write(&self, number: u32) {
            let mut options = fs::File::options();
            let file = options.create(true).append(true).open(self.file(number));
            let mut file = file.expect("a file");
            file.write_all(b"a group").expect("it takes more");
        }

        /// RESET.
        fn delete_all(&self) {
            for file in fs::read_dir(&self.0).expect("a directory") {
                fs::remove_file(file.expect("a file").path()).expect("it goes");
            }
            // The clock of file systems moves on in jiffies.
            thread::sleep(Duration::from_millis(20));
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_log_that_grows_and_rotates_and_is_purged_is_not_replaced() {
        let (log, directory) = (LogFile::default(), Directory::new("grows"));
        for number in [1, 1, 2, 2, 3] {
            directory.write(number);
            assert!(!directory.is_replaced(&log, number));
        }
        fs::remove_file(directory.file(3)).expect("it goes");
        directory.write(4);
        assert!(!directory.is_replaced(&log, 4));
    }

    #[test]
    fn a_log_that_was_reset_is_replaced_once() {
        let (log, directory) = (LogFile::default(), Directory::new("reset"));
        directory.write(1);
        assert!(!directory.is_replaced(&log, 1));
        directory.delete_all();
        directory.write(1);
        assert!(directory.is_replaced(&log, 1));
        assert!(!directory.is_replaced(&log, 1));
        // The new log has rotated before its first commit.
        directory.delete_all();
        directory.write(1);
        directory.write(2);
        assert!(directory.is_replaced(&log, 2));
        assert!(!directory.is_replaced(&log, 2));
    }

    #[test]
    fn a_file_that_nobody_can_look_at_is_not_replaced() {
        let (log, directory) = (LogFile::default(), Directory::new("hidden"));
        assert!(!directory.is_replaced(&log, 1));
        directory.write(1);
        assert!(!directory.is_replaced(&log, 1));
        directory.delete_all();
        assert!(!directory.is_replaced(&log, 1));
    }
}
