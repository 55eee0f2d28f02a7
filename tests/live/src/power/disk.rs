//! What memory holds and what the disk holds, for each file and each directory. No kernel is asked
//! for anything here.
//!
//! Every change is made in memory. `sync` of a file takes its bytes and its length to the disk;
//! `sync` of a directory takes its names. Nothing else reaches the disk, and nothing reaches it by
//! itself. That is the least that POSIX promises. (File systems such as ext4 take names along with
//! any sync, and write back what is older than some seconds.)

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::SystemTime;

use fuser::Errno;

/// The number of a file or a directory; never given twice.
pub type Number = u64;
pub const ROOT: Number = 1;
const BLOCK: usize = 4096;

pub struct Disk {
    /// The first one is the root.
    nodes: Vec<Node>,
}

pub struct Node {
    pub kind: Kind,
    pub mode: u32,
    /// Names in memory.
    pub links: u32,
    pub made: SystemTime,
}

pub enum Kind {
    File(File),
    Directory(Directory),
    Symlink(PathBuf),
}

#[derive(Default)]
pub struct File {
    pub bytes: Vec<u8>,
    on_disk: Vec<u8>,
    /// The blocks that may differ.
    changed: BTreeSet<usize>,
}

#[derive(Default)]
pub struct Directory {
    pub names: BTreeMap<OsString, Number>,
    on_disk: BTreeMap<OsString, Number>,
}

/// What went with the power.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lost {
    /// Files whose content went back.
    pub files: usize,
    /// Bytes by which these files became shorter.
    pub bytes: usize,
    /// Blocks that went back to what they were.
    pub blocks: usize,
    /// Names that are gone or are there again.
    pub names: usize,
}

impl Lost {
    /// For another process.
    pub(super) fn words(&self) -> String {
        format!(
            "{} {} {} {}",
            self.files, self.bytes, self.blocks, self.names
        )
    }

    pub(super) fn read(words: &str) -> Option<Lost> {
        let numbers: Result<Vec<usize>, _> = words.split(' ').map(str::parse).collect();
        let [files, bytes, blocks, names] = numbers.ok()?.try_into().ok()?;
        Some(Lost {
            files,
            bytes,
            blocks,
            names,
        })
    }
}

impl File {
    pub fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if end > self.bytes.len() {
            self.resize(end);
        }
        self.bytes[offset..end].copy_from_slice(data);
        self.changed.extend(blocks(offset, end));
    }

    pub fn resize(&mut self, length: usize) {
        let (from, to) = (self.bytes.len().min(length), self.bytes.len().max(length));
        self.bytes.resize(length, 0);
        self.changed.extend(blocks(from, to));
    }

    fn sync(&mut self) {
        self.on_disk.resize(self.bytes.len(), 0);
        for block in std::mem::take(&mut self.changed) {
            if let Some((from, to)) = range(block, self.bytes.len()) {
                self.on_disk[from..to].copy_from_slice(&self.bytes[from..to]);
            }
        }
    }

    fn lose(&mut self, lost: &mut Lost) {
        let shorter = self.bytes.len().saturating_sub(self.on_disk.len());
        let mut differing = 0;
        self.bytes.resize(self.on_disk.len(), 0);
        for block in std::mem::take(&mut self.changed) {
            if let Some((from, to)) = range(block, self.on_disk.len())
                && self.bytes[from..to] != self.on_disk[from..to]
            {
                self.bytes[from..to].copy_from_slice(&self.on_disk[from..to]);
                differing += 1;
            }
        }
        lost.bytes += shorter;
        lost.blocks += differing;
        lost.files += usize::from(shorter + differing > 0);
    }
}

fn blocks(from: usize, to: usize) -> std::ops::Range<usize> {
    from / BLOCK..to.div_ceil(BLOCK)
}

/// The bytes of a block in a file of this length.
fn range(block: usize, length: usize) -> Option<(usize, usize)> {
    let (from, to) = (block * BLOCK, length.min((block + 1) * BLOCK));
    (from < to).then_some((from, to))
}

