//! Rewriting a record's text such that the strict reader takes it, with nothing left out.

use std::collections::HashMap;

use indelible_core::json::{self, canonical, pointer};
use serde_json::Value;

use crate::mapping::Remark;
use crate::split::{Broken, Inside, Item, Next, skip_blank, value_end};

/// The most remarks kept of one record, one more than an event keeps notes.
const REMARKS_MAX: usize = 65;
/// The longest pointer kept in a remark, in bytes.
const POINTER_BYTES_MAX: usize = 1024;

/// A text in which no key stands twice and nothing is nested too deep.
pub(super) struct Mended {
    pub(super) text: Vec<u8>,
    pub(super) remarks: Vec<Remark>,
    /// How many more changes were made than there are remarks.
    pub(super) unremarked: u64,
}

/// Mends the text; where it is no JSON, the rest of it stays as it is, for the reader to refuse.
pub(super) fn mend(text: &[u8], depth_max: u8) -> Mended {
    let mended = Mended {
        text: Vec::with_capacity(text.len()),
        remarks: Vec::new(),
        unremarked: 0,
    };
    let mut pass = Pass {
        text,
        copied: 0,
        mended,
        pointer: String::new(),
    };
    let start = skip_blank(text, 0);
    // Where the text breaks off, what was not looked at is copied.
    let _ = pass.value(start, depth_max);
    pass.copy_to(text.len());
    pass.mended
}

struct Pass<'t> {
    text: &'t [u8],
    /// Up to where the text was copied or replaced.
    copied: usize,
    mended: Mended,
    pointer: String,
}

impl Pass<'_> {
    fn value(&mut self, at: usize, levels_left: u8) -> Result<usize, Broken> {
        let is_object = match self.text.get(at) {
            Some(b'{') => true,
            Some(b'[') => false,
            _ => return value_end(self.text, at),
        };
        let Some(levels_left) = levels_left.checked_sub(1) else {
            let end = value_end(self.text, at)?;
            self.copy_to(at);
            let own = String::from_utf8_lossy(&self.text[at..end]);
            canonical::write_str(&own, &mut self.mended.text);
            self.copied = end;
            self.remark("nested_as_text");
            return Ok(end);
        };
        let mut inside = Inside::new(self.text, at);
        let mut names = HashMap::new();
        let mut place = 0_usize;
        loop {
            let Item { key, start } = match inside.next()? {
                Next::Item(item) => item,
                Next::End(end) => return Ok(end),
            };
            let outer = self.pointer.len();
            match key {
                Some(key) if is_object => self.member(key, &mut names)?,
                _ => pointer::push(&mut self.pointer, &place.to_string()),
            }
            place += 1;
            inside.pass(self.value(start, levels_left)?);
            self.pointer.truncate(outer);
        }
    }

    /// Enters a member, under a name that no other before it has.
    fn member(
        &mut self,
        key: std::ops::Range<usize>,
        names: &mut HashMap<String, u64>,
    ) -> Result<(), Broken> {
        let broken = Broken { at: key.start };
        let Ok(parsed) = json::parse(&self.text[key.clone()]) else {
            return Err(broken);
        };
        let Value::String(given) = parsed.value else {
            return Err(broken);
        };
        let mut name = given.clone();
        while names.contains_key(&name) {
            // Each suffix of a key is tried once, so that many equal keys stay linear.
            let suffix = names.entry(given.clone()).or_insert(1);
            *suffix += 1;
            name = format!("{given}~{suffix}");
        }
        pointer::push(&mut self.pointer, &name);
        if name != given {
            self.copy_to(key.start);
            canonical::write_str(&name, &mut self.mended.text);
            self.copied = key.end;
            self.remark("duplicate_key");
        }
        names.insert(name, 1);
        Ok(())
    }

    fn copy_to(&mut self, end: usize) {
        let end = end.max(self.copied);
        self.mended
            .text
            .extend_from_slice(&self.text[self.copied..end]);
        self.copied = end;
    }

    fn remark(&mut self, kind: &'static str) {
        if self.mended.remarks.len() < REMARKS_MAX {
            let mut pointer = self.pointer.clone();
            pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES_MAX));
            self.mended.remarks.push(Remark {
                pointer: Some(pointer),
                kind,
            });
        } else {
            self.mended.unremarked += 1;
        }
    }
}
