//! Bytes that are written over in places, and copied no sooner.

use std::borrow::Cow;
use std::ops::Range;

pub(super) struct Draft<'a> {
    bytes: Cow<'a, [u8]>,
    is_changed: bool,
    is_stuck: bool,
}

impl<'a> Draft<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Cow::Borrowed(bytes),
            is_changed: false,
            is_stuck: false,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a place was seen, blanked or not.
    pub(super) const fn is_told(&self) -> bool {
        self.is_changed || self.is_stuck
    }

    /// What it has become; `None` where nothing was written, or not everything that should have been.
    pub(super) fn into_changed(self) -> Option<Vec<u8>> {
        (self.is_changed && !self.is_stuck).then(|| self.bytes.into_owned())
    }

    /// A place was seen that cannot be blanked.
    pub(super) const fn stick(&mut self) {
        self.is_stuck = true;
    }

    /// Writes over what stands at `at`. What would reach behind the end is not written at all.
    pub(super) fn write(&mut self, at: usize, new: &[u8]) {
        let Some(end) = at.checked_add(new.len()) else {
            return;
        };
        if self.bytes.get(at..end).is_some_and(|old| old != new) {
            self.bytes.to_mut()[at..end].copy_from_slice(new);
            self.is_changed = true;
        }
    }

    /// Fills a range with one byte.
    pub(super) fn fill(&mut self, range: Range<usize>, byte: u8) {
        let is_other = |old: &[u8]| old.iter().any(|&old| old != byte);
        if self.bytes.get(range.clone()).is_some_and(is_other) {
            self.bytes.to_mut()[range].fill(byte);
            self.is_changed = true;
        }
    }

    /// Lets another walk work on a range alone; whether it changed something.
    pub(super) fn within(
        &mut self,
        range: Range<usize>,
        walk: impl FnOnce(&mut Draft<'_>),
    ) -> bool {
        let Some(part) = self.bytes.get(range.clone()) else {
            return false;
        };
        let mut draft = Draft::of(part);
        walk(&mut draft);
        let Some(made) = draft.into_changed() else {
            return false;
        };
        self.write(range.start, &made);
        true
    }
}