impl Directory {
    fn lose(&mut self, lost: &mut Lost) {
        let differs = |(name, number): &(&OsString, &Number),
                       other: &BTreeMap<OsString, Number>| {
            other.get(*name) != Some(*number)
        };
        let gone = self.names.iter().filter(|one| differs(one, &self.on_disk));
        let back = self.on_disk.iter().filter(|one| differs(one, &self.names));
        lost.names += gone.count() + back.count();
        self.names = self.on_disk.clone();
    }
}

impl Disk {
    pub fn new() -> Disk {
        Disk {
            nodes: vec![Node::new(Kind::Directory(Directory::default()), 0o755)],
        }
    }

    pub fn node(&mut self, number: Number) -> Result<&mut Node, Errno> {
        let index = usize::try_from(number).map_err(|_| Errno::ENOENT)?;
        let index = index.checked_sub(1).ok_or(Errno::ENOENT)?;
        self.nodes.get_mut(index).ok_or(Errno::ENOENT)
    }

    pub fn file(&mut self, number: Number) -> Result<&mut File, Errno> {
        match &mut self.node(number)?.kind {
            Kind::File(file) => Ok(file),
            Kind::Directory(_) => Err(Errno::EISDIR),
            Kind::Symlink(_) => Err(Errno::EINVAL),
        }
    }

    pub fn directory(&mut self, number: Number) -> Result<&mut Directory, Errno> {
        match &mut self.node(number)?.kind {
            Kind::Directory(directory) => Ok(directory),
            _ => Err(Errno::ENOTDIR),
        }
    }

    pub fn lookup(&mut self, parent: Number, name: &OsStr) -> Result<Number, Errno> {
        let found = self.directory(parent)?.names.get(name).copied();
        found.ok_or(Errno::ENOENT)
    }

    pub fn make(
        &mut self,
        parent: Number,
        name: &OsStr,
        kind: Kind,
        mode: u32,
    ) -> Result<Number, Errno> {
        if self.lookup(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.nodes.push(Node::new(kind, mode));
        let number = self.nodes.len() as Number;
        let names = &mut self.directory(parent)?.names;
        names.insert(name.to_owned(), number);
        Ok(number)
    }

    pub fn unlink(&mut self, parent: Number, name: &OsStr) -> Result<(), Errno> {
        let number = self.lookup(parent, name)?;
        if let Kind::Directory(directory) = &self.node(number)?.kind
            && !directory.names.is_empty()
        {
            return Err(Errno::ENOTEMPTY);
        }
        self.directory(parent)?.names.remove(name);
        self.node(number)?.links -= 1;
        Ok(())
    }

    pub fn rename(
        &mut self,
        (parent, name): (Number, &OsStr),
        (new_parent, new_name): (Number, &OsStr),
    ) -> Result<(), Errno> {
        let number = self.lookup(parent, name)?;
        match self.lookup(new_parent, new_name) {
            Ok(same) if same == number => return Ok(()),
            Ok(_) => self.unlink(new_parent, new_name)?,
            Err(_) => {}
        }
        self.directory(parent)?.names.remove(name);
        let names = &mut self.directory(new_parent)?.names;
        names.insert(new_name.to_owned(), number);
        Ok(())
    }

    /// fsync and fdatasync, of a file or of a directory.
    pub fn sync(&mut self, number: Number) -> Result<(), Errno> {
        self.node(number)?.sync();
        Ok(())
    }

    pub fn sync_all(&mut self) {
        self.nodes.iter_mut().for_each(Node::sync);
    }

    pub fn lose_memory(&mut self) -> Lost {
        let mut lost = Lost::default();
        for node in &mut self.nodes {
            match &mut node.kind {
                // Whoever had a file open without a name is gone.
                Kind::File(file) if node.links == 0 => file.lose(&mut Lost::default()),
                Kind::File(file) => file.lose(&mut lost),
                Kind::Directory(directory) => directory.lose(&mut lost),
                Kind::Symlink(_) => {}
            }
        }
        self.count_links();
        lost
    }

    /// Names that are there again are links again.
    fn count_links(&mut self) {
        let mut links: BTreeMap<Number, u32> = BTreeMap::from([(ROOT, 1)]);
        for node in &self.nodes {
            if let Kind::Directory(directory) = &node.kind {
                for number in directory.names.values() {
                    *links.entry(*number).or_default() += 1;
                }
            }
        }
        for (node, number) in self.nodes.iter_mut().zip(ROOT..) {
            node.links = links.get(&number).copied().unwrap_or_default();
        }
    }
}

impl Node {
    fn new(kind: Kind, mode: u32) -> Node {
        Node {
            kind,
            mode,
            links: 1,
            made: SystemTime::now(),
        }
    }

