//! Blocks, runs and merges against a plain set of terms.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use proptest::prelude::*;

use super::Fault;
use super::block::{Fence, Leaf, opened, sealed};
use super::build::Builder;
use super::merge::{FAN_IN, MAKING_FAN_IN, Merging, due};
use super::record::Merge;
use super::run::{Blocks, Run, Shape};
use super::tail::Sorted;

const EPOCH: u64 = 0x1122_3344_5566_7788;

type Set = BTreeSet<(Vec<u8>, u64)>;

/// Blocks in memory, of which none may be given twice.
#[derive(Default)]
struct Memory {
    blocks: BTreeMap<u64, Vec<u8>>,
    reads: Cell<u64>,
}

impl Memory {
    fn put(&mut self, blocks: Vec<(u64, Vec<u8>)>) {
        for (id, body) in blocks {
            assert!(
                body.len() <= 4_000,
                "{} bytes do not fit a page",
                body.len()
            );
            assert!(self.blocks.insert(id, body).is_none(), "{id:x} twice");
        }
    }

    fn read<T>(&self, id: u64, read: impl Fn(&[u8]) -> Result<T, Fault>) -> Result<Rc<T>, Fault> {
        self.reads.set(self.reads.get() + 1);
        let body = self.blocks.get(&id);
        let body = body.ok_or_else(|| Fault::damage("it is missing"))?;
        read(opened(EPOCH, id, body)?).map(Rc::new)
    }
}

impl Blocks for Memory {
    fn leaf(&self, id: u64) -> Result<Rc<Leaf>, Fault> {
        self.read(id, Leaf::read)
    }

    fn fence(&self, id: u64) -> Result<Rc<Fence>, Fault> {
        self.read(id, Fence::read)
    }
}

fn built(memory: &mut Memory, id: u64, set: &Set, (first, end): (u64, u64)) -> Run {
    let mut builder = Builder::new(EPOCH, id);
    for (place, (key, seq)) in set.iter().enumerate() {
        builder.push(key, &[*seq]);
        // Whether blocks are taken early makes no difference.
        if place % 1000 == 7 {
            memory.put(builder.finished());
        }
    }
    let (run, blocks) = builder.end(first, end);
    memory.put(blocks);
    let numbers: Vec<u64> = memory.blocks.keys().copied().collect();
    let own = numbers.iter().filter(|number| **number >> 32 == id);
    assert_eq!(own.count(), run.shape.blocks as usize);
    assert_eq!(run.shape.terms, set.len() as u64);
    run
}

fn read_from(memory: &Memory, run: &Run, key: &[u8], seq: u64) -> Vec<(Vec<u8>, u64)> {
    let mut terms = run.terms(memory, key, seq).expect("it reads");
    let mut read = Vec::new();
    while let Some((key, seq)) = terms.peek() {
        read.push((key.to_vec(), seq));
        terms.advance(1).expect("it reads");
    }
    read
}

fn whole(memory: &Memory, run: &Run) -> Set {
    let read = read_from(memory, run, &[], 0);
    assert!(read.is_sorted(), "they rise");
    let set: Set = read.iter().cloned().collect();
    assert_eq!(set.len(), read.len(), "each once");
    set
}

/// What a set says of a key from a place on.
fn said(set: &Set, key: &[u8], (at, rises): (u64, bool), most: usize) -> Vec<u64> {
    let of_key = set.iter().filter(|(there, _)| there == key);
    let seqs: Vec<u64> = of_key.map(|(_, seq)| *seq).collect();
    match rises {
        true => seqs
            .into_iter()
            .filter(|seq| *seq >= at)
            .take(most)
            .collect(),
        false => {
            let falling = seqs.into_iter().rev().filter(|seq| *seq <= at);
            falling.take(most).collect()
        }
    }
}

fn asked(
    memory: &Memory,
    run: &Run,
    key: &[u8],
    way: (u64, bool),
    most: usize,
) -> Result<Vec<u64>, Fault> {
    let mut found = Vec::new();
    run.postings(memory, key, way, most, &mut found)?;
    Ok(found)
}

/// Keys that are empty, hold NUL bytes, begin alike, and are as long as values may be.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    let short = proptest::collection::vec(prop_oneof![Just(0_u8), Just(b'a'), any::<u8>()], 0..6);
    let long = (any::<u8>(), 0_usize..=1_020).prop_map(|(byte, length)| {
        let mut key = vec![b'x'; length];
        key.push(byte);
        key
    });
    prop_oneof![
        4 => short,
        1 => long,
    ]
}

fn sets() -> impl Strategy<Value = Set> {
    let keys = proptest::collection::vec(keys(), 1..40);
    let seqs = proptest::collection::vec((any::<prop::sample::Index>(), 0_u64..5_000), 1..2_500);
    (keys, seqs).prop_map(|(keys, seqs)| {
        let term = |(key, seq): (prop::sample::Index, u64)| (key.get(&keys).clone(), seq);
        seqs.into_iter().map(term).collect()
    })
}

