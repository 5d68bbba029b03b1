//! The services that there are, each with its model.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::index::Index;
use crate::model::Model;
use crate::unreadable::Unreadable;

// It stays as it was written.
#[rustfmt::skip]
mod table;

pub use table::*;

/// A service of AWS: its name, and its model, which is opened when it is first asked for.
#[derive(Debug)]
pub struct Service {
    /// What the AWS CLI calls it, such as `dynamodb` or `logs`.
    pub name: &'static str,
    compressed: &'static [u8],
    index: &'static [u8],
    opened: Mutex<Weak<Model>>,
}

impl Service {
    const fn new(name: &'static str, compressed: &'static [u8], index: &'static [u8]) -> Service {
        Service { name, compressed, index, opened: Mutex::new(Weak::new()) }
    }

    /// What its operations are called, do and may do, without its model.
    ///
    /// # Errors
    /// If the build was made wrongly.
    pub fn index(&self) -> Result<Index, Unreadable> {
        Index::read(self.name, self.index)
    }

    /// Its model. It stays open for as long as anybody holds it.
    ///
    /// # Errors
    /// If the build was made wrongly.
    pub fn model(&self) -> Result<Arc<Model>, Unreadable> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = opened.upgrade() {
            return Ok(model);
        }
        let model = Arc::new(Model::read(self.name, self.compressed, &self.index()?)?);
        *opened = Arc::downgrade(&model);
        Ok(model)
    }
}

#[cfg(test)]
mod tests;
