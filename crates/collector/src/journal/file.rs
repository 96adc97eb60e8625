//! One file of the journal. Its entries have numbers from 0 on, which stay theirs: a file is only
//! ever written on.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::journal::field::{Field, Packing, parse};
use crate::limits::{
    JOURNAL_ENTRY_FIELDS_MAX, JOURNAL_FIELDS_KEPT, JOURNAL_KEPT_BYTES_MAX, JOURNAL_PACKED_BYTES_MAX,
};

const SIGNATURE: &[u8; 8] = b"LPKSHHRH";
/// Whether fields are packed, how they are hashed, whether offsets have 32 bits: all that may be.
const KNOWN_FLAGS: u32 = 1 | 2 | 4 | 8 | COMPACT;
const COMPACT: u32 = 16;
/// The parts of the header that are read.
const HEADER_BYTES: usize = 184;
const FLAGS_AT: usize = 12;
const FILE_ID_AT: usize = 24;
const ENTRIES_AT: u64 = 152;
const FIRST_ARRAY_AT: u64 = 176;
/// What every object begins with: its type, its flags, its size.
const OBJECT_BYTES: u64 = 16;
const DATA: u8 = 1;
const ENTRY: u8 = 3;
const ENTRY_ARRAY: u8 = 6;
/// Where the items of an entry and of an array begin.
const ENTRY_ITEMS_AT: u64 = 64;
const ARRAY_ITEMS_AT: u64 = 24;

/// A file of the journal.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    id: String,
    is_compact: bool,
    /// The arrays of entries that are known, in their order.
    arrays: Vec<Array>,
    /// Fields that many entries share, by where they are.
    fields: HashMap<u64, Arc<Field>>,
}

/// An array of entries.
#[derive(Debug, Clone, Copy)]
struct Array {
    offset: u64,
    /// The number of its first entry.
    first: u64,
    count: u64,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the sequence of all entries of a journal.
    pub sequence: u64,
    /// When it came, in microseconds since 1970.
    pub micros: i64,
    /// What it says.
    pub fields: Vec<Arc<Field>>,
    /// What is wrong with fields that are missing.
    pub problem: Option<&'static str>,
}

/// Why a file, or an entry of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The disk does not give it.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// It is not what it should be.
    #[error("{0}")]
    Wrong(&'static str),
}

type Read<T> = Result<T, Damage>;

