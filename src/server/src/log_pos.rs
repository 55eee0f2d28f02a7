//! A place in a binary log, as the server names it.

use crate::strings::bytes;
use std::ffi::c_char;

/// A file of a binary log, and an offset in it: the end of an event or of a commit group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogPos<'a> {
    path: &'a [u8],
    /// Bytes from the start of the file.
    pub offset: u64,
}

impl<'a> LogPos<'a> {
    /// A place that the server has named before.
    pub fn of(path: &'a [u8], offset: u64) -> Self {
        Self { path, offset }
    }

    /// # Safety
    /// `path` is null or a C string that lives as long as the answer is used.
    pub(crate) unsafe fn new(path: *const c_char, offset: u64) -> Self {
        // SAFETY: the caller's promise.
        Self::of(unsafe { bytes(path) }, offset)
    }

    /// None: no place, as after a transaction that wrote nothing.
    pub(crate) fn named(self) -> Option<Self> {
        (!self.file().is_empty() && self.offset != 0).then_some(self)
    }

    /// The file's name without its directory; empty where the server names no file.
    pub fn file(&self) -> &'a [u8] {
        self.path
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or(self.path)
    }

    /// The name as the server has it.
    pub fn path(&self) -> &'a [u8] {
        self.path
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
        assert_eq!((none.named(), start.named()), (None, None));
    }
}
