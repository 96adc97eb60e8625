//! One open log file: read through rotation and deletion, and told from another that takes its
//! place.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::limits::{FINGERPRINT_BYTES_MAX, SURE_FINGERPRINT_BYTES_MIN};
use crate::stage::is_stamped;
use crate::tail::packed::Packed;

/// Which file on this machine: a device and an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inode {
    /// The device.
    pub device: u64,
    /// The inode, which is used again once the file is gone.
    pub number: u64,
}

/// The first bytes of a file, hashed: an inode that is used again has others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// How many bytes were hashed.
    len: u64,
    /// Their hash.
    hash: u64,
}

/// A file, open for reading.
#[derive(Debug)]
pub struct LogFile {
    content: Content,
    inode: Inode,
    fingerprint: Fingerprint,
    offset: u64,
}

/// How one comes at the bytes of a file.
#[derive(Debug)]
enum Content {
    Plain(File),
    Packed(Box<Packed>),
    /// It was read to its end, and its handle was needed more elsewhere.
    Released,
}

/// What has become of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There are so many bytes that were not read; zero at the end.
    Unread(u64),
    /// It was truncated or written anew: what is there now is another file.
    Replaced,
}

impl Inode {
    /// The inode of what this metadata is of.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        Self { device: metadata.dev(), number: metadata.ino() }
    }
}

impl Fingerprint {
    /// Whether it is that of an empty file, and so of any file.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes were hashed, and their hash.
    pub fn to_words(self) -> [u64; 2] {
        [self.len, self.hash]
    }

    /// The fingerprint with these words.
    pub fn from_words([len, hash]: [u64; 2]) -> Self {
        Self { len, hash }
    }
}

