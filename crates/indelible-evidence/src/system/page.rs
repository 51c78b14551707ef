//! `docs/requirements.md`, made of the data that the answers name their tests from.

use std::fmt::Write as _;

use super::requirement::{By, requirements};

/// The page, to the byte.
pub fn page() -> String {
    let count = |by: By| requirements().iter().filter(|it| it.by == by).count();
    let mut out = format!(
        "# Requirements on the audit system\n\n\
         What standards ask of an audit system itself, what the product brings to it, and the tests that show it. Of {} requirements {} are\n\
         met by the product, {} need evidence from elsewhere, and {} are not met. Whether an installation meets them depends on how it is set up and\n\
         used: `indelible report system` measures it ([reports](guide/reports.md)).\n\n\
         This page is made of `crates/indelible-evidence/requirements.toml`; a test holds the two together, and every test that is named here exists.\n\n\
         | Requirement | Asked | By the product | Shown by |\n|---|---|---|---|\n",
        requirements().len(),
        count(By::Product),
        count(By::Elsewhere),
        count(By::Nobody),
    );
    for it in requirements() {
        let tests: Vec<_> = it.tests.iter().map(|test| format!("`{test}`")).collect();
        // A String takes every text.
        let _ = writeln!(
            out,
            "| {} | {} | {}: {} | {} |",
            it.id,
            it.asks.replace('|', "\\|"),
            it.by.as_str(),
            it.product.replace('|', "\\|"),
            tests.join("<br>")
        );
    }
    out
}
