//! Blocks that were read of late.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::Fault;
use super::block::{Fence, Leaf};
use super::file::IndexFile;
use super::run::Blocks;

/// They are kept so that a search does not read the same one again and again.
pub(super) struct Recent<'f> {
    file: &'f IndexFile,
    leaves: RefCell<HashMap<u64, Rc<Leaf>>>,
    fences: RefCell<HashMap<u64, Rc<Fence>>>,
}

/// Blocks of either kind that are kept.
const RECENT_MAX: usize = 128;

impl<'f> Recent<'f> {
    pub fn of(file: &'f IndexFile) -> Self {
        Self {
            file,
            leaves: RefCell::default(),
            fences: RefCell::default(),
        }
    }
}

impl Blocks for Recent<'_> {
    fn leaf(&self, id: u64) -> Result<Rc<Leaf>, Fault> {
        recent(&self.leaves, id, || self.file.block(id, Leaf::read))
    }

    fn fence(&self, id: u64) -> Result<Rc<Fence>, Fault> {
        recent(&self.fences, id, || self.file.block(id, Fence::read))
    }
}

fn recent<T>(
    kept: &RefCell<HashMap<u64, Rc<T>>>,
    id: u64,
    read: impl FnOnce() -> Result<T, Fault>,
) -> Result<Rc<T>, Fault> {
    if let Some(there) = kept.borrow().get(&id) {
        return Ok(Rc::clone(there));
    }
    let read = Rc::new(read()?);
    let mut kept = kept.borrow_mut();
    if kept.len() >= RECENT_MAX {
        kept.clear();
    }
    kept.insert(id, Rc::clone(&read));
    Ok(read)
}