    fn sync(&mut self) {
        match &mut self.kind {
            Kind::File(file) => file.sync(),
            Kind::Directory(directory) => directory.on_disk = directory.names.clone(),
            Kind::Symlink(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(disk: &mut Disk, name: &str) -> Number {
        let kind = Kind::File(File::default());
        disk.make(ROOT, OsStr::new(name), kind, 0o644)
            .expect("a new name")
    }

    #[test]
    fn bytes_are_there_up_to_the_last_sync() {
        let mut disk = Disk::new();
        let log = file(&mut disk, "log");
        disk.sync(ROOT).expect("a directory");
        disk.file(log).expect("a file").write(0, &[1; 5000]);
        disk.sync(log).expect("a file");
        disk.file(log).expect("a file").write(10, &[2; 10]);
        disk.file(log).expect("a file").write(5000, &[3; 100]);
        let lost = disk.lose_memory();
        assert_eq!(disk.file(log).expect("a file").bytes, [1; 5000]);
        let expected = Lost {
            files: 1,
            bytes: 100,
            // The first one, and the one in which the file was longer, which is as it was.
            blocks: 1,
            names: 0,
        };
        assert_eq!(lost, expected);
        assert_eq!(Lost::read(&lost.words()), Some(lost));
        assert_eq!(disk.lose_memory(), Lost::default());
    }

    #[test]
    fn a_file_that_became_shorter_is_long_again() {
        let mut disk = Disk::new();
        let log = file(&mut disk, "log");
        disk.file(log).expect("a file").write(0, &[1; 9000]);
        disk.sync_all();
        disk.file(log).expect("a file").resize(10);
        disk.file(log).expect("a file").resize(8000);
        disk.lose_memory();
        assert_eq!(disk.file(log).expect("a file").bytes, [1; 9000]);
        disk.file(log).expect("a file").resize(10);
        disk.file(log).expect("a file").resize(8000);
        disk.sync(log).expect("a file");
        disk.lose_memory();
        let bytes = &disk.file(log).expect("a file").bytes;
        assert!(bytes[..10] == [1; 10] && bytes[10..] == [0; 7990]);
    }

    #[test]
    fn names_are_there_up_to_the_directory_s_last_sync() {
        let mut disk = Disk::new();
        let kept = file(&mut disk, "kept");
        let old = file(&mut disk, "old");
        disk.sync(ROOT).expect("a directory");
        let (old_name, new_name) = (OsStr::new("old"), OsStr::new("new"));
        disk.rename((ROOT, old_name), (ROOT, new_name))
            .expect("a name");
        disk.unlink(ROOT, OsStr::new("kept")).expect("a name");
        let young = file(&mut disk, "young");
        disk.file(young).expect("a file").write(0, b"synced");
        disk.sync(young).expect("a file");
        let lost = disk.lose_memory();
        assert_eq!(disk.lookup(ROOT, OsStr::new("kept")).ok(), Some(kept));
        assert_eq!(disk.lookup(ROOT, old_name).ok(), Some(old));
        assert!(disk.lookup(ROOT, new_name).is_err());
        assert!(disk.lookup(ROOT, OsStr::new("young")).is_err());
        assert_eq!(lost.names, 4);
    }
}
