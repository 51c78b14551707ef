//! Evidence packs.

use std::cell::OnceCell;

use indelible_core::pack::{Coverage, PackRequest, verify_pack};
use indelible_core::verify::KeyChain;
use indelible_core::{AuditAction, AuditEvent, Query, Timestamp, TrailName};

use crate::memory::{engine, wait};

/// Entries of the trail that is packed.
const ENTRIES: usize = 5;

thread_local! {
    static PACKED: OnceCell<Packed> = const { OnceCell::new() };
}

struct Packed {
    /// A complete pack and a selection.
    packs: [Vec<u8>; 2],
    keys: KeyChain,
}

impl Packed {
    fn new() -> Self {
        let audit = engine().trail(TrailName::standard());
        let event = |n: usize| {
            AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
                .user_id(format!("u-{}", n % 2))
                .resource_id(format!("r-{n}"))
        };
        let receipts = wait(audit.record_all((0..ENTRIES).map(event).collect()));
        assert!(receipts.iter().all(Result::is_ok));
        let packs = [Coverage::Complete, Coverage::Selection].map(|coverage| {
            let request = PackRequest {
                query: Query::new().user_id("u-1"),
                first: 2,
                coverage,
                without: Vec::new(),
                asked_by: Some("auditor".to_owned()),
                created: Timestamp::from_micros(0),
                software: "fuzz".to_owned(),
            };
            let mut source = wait(audit.pack(request)).expect("memory").expect("entries");
            let mut pack = Vec::new();
            while let Some(lines) = wait(source.next()).expect("memory") {
                pack.extend(lines);
            }
            pack
        });
        let key = wait(audit.verifier_key()).expect("memory").expect("a key");
        let packed = Self {
            keys: KeyChain::new([key], []),
            packs,
        };
        assert!(packed.packs.iter().all(|pack| packed.proves(pack)));
        packed
    }

    fn proves(&self, pack: &[u8]) -> bool {
        let judged = verify_pack(&mut &*pack, &self.keys, &mut |_| {});
        judged.expect("memory is readable").is_ok()
    }
}

/// Any bytes as a pack, and packs that prove something with a piece of them replaced: the first
/// byte chooses the pack, two say where, one how much is taken out, and the rest is put there.
/// Nothing but what was packed proves anything.
pub fn pack(input: &[u8]) {
    PACKED.with(|packed| {
        let packed = packed.get_or_init(Packed::new);
        assert!(!packed.proves(input), "made up, and it proves something");
        let Some(([which, high, low, length], put)) = input.split_first_chunk() else {
            return;
        };
        let whole = &packed.packs[usize::from(which % 2)];
        let at = usize::from(u16::from_be_bytes([*high, *low])) % (whole.len() + 1);
        let end = whole.len().min(at + usize::from(*length));
        let altered = [&whole[..at], put, &whole[end..]].concat();
        let is_whole = altered == *whole;
        assert_eq!(packed.proves(&altered), is_whole, "{put:?} for {at}..{end}");
    });
}