proptest! {
    #[test]
    fn a_run_says_what_was_put_in(
        set in sets(),
        others in proptest::collection::vec(keys(), 0..10),
        ways in proptest::collection::vec(
            (any::<prop::sample::Index>(), 0_u64..5_100, any::<bool>(), 0_usize..700), 1..40),
    ) {
        let mut memory = Memory::default();
        let run = built(&mut memory, 1, &set, (0, 5_000));
        prop_assert_eq!(&whole(&memory, &run), &set);
        let mut keys: Vec<Vec<u8>> = set.iter().map(|(key, _)| key.clone()).collect();
        keys.extend(others);
        for (key, at, rises, most) in ways {
            let key = key.get(&keys);
            let found = asked(&memory, &run, key, (at, rises), most).expect("it reads");
            prop_assert_eq!(found, said(&set, key, (at, rises), most));
            let rest: Vec<_> = set.range((key.clone(), at)..).cloned().collect();
            prop_assert_eq!(read_from(&memory, &run, key, at), rest);
        }
    }

    #[test]
    fn a_merge_has_what_its_sources_have_but_for_what_is_left_out(
        set in sets(),
        cuts in proptest::collection::btree_set(1_u64..5_000, 0..12),
        left_out in proptest::collection::vec((0_u64..5_000, 1_u64..300), 0..6),
        fresh in sets(),
        slice in 1_usize..3_000,
    ) {
        let mut memory = Memory::default();
        let bounds: Vec<u64> = [0].into_iter().chain(cuts).chain([5_000]).collect();
        let sources: Vec<Run> = bounds.windows(2).enumerate().filter_map(|(place, pair)| {
            let range = pair[0]..pair[1];
            let part: Set = set.iter().filter(|(_, seq)| range.contains(seq)).cloned().collect();
            // A run is of entries, each of which has terms.
            (!part.is_empty()).then(|| {
                built(&mut memory, place as u64 + 1, &part, (pair[0], pair[1]))
            })
        }).collect();
        let without = apart(left_out);
        let is_out = |seq: u64| without.iter().any(|range| range.contains(&seq));
        let fresh: Set = fresh.into_iter().filter(|(_, seq)| is_out(*seq)).collect();
        let mut expected: Set = set.iter().filter(|(_, seq)| !is_out(*seq)).cloned().collect();
        expected.extend(fresh.iter().cloned());
        prop_assume!(!expected.is_empty());
        let run = merged(&mut memory, (0, sources), (without, Sorted::made_of(&fresh)), slice);
        prop_assert_eq!(&whole(&memory, &run), &expected);
        prop_assert_eq!(run.shape.terms, expected.len() as u64);
    }
}

/// Ranges in their order that do not meet.
fn apart(mut ranges: Vec<(u64, u64)>) -> Vec<Range<u64>> {
    ranges.sort_unstable();
    let mut apart: Vec<Range<u64>> = Vec::new();
    for (start, length) in ranges {
        if apart.last().is_none_or(|last| last.end < start) {
            apart.push(start..start + length);
        }
    }
    apart
}

fn merged(
    memory: &mut Memory,
    sources: (u64, Vec<Run>),
    (without, fresh): (Vec<Range<u64>>, Sorted),
    slice: usize,
) -> Run {
    let mark = Merge {
        token: 5,
        run: 1000,
        slices: 0,
    };
    let mut merging = Merging::new(1, (EPOCH, mark), sources, without, fresh);
    loop {
        let slice = merging.slice(memory, slice).expect("it reads");
        memory.put(slice.blocks);
        if let Some(run) = slice.whole {
            return run;
        }
    }
}

#[test]
fn one_value_of_all_entries_goes_over_many_blocks() {
    let seqs = 0..100_000_u64;
    let mut set: Set = seqs
        .clone()
        .map(|seq| (b"\x08succeeded".to_vec(), seq * 3))
        .collect();
    set.insert((b"\x08".to_vec(), 7));
    set.insert((b"\x09".to_vec(), 9));
    let mut memory = Memory::default();
    let run = built(&mut memory, 3, &set, (0, 300_000));
    assert!(run.shape.height >= 1);
    assert_eq!(whole(&memory, &run), set);
    for at in [0, 1, 2, 3, 150_000, 299_997, 299_998, u64::MAX] {
        for rises in [false, true] {
            for most in [1, 8, 512] {
                memory.reads.set(0);
                let found = asked(&memory, &run, b"\x08succeeded", (at, rises), most);
                let found = found.expect("it reads");
                assert_eq!(found, said(&set, b"\x08succeeded", (at, rises), most));
                // However long the list is.
                let reads = memory.reads.get();
                assert!(
                    reads <= u64::from(run.shape.height) + 3,
                    "{reads} from {at}"
                );
            }
        }
    }
    let all = asked(
        &memory,
        &run,
        b"\x08succeeded",
        (u64::MAX, false),
        usize::MAX,
    );
    assert!(
        all.expect("it reads")
            .into_iter()
            .eq(seqs.rev().map(|seq| seq * 3))
    );
}

