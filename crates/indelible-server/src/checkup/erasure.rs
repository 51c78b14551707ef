//! Erasures that are not finished.

use indelible_core::engine::UnfinishedErasure;

use super::Check;

/// What is left of an erasure, judged.
pub fn of_erasure(unfinished: &UnfinishedErasure) -> Check {
    let trail = &unfinished.trail;
    if unfinished.is_there {
        let detail = format!("{trail}: an order is recorded and not carried out yet");
        let remedy = "`indelible subject erase` goes on with it, and so does the next start of who \
                      may erase";
        return Check::fail("erasure", detail, remedy);
    }
    if unfinished.held > 0 {
        let detail = format!(
            "{trail}: {} orders wait, since entries that they name are held",
            unfinished.held
        );
        let remedy = "`indelible hold list` names the holds; once they are released, the next \
                      erasure or start carries the orders out";
        return Check::warn("erasure", detail, remedy);
    }
    let pause = match unfinished.not_before {
        Some(until) => format!(", which failed; no start tries it before {until}"),
        None => String::new(),
    };
    let detail =
        format!("{trail}: what was erased is still in the database's files until a purge{pause}");
    let remedy = "end transactions that are open since before, then `indelible subject erase` \
                  again, with the same persons: it goes on at once";
    Check::fail("erasure", detail, remedy)
}
