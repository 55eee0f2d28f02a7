//! MySQL 5.6 and MariaDB have no function that shows what other sessions do.

use crate::{bindings::THD, symbols::MissingSymbol};

/// What other sessions of the server do: not known.
pub struct Sessions;

impl Sessions {
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    /// Shows none.
    ///
    /// # Safety
    /// None.
    pub unsafe fn for_each(&self, _: &mut dyn FnMut(*mut THD)) {}

    /// Nothing.
    ///
    /// # Safety
    /// None.
    pub unsafe fn statement<'b>(&self, _: *mut THD, _: &'b mut [u8]) -> &'b [u8] {
        &[]
    }
}