impl LogFile {
    /// Opens a file at its beginning.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(File::open(path)?)
    }

    /// A file that somebody has opened.
    pub fn of(handle: File) -> io::Result<Self> {
        let inode = Inode::of(&handle.metadata()?);
        Self::new(Content::Plain(handle), inode)
    }

    /// Opens a compressed file, to be read as if it were not.
    pub fn open_packed(path: &Path) -> io::Result<Self> {
        let handle = File::open(path)?;
        let inode = Inode::of(&handle.metadata()?);
        Self::new(Content::Packed(Box::new(Packed::new(handle)?)), inode)
    }

    fn new(content: Content, inode: Inode) -> io::Result<Self> {
        let mut file = Self { content, inode, fingerprint: Fingerprint::default(), offset: 0 };
        file.fingerprint = file.fingerprint_of(FINGERPRINT_BYTES_MAX as u64)?;
        Ok(file)
    }

    /// The same file, to be read from its beginning by somebody else, even if it has no name any
    /// more. Only one that grows can be, whose handle was not given back.
    pub fn again(&self) -> io::Result<Self> {
        let Self { inode, fingerprint, .. } = *self;
        let Content::Plain(handle) = &self.content else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let content = Content::Plain(handle.try_clone()?);
        Ok(Self { content, inode, fingerprint, offset: 0 })
    }

    /// Which file it is.
    pub fn inode(&self) -> Inode {
        self.inode
    }

    /// Its first bytes, as far as they were there when it was looked at last.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How large it is; what its handle does not tell is nothing.
    pub fn size(&self) -> io::Result<u64> {
        let Content::Plain(handle) = &self.content else { return Ok(0) };
        Ok(handle.metadata()?.len())
    }

    /// Reads on from this place.
    pub fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Whether the file begins with what had this fingerprint.
    pub fn begins_with(&self, fingerprint: Fingerprint) -> io::Result<bool> {
        Ok(self.fingerprint_of(fingerprint.len)? == fingerprint)
    }

    /// Whether this is a copy of what had this fingerprint, under another inode. Only a file whose
    /// first record has a time tells; others may begin alike.
    pub fn is_copy_of(&self, fingerprint: Fingerprint) -> io::Result<bool> {
        if fingerprint.len < SURE_FINGERPRINT_BYTES_MIN || !self.begins_with(fingerprint)? {
            return Ok(false);
        }
        let mut head = [0; FINGERPRINT_BYTES_MAX];
        let held = self.head(&mut head)?;
        Ok(is_stamped(&head[..held]))
    }

    /// How far it is read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether it is compressed, so that it does not grow.
    pub fn is_packed(&self) -> bool {
        matches!(self.content, Content::Packed(_))
    }

    /// Gives its handle back.
    pub fn release(&mut self) {
        self.content = Content::Released;
    }

    /// Whether its handle was given back.
    pub fn is_released(&self) -> bool {
        matches!(self.content, Content::Released)
    }

    /// Opens it again, if this is still the same file.
    pub fn reopen(&mut self, path: &Path) -> io::Result<bool> {
        let file = Self::open(path)?;
        let is_same = file.inode == self.inode && file.begins_with(self.fingerprint)?;
        if is_same {
            self.content = file.content;
        }
        Ok(is_same)
    }

    /// What has become of the file since.
    pub fn look(&mut self) -> io::Result<Change> {
        let size = match &self.content {
            Content::Plain(handle) => handle.metadata()?.len(),
            Content::Packed(packed) => return Ok(Change::Unread(u64::from(!packed.is_ended()))),
            Content::Released => return Ok(Change::Unread(0)),
        };
        if size < self.offset || !self.begins_with(self.fingerprint)? {
            return Ok(Change::Replaced);
        }
        if self.fingerprint.len < FINGERPRINT_BYTES_MAX as u64 && size > self.fingerprint.len {
            self.fingerprint = self.fingerprint_of(FINGERPRINT_BYTES_MAX as u64)?;
        }
        Ok(Change::Unread(size - self.offset))
    }

    /// Reads the next bytes; none at the end.
    pub fn read<'a>(&mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let count = match &mut self.content {
            Content::Plain(handle) => handle.read_at(buffer, self.offset)?,
            Content::Packed(packed) => packed.read_at(buffer, self.offset)?,
            Content::Released => 0,
        };
        self.offset += count as u64;
        Ok(&buffer[..count])
    }

    fn fingerprint_of(&self, len: u64) -> io::Result<Fingerprint> {
        let mut bytes = [0; FINGERPRINT_BYTES_MAX];
        let wanted = usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len());
        let held = self.head(&mut bytes[..wanted])?;
        Ok(Fingerprint { len: held as u64, hash: xxh3_64(&bytes[..held]) })
    }

    /// Reads the first bytes, as many as there are and fit.
    fn head(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let handle = match &self.content {
            Content::Plain(handle) => handle,
            Content::Packed(packed) => {
                let held = packed.head().len().min(bytes.len());
                bytes[..held].copy_from_slice(&packed.head()[..held]);
                return Ok(held);
            }
            Content::Released => return Ok(0),
        };
        let mut held = 0;
        while held < bytes.len() {
            match handle.read_at(&mut bytes[held..], held as u64)? {
                0 => break,
                count => held += count,
            }
        }
        Ok(held)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Opens a file with these bytes, reads so many, changes it, and looks at it again.
    #[track_caller]
    fn check(bytes: &str, read: usize, change: impl Fn(&Path), expect: Change) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.log");
        fs::write(&path, bytes).unwrap();
        let mut file = LogFile::open(&path).unwrap();
        assert_eq!(file.read(&mut vec![0; read]).unwrap(), &bytes.as_bytes()[..read]);
        change(&path);
        assert_eq!(file.look().unwrap(), expect);
    }

    #[test]
    fn what_becomes_of_a_file() {
        let write = |bytes: &'static str| move |path: &Path| fs::write(path, bytes).unwrap();
        check("abc", 1, |_| {}, Change::Unread(2));
        check("abc", 3, |path| fs::remove_file(path).unwrap(), Change::Unread(0));
        check("abc", 2, write("abcdef"), Change::Unread(4));
        check("abc", 2, write(""), Change::Replaced);
        check("abc", 1, write("xbcdef"), Change::Replaced);
        check("", 0, write("abc"), Change::Unread(3));
    }

    #[test]
    fn an_inode_used_again_is_told_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.log");
        fs::write(&path, "first").unwrap();
        let before = LogFile::open(&path).unwrap().fingerprint();
        fs::write(&path, "first and more").unwrap();
        assert!(LogFile::open(&path).unwrap().begins_with(before).unwrap());
        fs::write(&path, "second").unwrap();
        assert!(!LogFile::open(&path).unwrap().begins_with(before).unwrap());
        fs::write(&path, "fir").unwrap();
        assert!(!LogFile::open(&path).unwrap().begins_with(before).unwrap());
    }
}
