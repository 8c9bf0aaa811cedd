//! How much of a document is read. A value takes many times the memory of its text, a mapping a
//! hundred times.

/// Memory of one value with its place while it is read, and of what a mapping takes more, in bytes.
const VALUE_BYTES: usize = 160;
const MAPPING_BYTES: usize = 640;
/// Bytes that a document may take, however short it is, and for each byte of its text. A list of pods
/// takes fourteen times its text.
const LEAST: usize = 48 << 20;
const PER_BYTE: usize = 18;

/// The memory that the values of a document may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    used: usize,
    most: usize,
}

impl Room {
    /// One scalar or list.
    pub(super) const VALUE: usize = VALUE_BYTES;
    /// One mapping.
    pub(super) const MAPPING: usize = VALUE_BYTES + MAPPING_BYTES;

    /// The room of a document whose text has `length` bytes.
    pub(super) fn of(length: usize) -> Self {
        Self { used: 0, most: length.saturating_mul(PER_BYTE).max(LEAST) }
    }

    /// What the values so far take.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Takes room for more values. Whether there was some.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        self.used = self.used.saturating_add(bytes);
        self.used <= self.most
    }
}

/// Adds to a list that may become very long. It grows by a quarter then, because old and new memory are
/// in use at once.
pub(super) fn push<T>(list: &mut Vec<T>, element: T) {
    const LONG: usize = 65_536;
    if list.len() >= LONG && list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4);
    }
    list.push(element);
}
