//! What of the package can be told without an interpreter. Its tests are in Python, beside this
//! folder; that this one is built is what builds the library for them.

use std::collections::BTreeSet;
use std::path::Path;

use indelible_core::catalogue;

/// The names that type checkers and editors know are those that the module has.
#[test]
fn every_action_of_the_catalogue_has_its_constant() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/indelible/actions.py");
    let text = std::fs::read_to_string(file).expect("the Python half lies in the crate's folder");
    let named: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_suffix(": ClassVar[AuditAction]"))
        .collect();
    let wanted: BTreeSet<&str> = catalogue::all().iter().map(|action| action.name).collect();
    assert_eq!(
        named, wanted,
        "actions.py is not in step with the catalogue"
    );
}