#[test]
fn thousands_of_long_values_make_a_tall_tree() {
    let key = |number: u64| {
        let mut key = vec![0; 1_012];
        key.extend_from_slice(&number.to_be_bytes());
        // What differs stands first in some, and last in others.
        if number.is_multiple_of(2) {
            key.rotate_right(8);
        }
        key.insert(0, 4);
        key
    };
    let set: Set = (0..4_000).map(|number| (key(number), number)).collect();
    let mut memory = Memory::default();
    let run = built(&mut memory, 9, &set, (0, 4_000));
    assert!(run.shape.height >= 3, "{}", run.shape.height);
    assert_eq!(whole(&memory, &run), set);
    for number in (0..4_000).step_by(37) {
        memory.reads.set(0);
        for rises in [false, true] {
            let found = asked(&memory, &run, &key(number), (number, rises), 9).expect("it reads");
            assert_eq!(found, [number]);
            let absent = asked(&memory, &run, &key(number)[..900], (number, rises), 9);
            assert_eq!(absent.expect("it reads"), [0; 0]);
        }
        let reads = memory.reads.get();
        assert!(reads <= 8 * (u64::from(run.shape.height) + 1), "{reads}");
    }
}

#[test]
fn a_block_that_is_altered_or_another_ones_is_known() {
    let body = b"what it holds";
    let block = sealed(EPOCH, 7, body);
    assert_eq!(opened(EPOCH, 7, &block).expect("it is whole"), body);
    for (epoch, id) in [(EPOCH, 8), (EPOCH + 1, 7)] {
        assert!(matches!(opened(epoch, id, &block), Err(Fault::Damage(_))));
    }
    for length in 0..block.len() {
        assert!(matches!(
            opened(EPOCH, 7, &block[..length]),
            Err(Fault::Damage(_))
        ));
    }
    for bit in 0..block.len() * 8 {
        let mut altered = block.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(
            matches!(opened(EPOCH, 7, &altered), Err(Fault::Damage(_))),
            "{bit}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_reading_fail_otherwise_than_by_saying_so(
        body in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        // Under a right checksum, which whoever owns the file can make.
        if let Ok(leaf) = Leaf::read(&body) {
            for place in 0..leaf.len() {
                prop_assert!(leaf.group(place).is_some_and(|(_, seqs)| !seqs.is_empty()));
            }
            let _ = leaf.find(b"a");
        }
        if let Ok(fence) = Fence::read(&body) {
            prop_assert!(fence.child(fence.find(b"a", 7)).is_some());
            prop_assert!(fence.child(fence.last()).is_some());
        }
    }
}

fn of_length(first: u64, length: u64) -> Run {
    Run {
        id: first,
        first,
        end: first + length,
        shape: Shape {
            root: 0,
            height: 0,
            blocks: 1,
            terms: length,
        },
    }
}

/// Adds runs of these lengths one after another and merges whatever is due. Answers how many runs
/// there were at most, and how often an entry was written in the mean.
fn grown(fan_in: usize, lengths: impl IntoIterator<Item = u64>) -> (usize, f64) {
    let (mut runs, mut most, mut written): (Vec<Run>, usize, u64) = (Vec::new(), 0, 0);
    for length in lengths {
        let first = runs.last().map_or(0, |run| run.end);
        runs.push(of_length(first, length));
        written += length;
        most = most.max(runs.len());
        let mut merges = 0;
        while let Some(range) = due(&runs, fan_in) {
            assert!(range.len() >= 2, "a merge makes them fewer");
            let (first, end) = (runs[range.start].first, runs[range.end - 1].end);
            written += end - first;
            runs.splice(range, [of_length(first, end - first)]);
            merges += 1;
            assert!(merges < 100, "it ends");
        }
        assert!(runs.windows(2).all(|pair| pair[0].end == pair[1].first));
    }
    let all = runs.last().map_or(1, |run| run.end);
    (most, written as f64 / all as f64)
}

#[test]
fn runs_stay_few_and_are_not_written_often() {
    let bulk = std::iter::repeat_n(65_536, 1_000);
    let single = std::iter::repeat_n(1, 20_000);
    let mixed = (0..3_000).map(|n| if n % 3 == 0 { 65_536 } else { n % 50 + 1 });
    // Much, and then one now and then: the much stays as it is.
    let quiet = std::iter::repeat_n(65_536, 76).chain(std::iter::repeat_n(1, 5_000));
    for ((most, written), (most_max, written_max)) in [
        (grown(FAN_IN, bulk.clone()), (16, 6.0)),
        // While it is made.
        (grown(MAKING_FAN_IN, bulk), (128, 3.7)),
        (grown(FAN_IN, single), (24, 8.0)),
        (grown(FAN_IN, mixed), (20, 7.0)),
        (grown(FAN_IN, quiet), (24, 3.1)),
    ] {
        assert!(most <= most_max, "{most} runs of {most_max}");
        assert!(
            written <= written_max,
            "each entry {written} times of {written_max}"
        );
    }
    assert_eq!(due(&[], FAN_IN), None);
}