impl JournalFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not of a form that is known.
    pub fn open(path: &Path) -> Read<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        if &header[..8] != SIGNATURE {
            return Err(Damage::Wrong("it is no journal"));
        }
        let flags = header[FLAGS_AT..FLAGS_AT + 4].try_into();
        let flags = u32::from_le_bytes(flags.expect("there are four of them"));
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Damage::Wrong("it is of a form that is newer than this reader"));
        }
        let id = header[FILE_ID_AT..FILE_ID_AT + 16].iter().map(|byte| format!("{byte:02x}"));
        let (id, is_compact) = (id.collect(), flags & COMPACT != 0);
        Ok(Self { file, id, is_compact, arrays: Vec::new(), fields: HashMap::new() })
    }

    /// What it is known by, whatever it is called.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many entries it has by now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self) -> Read<u64> {
        self.number(ENTRIES_AT)
    }

    /// An entry by its number; `None` if it is not there yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn entry(&mut self, number: u64) -> Read<Option<Entry>> {
        let Some((offset, size)) = self.find(number)? else { return Ok(None) };
        let items = size.saturating_sub(ENTRY_ITEMS_AT);
        let width = self.item_bytes(16);
        let count = (items / width).min(JOURNAL_ENTRY_FIELDS_MAX);
        let mut bytes = vec![0; to_usize(count * width)];
        self.file.read_exact_at(&mut bytes, offset + ENTRY_ITEMS_AT)?;
        let mut entry = Entry {
            sequence: self.number(offset + OBJECT_BYTES)?,
            micros: self.micros(offset)?,
            fields: Vec::new(),
            problem: None,
        };
        for item in bytes.chunks_exact(to_usize(width)) {
            match self.field(self.offset_in(item)) {
                Ok(field) => entry.fields.push(field),
                Err(Damage::Wrong(why)) => entry.problem = Some(why),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(entry))
    }

    /// The number of the first entry that came at this time or later; as many as there are if none
    /// did.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn first_since(&mut self, micros: i64) -> Read<u64> {
        let (mut low, mut high) = (0, self.count()?);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some((offset, _)) = self.find(middle)? else {
                high = middle;
                continue;
            };
            if self.micros(offset)? < micros {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn micros(&self, offset: u64) -> Read<i64> {
        Ok(i64::try_from(self.number(offset + OBJECT_BYTES + 8)?).unwrap_or(i64::MAX))
    }

    /// Where an entry is, and its size.
    fn find(&mut self, number: u64) -> Read<Option<(u64, u64)>> {
        let Some(array) = self.array(number)? else { return Ok(None) };
        let width = self.item_bytes(8);
        let mut item = vec![0; to_usize(width)];
        let at = array.offset + ARRAY_ITEMS_AT + (number - array.first) * width;
        self.file.read_exact_at(&mut item, at)?;
        match self.offset_in(&item) {
            0 => Ok(None),
            offset => Ok(Some((offset, self.object(offset, ENTRY)?.1))),
        }
    }

    /// The array that an entry is in.
    fn array(&mut self, number: u64) -> Read<Option<Array>> {
        loop {
            let (next, first) = match self.arrays.last() {
                None => (self.number(FIRST_ARRAY_AT)?, 0),
                Some(last) if number < last.first + last.count => {
                    return Ok(self.arrays.iter().rfind(|it| it.first <= number).copied());
                }
                Some(last) => (self.number(last.offset + OBJECT_BYTES)?, last.first + last.count),
            };
            if next == 0 {
                return Ok(None);
            }
            if self.arrays.last().is_some_and(|last| next <= last.offset) {
                return Err(Damage::Wrong("its arrays of entries lead back"));
            }
            let (_, size) = self.object(next, ENTRY_ARRAY)?;
            let count = size.saturating_sub(ARRAY_ITEMS_AT) / self.item_bytes(8);
            if count == 0 {
                return Err(Damage::Wrong("an array of entries has none"));
            }
            self.arrays.push(Array { offset: next, first, count });
        }
    }

    fn field(&mut self, offset: u64) -> Read<Arc<Field>> {
        if let Some(field) = self.fields.get(&offset) {
            return Ok(Arc::clone(field));
        }
        let (flags, size) = self.object(offset, DATA)?;
        let packing = Packing::of_flags(flags).ok_or(Damage::Wrong("a field is packed oddly"))?;
        let begin = if self.is_compact { 72 } else { 64 };
        let most = JOURNAL_PACKED_BYTES_MAX as u64;
        let count = size.checked_sub(begin).ok_or(Damage::Wrong("a field is too short"))?;
        let mut bytes = vec![0; to_usize(count.min(most))];
        self.file.read_exact_at(&mut bytes, offset + begin)?;
        let field = Arc::new(parse(packing, &bytes).map_err(Damage::Wrong)?);
        if field.value.len() <= JOURNAL_KEPT_BYTES_MAX {
            if self.fields.len() >= JOURNAL_FIELDS_KEPT {
                self.fields.clear();
            }
            self.fields.insert(offset, Arc::clone(&field));
        }
        Ok(field)
    }

    /// The flags and the size of an object of this type.
    fn object(&self, offset: u64, kind: u8) -> Read<(u8, u64)> {
        let mut head = [0; 16];
        self.file.read_exact_at(&mut head, offset)?;
        if head[0] != kind {
            return Err(Damage::Wrong("an object is of another type than it should be"));
        }
        let size = u64::from_le_bytes(head[8..].try_into().expect("there are eight of them"));
        let end = offset.checked_add(size).ok_or(Damage::Wrong("an object is too large"))?;
        if size < OBJECT_BYTES || end > self.file.metadata()?.len() {
            return Err(Damage::Wrong("an object reaches beyond the end of its file"));
        }
        Ok((head[1], size))
    }

    /// Bytes of an item that begins with an offset.
    fn item_bytes(&self, regular: u64) -> u64 {
        if self.is_compact { 4 } else { regular }
    }

    fn offset_in(&self, item: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        let count = if self.is_compact { 4 } else { 8 };
        bytes[..count].copy_from_slice(&item[..count]);
        u64::from_le_bytes(bytes)
    }

    fn number(&self, at: u64) -> Read<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// A number that was bounded before.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
