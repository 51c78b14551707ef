//! That the suite sees what is wrong: stores with one fault each, and the case that must fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use indelible_conformance::cases::{
    append, duplicates, entries, erasure, filters, filters_text, hashes, heads, ids, order,
    projections, registry, retention, rollups, spans, upwards,
};
use indelible_conformance::{Database, Effort, StoreUnderTest, model, run};

use crate::fault::{Fault, Faulty};

struct Broken(Fault);

#[async_trait]
impl Database for Broken {
    async fn open(&self) -> Arc<dyn StoreUnderTest> {
        Arc::new(Faulty::new(self.0))
    }
}

macro_rules! caught {
    ($($fault:ident by $($case:ident)::+),+ $(,)?) => {$(
        #[test]
        #[expect(non_snake_case, reason = "named for the fault")]
        fn $fault() {
            let broken = Broken(Fault::$fault);
            let case = AssertUnwindSafe(|| run($($case)::+(&broken)));
            assert!(catch_unwind(case).is_err(), "the fault was not seen");
        }
    )+};
}

caught! {
    HeadsUnsorted by heads::heads_are_listed_by_the_bytes_of_their_names,
    IncarnationForgotten by heads::a_succession_keeps_key_and_incarnation,
    ParentIgnored by append::append_on_a_stale_parent_writes_nothing,
    ParentBySizeAlone by append::append_on_a_parent_of_another_root_is_behind,
    BehindWithoutHead by append::append_on_a_stale_parent_answers_the_present_head,
    VerdictsReversed by append::each_commit_of_a_call_has_its_own_verdict,
    FirstRefusalEndsTheCall by append::a_refused_commit_takes_no_other_with_it,
    OneDuplicateNamed by duplicates::every_known_id_is_named,
    SeqsSorted by ids::seqs_come_in_the_order_asked,
    SeqsWithoutUnknown by ids::unknown_ids_stand_nowhere,
    EndInclusive by entries::entries_come_by_seq,
    MillisecondsOnly by entries::times_keep_their_microseconds,
    BodiesRespelled by entries::bodies_come_back_byte_for_byte,
    ErasedForgotten by entries::an_erased_part_leaves_its_hash,
    BelowInclusive by order::below_is_exclusive,
    FromExclusive by upwards::from_is_inclusive,
    FromIgnored by upwards::a_lone_match_far_up_is_found,
    UpwardsBeyondBelow by upwards::from_and_below_hold_together,
    UpwardsFromTheTop by upwards::the_next_above_a_place_are_found_newest_first,
    UpwardsOldestFirst by upwards::skip_upwards_passes_over_the_oldest,
    SkipBeforeFilter by order::skip_passes_over_matching_entries_alone,
    OldestFirst by order::entries_are_found_newest_first,
    OrderedByTime by order::the_order_is_seq_whatever_the_times_say,
    PagedByTime by order::a_thousand_entries_of_one_moment_come_once_each,
    LatestExclusive by filters::both_ends_of_a_time_range_are_inclusive,
    EmptyListIgnored by filters::an_empty_list_matches_nothing,
    AnyTag by filters::every_tag_of_the_filter_must_be_there,
    CaseFolded by filters_text::a_user_is_found_by_the_exact_name,
    EmptyIsNobody by filters_text::no_user_is_another_thing_than_an_empty_name,
    NulIsNobody by filters_text::a_value_with_a_nul_finds_nothing,
    NodesFromLeaves by hashes::hashes_that_are_not_there_are_left_out,
    SpansOfTheLastCommit by spans::spans_come_by_index,
    HoursInclusive by rollups::hours_are_half_open,
    NoHoursBefore1970 by rollups::hours_before_1970_are_negative,
    RowLostBetweenPages by projections::pages_of_a_projection_join_up,
    PagesDoNotGoOn by projections::every_id_has_one_row,
    ValuePrefixIndexed by projections::index_rows_keep_every_byte_of_their_value,
    VersionIgnored by registry::a_put_on_another_version_writes_nothing,
    NullIsRemoval by registry::values_of_every_shape_come_back,
    KeysFolded by registry::list_gives_one_kind_by_the_bytes_of_its_keys,
    NeighbourErased by erasure::t90_erasing_takes_what_is_named_and_nothing_else,
    DetailsLeft by erasure::each_part_can_be_erased_alone,
    ErasedIsCountedAgain by erasure::erasing_again_changes_nothing,
    EndlessRangeIgnored by erasure::an_erasure_ends_at_the_end_of_the_trail,
    TrimmedTooFar by retention::trimming_takes_what_lies_before_and_nothing_else,
    FirstKeptForgotten by retention::trimming_takes_what_lies_before_and_nothing_else,
}

/// The random tests see faults that no case was told of.
#[test]
fn random_operations_see_faults() {
    for fault in [
        Fault::BelowInclusive,
        Fault::FromExclusive,
        Fault::HoursInclusive,
        Fault::NullIsRemoval,
        Fault::NeighbourErased,
        Fault::DetailsLeft,
        Fault::ErasedIsCountedAgain,
    ] {
        let broken = Broken(fault);
        let effort = Effort {
            cases: 200,
            seed: 7,
        };
        let model = model::random_operations_agree_with_the_oracle(&broken, effort);
        assert!(
            catch_unwind(AssertUnwindSafe(|| run(model))).is_err(),
            "{fault:?}"
        );
    }
}

/// The random questions see faults of single conditions.
#[test]
fn random_questions_see_faults() {
    for fault in [
        Fault::LatestExclusive,
        Fault::EmptyListIgnored,
        Fault::AnyTag,
    ] {
        let broken = Broken(fault);
        let effort = Effort {
            cases: 100,
            seed: 7,
        };
        let model = model::random_questions_agree_with_the_oracle(&broken, effort);
        assert!(
            catch_unwind(AssertUnwindSafe(|| run(model))).is_err(),
            "{fault:?}"
        );
    }
}

/// A store without a fault passes where the faulty ones do not.
#[test]
fn a_faultless_store_passes() {
    let sound = Broken(Fault::None);
    run(async {
        append::append_on_a_stale_parent_writes_nothing(&sound).await;
        filters::both_ends_of_a_time_range_are_inclusive(&sound).await;
        model::random_questions_agree_with_the_oracle(&sound, Effort { cases: 8, seed: 7 }).await;
    });
}
