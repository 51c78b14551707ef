//! Actions outside of the catalogue.

use indelible_core::catalogue;
use indelible_core::engine::own_actions;

/// Whether an action is neither of the catalogue nor Indelible's own.
pub fn is_custom(action: &str) -> bool {
    catalogue::resolve(action).is_none() && own_actions().all(|own| own != action)
}
