//! A place in a binary log, as the server names it.

use crate::strings::bytes;
use std::ffi::c_char;

/// A file of a binary log, and an offset in it: the end of an event or of a commit group. The
/// name is looked at when it is asked for: most hooks have nothing to do.
#[derive(Clone, Copy, Debug)]
pub struct LogPos<'a> {
    path: Path<'a>,
    /// Bytes from the start of the file.
    pub offset: u64,
}

#[derive(Clone, Copy, Debug)]
enum Path<'a> {
    Bytes(&'a [u8]),
    /// Null, or a C string of the server's that lives as long as the place is used.
    OfServer(*const c_char),
}

impl<'a> LogPos<'a> {
    /// A place that the server has named before.
    pub fn of(path: &'a [u8], offset: u64) -> Self {
        let path = Path::Bytes(path);
        Self { path, offset }
    }

    /// # Safety
    /// `path` is null or a C string that lives as long as the answer is used.
    pub(crate) unsafe fn new(path: *const c_char, offset: u64) -> Self {
        let path = Path::OfServer(path);
        Self { path, offset }
    }

    /// None: no place, as after a transaction that wrote nothing.
    pub(crate) fn named(self) -> Option<Self> {
        let is_empty = match self.path {
            Path::Bytes(path) => path.is_empty(),
            // SAFETY: not null, so a C string by the promise of `new`.
            Path::OfServer(path) => path.is_null() || unsafe { path.read() } == 0,
        };
        (!is_empty && self.offset != 0).then_some(self)
    }

    /// The file's name without its directory; empty where the server names no file.
    pub fn file(&self) -> &'a [u8] {
        let path = self.path();
        path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
    }

    /// The name as the server has it.
    pub fn path(&self) -> &'a [u8] {
        match self.path {
            Path::Bytes(path) => path,
            // SAFETY: the promise of `new`.
            Path::OfServer(path) => unsafe { bytes(path) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_its_directory() {
        let whole = LogPos::of(b"./logs/binlog.000007", 157);
        let (none, start) = (LogPos::of(b"", 157), LogPos::of(b"binlog.000007", 0));
        assert_eq!(whole.named().unwrap().file(), b"binlog.000007");
        assert_eq!(whole.path(), b"./logs/binlog.000007");
        assert!(none.named().is_none() && start.named().is_none());
    }
}
