//! The files of the binary log as the file system has them. They are empty: the library looks only
//! at which file has a name now.

use std::{
    env,
    ffi::{CStr, CString, OsStr, c_char},
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process,
    ptr::null_mut,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

/// What the paths of the files begin with, which the library looks up in a server.
#[unsafe(export_name = "log_bin_basename")]
static LOG_BIN_BASENAME: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

/// A directory for the files of one execution; it goes with this value.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        let name = format!("semisync-interleavings-{}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }

    /// In the process of the execution: the files lie here.
    pub fn take(&self) {
        let base = CString::new(self.0.join("binlog").as_os_str().as_bytes());
        // It stays for ever.
        LOG_BIN_BASENAME.store(base.unwrap_or_default().into_raw(), Ordering::Release);
        DIRECTORY.get_or_init(|| self.0.clone());
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The next file of the log.
pub fn add(name: &CStr) {
    let path = directory().join(OsStr::from_bytes(name.to_bytes()));
    fs::File::create_new(path).expect("a new file");
}

/// All files are deleted, and this one is the first of the new log.
pub fn begin_anew(name: &CStr) {
    let old: Vec<_> = fs::read_dir(directory()).expect("the directory").collect();
    // A server deletes the old files first, milliseconds after they were made. Here it takes
    // microseconds, so a new file could have the number and the time of an old one.
    let new = directory().join("new");
    fs::File::create_new(&new).expect("a new file");
    for file in old.into_iter().flatten() {
        fs::remove_file(file.path()).expect("a file is deleted");
    }
    let path = directory().join(OsStr::from_bytes(name.to_bytes()));
    fs::rename(new, path).expect("the new file gets its name");
}

fn directory() -> &'static Path {
    DIRECTORY.get().expect("the execution has taken it")
}
