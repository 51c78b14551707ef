//! What each kind of finding is called, what it means, and what to do: the one table for pages.
//! docs/guide/verifying.md says the same at more length.

use indelible_core::verify::FindingKind;

/// A kind of finding in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What it is called.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const fn of(title: &'static str, meaning: &'static str, remedy: &'static str) -> Words {
    Words {
        title,
        meaning,
        remedy,
    }
}

/// What to do about an entry that is not as it was recorded.
const OF_ENTRY: &str = "Treat it as tampering or as a failing disk: keep a copy of the database, \
                        find the last backup that verifies, and compare. Entries without a finding \
                        are as they were recorded.";
/// What to do about what is made from the entries.
const OF_DERIVED: &str = "The log itself is intact where these findings stand alone; what queries \
                          and counts answered since may not be. Find out who changed the database; \
                          it can be made again from the log.";
const RESTORE: &str = "Restore the database from a backup; keep this one as evidence.";

/// The words for a kind.
#[expect(clippy::too_many_lines, reason = "one table, one line each")]
pub const fn words(kind: FindingKind) -> Words {
    use FindingKind as K;
    match kind {
        K::HeadMissing => of(
            "The trail's last state is gone",
            "There are rows of the trail, or it is known to have had some, and nothing says where \
             it ends.",
            RESTORE,
        ),
        K::HeadUnreadable => of(
            "The trail's last state cannot be read",
            "The row that says where the trail ends is there and makes no sense.",
            RESTORE,
        ),
        K::HeadAltered => of(
            "The trail's last state was altered",
            "Size, root, key, origin or incarnation do not fit the entries or the trusted key, or \
             no holder of the signing key has written it: entries at the end may be forged.",
            "Compare with a backup. Entries without findings of their own that lie before the last \
             checkpoint kept outside the database are intact.",
        ),
        K::RolledBack => of(
            "The database is older than a checkpoint that was given out",
            "An old copy was restored, or the end was cut off together with the trail's last state.",
            "Bring the newer database back; only where there is none, go on with `indelible trail \
             succeed --reason …`.",
        ),
        K::Forked => of(
            "The history is another one",
            "It is not the history that a checkpoint was given out for: entries were replaced, and \
             everything that is made from them with them.",
            "Find out who replaced it, and when. Whoever holds the checkpoint has the proof.",
        ),
        K::TailCut => of(
            "Entries at the end are gone",
            "The trail's last state still counts them.",
            "Restore them from a backup.",
        ),
        K::EntryMissing => of(
            "Entries are gone",
            "Rows in the middle are not there.",
            OF_ENTRY,
        ),
        K::EntryInserted => of(
            "An entry was slipped in",
            "A row stands there that was never recorded, or one beyond the end.",
            OF_ENTRY,
        ),
        K::Reordered => of(
            "Entries stand in another order",
            "Rows stand where other entries were recorded.",
            OF_ENTRY,
        ),
        K::Duplicated => of(
            "An entry is there twice",
            "The same entry stands at a second place, where another one was recorded.",
            OF_ENTRY,
        ),
        K::RowUnreadable => of(
            "An entry cannot be read",
            "Its row is there and makes no sense. The others were still checked.",
            OF_ENTRY,
        ),
        K::EntryAltered => of(
            "An entry was rewritten",
            "It was changed together with its hash; the tree holds the one that was recorded. The \
             finding names the block of entries in which it is.",
            OF_ENTRY,
        ),
        K::ColumnDiffers => of(
            "A field of an entry was edited",
            "What stands in a column is not what was recorded.",
            OF_ENTRY,
        ),
        K::LeafDiffers => of(
            "The hash of an entry was edited",
            "The entry itself is intact; only the hash stored beside it is another one.",
            OF_ENTRY,
        ),
        K::PartAltered => of(
            "Who, whom or the details were edited",
            "The erasable part of an entry (actor, target or details) is not what was recorded.",
            OF_ENTRY,
        ),
        K::PartMissing => of(
            "A part of an entry is gone",
            "Actor, target or details are not there any more, and no later entry records that they \
             were erased.",
            OF_ENTRY,
        ),
        K::PartInserted => of(
            "A part was added to an entry",
            "Actor, target or details stand there where the entry had none.",
            OF_ENTRY,
        ),
        K::NodeAltered => of(
            "A hash of the tree was edited",
            "Proofs that go through it fail. The entries are intact.",
            OF_DERIVED,
        ),
        K::NodeMissing => of(
            "A hash of the tree is gone",
            "Proofs that go through it cannot be made. The entries are intact.",
            OF_DERIVED,
        ),
        K::NodeExtra => of(
            "A hash of the tree is there that should not be",
            "It belongs to no subtree of this trail. The entries are intact.",
            OF_DERIVED,
        ),
        K::IdWrong => of(
            "An id leads to another entry",
            "Whoever asks for the entry by its id gets another one.",
            OF_DERIVED,
        ),
        K::IdMissing => of(
            "An id leads nowhere",
            "Whoever asks for the entry by its id does not find it.",
            OF_DERIVED,
        ),
        K::IdExtra => of(
            "An id is there that no entry has",
            "Whoever asks for it is led to an entry with another id.",
            OF_DERIVED,
        ),
        K::IndexRowMissing => of(
            "Queries leave out an entry",
            "Its row in an index is gone: it is there, and some filters do not find it.",
            OF_DERIVED,
        ),
        K::IndexRowExtra => of(
            "Queries show an entry where it does not belong",
            "A row of an index leads to it that should not be there.",
            OF_DERIVED,
        ),
        K::IndexDiffers => of(
            "Queries may leave out entries, or show others",
            "Rows of an index or of the ids differ for many entries, which are not named one by \
             one.",
            OF_DERIVED,
        ),
        K::SpanDiffers => of(
            "The times of a block of entries differ",
            "Queries skip blocks by the times that are kept for them: they may leave out entries.",
            OF_DERIVED,
        ),
        K::SpanMissing => of(
            "The times of a block of entries are gone",
            "Queries skip blocks by the times that are kept for them: they may be slow.",
            OF_DERIVED,
        ),
        K::SpanExtra => of(
            "Times are kept for a block that is not there",
            "Queries skip blocks by such times: they may leave out entries.",
            OF_DERIVED,
        ),
        K::RollupDiffers => of(
            "A count is wrong",
            "Summaries and the bars over the events say another number than was recorded.",
            OF_DERIVED,
        ),
        K::RollupMissing => of(
            "A count is gone",
            "Summaries and the bars over the events leave entries out.",
            OF_DERIVED,
        ),
        K::RollupExtra => of(
            "A count is there that should not be",
            "Summaries and the bars over the events count what was never recorded.",
            OF_DERIVED,
        ),
        K::GuardsAltered => of(
            "The database does not guard the evidence any more",
            "A table or trigger is missing or altered, or a foreign trigger is there: rows could be \
             changed, or left out without a word. A server that runs goes on writing; one that \
             starts refuses to until it is mended.",
            "Find out who did it; `indelible doctor` names it. Go on from a backup, or put the \
             guard back when all else verifies.",
        ),
        K::RowsStray => of(
            "Rows belong to nothing",
            "They are of a trail whose last state is gone, or for entries that are not there.",
            RESTORE,
        ),
        K::KeyUnconfirmed => of(
            "Nothing says whose entries these are",
            "No trusted key was at hand: whoever owns the database could have written and signed \
             all of it.",
            "Start the server with the installation's own state directory (`--state-dir`).",
        ),
        K::CheckpointBadSignature => of(
            "A kept checkpoint has no good signature",
            "A checkpoint, or the statement of a key rotation, was not signed by a trusted key, or \
             is damaged.",
            "Check the file and the key before the trail.",
        ),
        K::CheckpointForeign => of(
            "A kept checkpoint is another trail's",
            "It says nothing about this trail.",
            "Put the right one in its place.",
        ),
        K::CheckpointSuperseded => of(
            "A kept checkpoint is of entries that were lost",
            "They were lost before the trail was succeeded, as its own record says.",
            "Nothing, where that succession was yours.",
        ),
        K::CheckpointNotComparable => of(
            "A kept checkpoint cannot be compared any more",
            "Retention removed entries without which the tree of its size cannot be made again.",
            "Nothing, where the removal was yours; keep a newer checkpoint.",
        ),
        K::HoldWithoutEntry => of(
            "A legal hold has no entry",
            "The registry knows it, and the trail does not tell what it holds: it holds everything.",
            "Find out who changed the registry or the trail. It ends when two people release it.",
        ),
        K::HoldsUnread => of(
            "Legal holds could not be read",
            "Which holds are in force cannot be told. While that is so nothing is removed.",
            "See to what is in the way: the detail names it.",
        ),
        K::MarkMissing => of(
            "An old copy would not be noticed",
            "There was no high-water mark to compare with.",
            "Start the server with the installation's own state directory; the next entry makes a \
             mark.",
        ),
        K::RollupUnchecked => of(
            "The counts of the latest hours were not compared",
            "The trail grew faster than they could be.",
            "Verify again when less is recorded.",
        ),
        K::IndexUnchecked => of(
            "Some index rows were not compared",
            "Something of their entries was erased while they were.",
            "Verify again once the erasure is over.",
        ),
        K::RemovalDiffers => of(
            "What was removed is not what the removal recorded",
            "The root that was recorded with removed entries is another one than the kept hashes \
             give.",
            "Treat it as tampering: compare with a checkpoint or a backup of before.",
        ),
        K::ErasureUndone => of(
            "An erased part is there again",
            "It is unaltered: most likely it came back with a backup.",
            "Erase it again.",
        ),
        _ => UNKNOWN,
    }
}

/// For kinds of a later version.
const UNKNOWN: Words = of(
    "Something is not as it was recorded",
    "The words of the finding say what.",
    OF_ENTRY,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_the_guide_explains_has_words_of_its_own() {
        let guide = include_str!("../../../../../docs/guide/verifying.md");
        let rows = guide.lines().filter(|line| line.starts_with("| `"));
        let first = rows.filter_map(|line| line.split('|').nth(1));
        let names = first.flat_map(|cell| cell.split(','));
        let mut kinds = Vec::new();
        for name in names {
            let name = format!("\"{}\"", name.trim().trim_matches('`'));
            // The other tables of the page are of packs.
            let Ok(kind) = serde_json::from_str::<FindingKind>(&name) else {
                continue;
            };
            assert_ne!(words(kind), UNKNOWN, "{name}");
            kinds.push(kind);
        }
        kinds.sort_unstable();
        kinds.dedup();
        let titles: std::collections::BTreeSet<_> =
            kinds.iter().map(|kind| words(*kind).title).collect();
        assert_eq!(
            titles.len(),
            kinds.len(),
            "no two kinds are called the same"
        );
        assert_eq!(kinds.len(), 46, "a new kind takes a line here");
    }
}
