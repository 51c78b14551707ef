//! What is said of trails that are written in another database.

use indelible::Database;
use indelible::core::engine::{Move, Stage};

use crate::failure::remark;

/// Says on standard error that what is read here may be behind, where trails are written elsewhere.
pub async fn remark_all(database: &Database) {
    // A registry that cannot be read is doctor's to report.
    let Ok(moves) = database.engine().moves().await else {
        return;
    };
    let mut told: Vec<(Vec<String>, String)> = Vec::new();
    for (trail, moved) in moves {
        let text = told_of(&moved);
        match told.iter_mut().find(|(_, there)| *there == text) {
            Some((trails, _)) => trails.push(trail),
            None => told.push((vec![trail], text)),
        }
    }
    for (trails, text) in told {
        remark(&format!("{}: {text}", trails.join(", ")));
    }
}

/// Where a trail is written, in words.
fn told_of(moved: &Move) -> String {
    let Move { from, to, .. } = moved;
    match moved.stage {
        Stage::Sent => format!("moved to {to}; what is here may be behind"),
        Stage::Sending => format!(
            "a copy to {to} is under way or was cut short; finish it with `indelible copy {from} \
             {to}`"
        ),
        Stage::Receiving => format!(
            "a copy from {from} is under way or was cut short, so that it is not whole here; \
             finish it with `indelible copy {from} {to}`"
        ),
    }
}
