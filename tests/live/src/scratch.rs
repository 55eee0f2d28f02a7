//! What a server needs before it starts: a port, and a place for its directory; and the sweeping of
//! such places that interrupted runs left.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, Once};

use crate::paths::{disk_root, scratch_root};

const PREFIX: &str = "semisync-live-";
/// In a directory that is left for people to read, or to a server that goes on running; it is never swept.
const KEPT: &str = "KEPT";

/// A directory of this process's own for one server, in memory if there is such a place; not made
/// yet.
pub fn new_dir() -> PathBuf {
    new_dir_in(&scratch_root())
}

/// As `new_dir`, on a disk.
pub fn new_dir_on_disk() -> PathBuf {
    new_dir_in(&disk_root())
}

fn new_dir_in(root: &Path) -> PathBuf {
    static SWEPT: Once = Once::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    SWEPT.call_once(sweep);
    // An earlier process with the same number may have left one for people to read.
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = root.join(format!("{}{number}", prefix_of_ours()));
        if !dir.exists() {
            return dir;
        }
    }
}

/// What is in the places where servers live.
fn entries() -> impl Iterator<Item = fs::DirEntry> {
    let roots = [scratch_root(), disk_root()].into_iter();
    roots.flat_map(fs::read_dir).flatten().flatten()
}

fn prefix_of_ours() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// Removes all directories of this process, unless kept for people.
pub fn remove_ours() {
    let prefix = prefix_of_ours();
    for entry in entries() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(&prefix);
        if is_ours && !entry.path().join(KEPT).exists() {
            remove(&entry.path());
        }
    }
}

/// A directory may be filled at the moment: another thread copies into it.
fn remove(dir: &Path) {
    for _ in 0..100 {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            // Another error is one that a repetition does not help against.
            _ => return,
        }
    }
}

/// Marks a directory as one for people to read.
pub fn keep(dir: &Path) {
    // Without the mark the next run sweeps it, which is no reason to fail twice.
    let _ = fs::write(dir.join(KEPT), "");
}

/// A port that is this process's own until its end, and that nobody listens on. It is from below
/// the range that the kernel gives to outgoing connections, so that it is still free when the
/// server takes it.
///
/// Tests run side by side in processes of their own. So a port is reserved by a name that only one
/// process can have at a time, the abstract one of a Unix socket; otherwise two tests could find
/// the same port free before either listens on it.
pub fn free_port() -> u16 {
    static RESERVED: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = u16::try_from(std::process::id() % 97).unwrap_or(0) * 100;
    loop {
        let port = 20_000 + (spread + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let name = SocketAddr::from_abstract_name(format!("semisync-live-port-{port}"));
        let name = name.expect("the name is short enough");
        let Ok(reservation) = UnixListener::bind_addr(&name) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            RESERVED
                .lock()
                .expect("no panic while it is held")
                .push(reservation);
            return port;
        }
    }
}

/// Removes what interrupted runs left: directories of test processes that are gone, unless kept for
/// people.
fn sweep() {
    for entry in entries() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((pid, _)) = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-'))
        else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() && !entry.path().join(KEPT).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Copies a directory. The target's parent must be there: one that has just been removed is not made anew.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            copy_without_zeroes(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies a file and leaves holes where it has nothing but zeroes. Of a new data directory that is
/// more than half, and the copy is to lie in memory.
fn copy_without_zeroes(from: &Path, to: &Path) -> io::Result<()> {
    static ZEROES: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut source = fs::File::open(from)?;
    let mut target = fs::File::create(to)?;
    target.set_permissions(source.metadata()?.permissions())?;
    let mut buffer = vec![0_u8; ZEROES.len()];
    let mut end = 0;
    loop {
        let length = source.read(&mut buffer)?;
        if length == 0 {
            return target.set_len(end);
        }
        if buffer[..length] != ZEROES[..length] {
            target.seek(SeekFrom::Start(end))?;
            target.write_all(&buffer[..length])?;
        }
        end += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_same_bytes_with_holes_within_and_at_the_end() {
        let mut bytes = vec![0_u8; 300_000];
        bytes[70_000] = 1;
        bytes[200_000] = 2;
        let dir = new_dir_in(&std::env::temp_dir());
        fs::create_dir_all(dir.join("from/below")).expect("a directory");
        fs::write(dir.join("from/below/file"), &bytes).expect("a file");
        fs::write(dir.join("from/empty"), "").expect("a file");
        copy_tree(&dir.join("from"), &dir.join("to")).expect("a copy");
        let copy = fs::read(dir.join("to/below/file")).expect("the copy of the file");
        assert!(copy == bytes, "the copy differs");
        let empty = fs::read(dir.join("to/empty")).expect("the copy of the empty file");
        assert!(empty.is_empty(), "{empty:?}");
        fs::remove_dir_all(dir).expect("the directory can be removed");
    }
}
