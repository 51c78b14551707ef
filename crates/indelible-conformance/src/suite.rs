//! The list of all cases, as tests of a store.

/// Mounts the suite: one `#[test]` for each duty, in a module for each topic.
///
/// `database` is an expression, evaluated anew for each case within an async runtime (so it may
/// `.await`), that gives a fresh [`Database`](crate::Database). `effort` is how long the random
/// tests go on, an [`Effort`](crate::Effort). `claims` names what the store claims beyond the
/// port: `survives_reopen`, that what was acknowledged is there when the database is opened
/// again; `shared_by_two`, that two handles, as of two processes, may have it open at once;
/// `has_outbox`, that a caller's own transaction can be joined.
///
/// ```
/// use std::sync::Arc;
///
/// use indelible_conformance::{Database, Effort, StoreUnderTest, suite};
/// use indelible_core::MemoryStore;
///
/// struct Memory;
///
/// #[async_trait::async_trait]
/// impl Database for Memory {
///     async fn open(&self) -> Arc<dyn StoreUnderTest> {
///         Arc::new(MemoryStore::new())
///     }
/// }
///
/// suite! { database: Memory, effort: Effort::SHORT, claims: [] }
/// ```
#[macro_export]
macro_rules! suite {
    (database: $database:expr, effort: $effort:expr, claims: [$($claim:ident),* $(,)?] $(,)?) => {
        async fn suite_database() -> impl $crate::Database {
            $database
        }

        fn suite_effort() -> $crate::Effort {
            $effort
        }

        $crate::cases! { heads:
            an_empty_store_has_no_heads
            an_unknown_trail_has_no_head
            the_head_is_that_of_the_last_commit
            the_frontier_of_a_large_trail_comes_back
            heads_are_listed_by_the_bytes_of_their_names
            heads_gives_what_head_gives
            a_head_stays_when_another_trail_grows
            a_succession_keeps_key_and_incarnation
            a_refused_commit_brings_no_trail_into_being
        }
        $crate::cases! { append:
            the_first_commit_needs_no_parent
            a_commit_is_seen_whole_by_every_read
            append_on_a_stale_parent_writes_nothing
            append_on_a_stale_parent_answers_the_present_head
            append_without_a_parent_on_a_trail_with_entries_is_behind
            append_with_a_parent_on_a_new_trail_is_behind_nothing
            append_on_a_parent_of_another_root_is_behind
            append_on_a_parent_of_another_incarnation_is_behind
            append_on_a_parent_that_differs_in_one_value_is_behind
            a_refused_commit_leaves_no_gap
            each_commit_of_a_call_has_its_own_verdict
            a_refused_commit_takes_no_other_with_it
            no_commits_have_no_verdicts
            the_cut_into_commits_does_not_show
        }
        $crate::cases! { duplicates:
            append_of_a_known_id_answers_its_seq
            append_of_known_and_new_ids_writes_nothing
            every_known_id_is_named
            a_known_id_with_other_content_is_a_duplicate
            the_same_id_stands_in_two_trails
            a_commit_tried_again_is_behind_its_own_head
            an_id_of_a_refused_commit_is_free
        }
        $crate::cases! { ids:
            seqs_come_in_the_order_asked
            unknown_ids_stand_nowhere
            an_id_asked_twice_is_answered_twice
            seqs_answers_no_ids_and_unknown_trails
            ids_of_another_trail_stand_nowhere
            seqs_answers_forty_thousand_ids
            ids_are_told_apart_by_every_bit
        }
        $crate::cases! { entries:
            entries_come_by_seq
            a_range_beyond_the_end_gives_what_is_there
            an_empty_range_has_no_entries
            entries_belong_to_their_trail
            entries_come_back_as_they_were_written
            every_outcome_comes_back
            times_keep_their_microseconds
            times_of_recording_keep_their_microseconds
            bodies_come_back_byte_for_byte
            large_parts_come_back_whole
            an_erased_part_leaves_its_hash
            a_commit_of_five_thousand_entries_comes_back
        }
        $crate::cases! { erasure:
            t90_erasing_takes_what_is_named_and_nothing_else
            erasing_again_changes_nothing
            each_part_can_be_erased_alone
            erasures_that_overlap_take_each_part_once
            an_erasure_ends_at_the_end_of_the_trail
            erasing_stays_in_its_trail
            an_unknown_trail_has_nothing_to_erase
            an_erasure_without_parts_takes_nothing
            many_entries_are_erased_in_one_call
            entries_far_apart_are_erased_in_one_call
            erased_entries_are_found_by_what_is_left
            index_rows_go_with_their_part
            a_trail_goes_on_after_an_erasure
            erased_ids_are_still_known
            purging_changes_no_answer
            a_body_that_is_no_json_is_named_and_nothing_is_erased
        }
        $crate::cases! { erasure_beside:
            erasing_beside_sixteen_writers_loses_nothing
            readers_beside_an_erasure_see_whole_parts
            two_erasures_at_once_take_each_part_once
            an_erasure_that_was_cut_off_leaves_whole_entries_and_is_done_again
        }
        $crate::cases! { retention:
            trimming_takes_what_lies_before_and_nothing_else
            trimming_again_changes_nothing
            a_trimmed_trail_goes_on
            trimming_stays_in_its_trail
            an_unknown_trail_has_nothing_to_trim
            a_long_trail_is_trimmed_in_steps
            trimmed_trails_answer_questions
            erased_entries_are_trimmed
            a_trimmed_trail_verifies_where_an_entry_says_so
            trimming_beside_sixteen_writers_loses_nothing_else
            two_that_trim_at_once_end_at_one_place
        }
        $crate::cases! { retaining:
            t87_a_run_does_what_its_plan_said
            t91_a_run_keeps_what_is_held
        }
        $crate::cases! { hashes:
            hashes_at_height_0_are_the_leaves
            complete_nodes_are_there_with_their_last_leaf
            hashes_that_are_not_there_are_left_out
            hashes_belong_to_their_trail
            every_root_follows_from_the_stored_hashes
            a_trail_of_65_600_entries_has_a_node_at_height_16
        }
        $crate::cases! { filters:
            no_condition_finds_every_entry
            find_stays_in_its_trail
            actions_match_any_of_the_names
            an_empty_list_matches_nothing
            a_thousand_actions_can_be_asked_for
            an_outcome_matches_itself
            a_resource_type_matches_itself
            every_tag_of_the_filter_must_be_there
            both_ends_of_a_time_range_are_inclusive
            a_time_range_finds_what_leaps_in_time
            conditions_hold_together
        }
        $crate::cases! { filters_address:
            a_block_matches_every_address_in_it
            an_address_text_matches_what_was_given
        }
        $crate::cases! { filters_text:
            a_user_is_found_by_the_exact_name
            a_resource_is_found_by_the_exact_id
            a_correlation_is_found_by_the_exact_id
            any_of_several_values_finds_each_entry_once
            no_user_is_another_thing_than_an_empty_name
            an_erased_user_is_found_under_no_name
            a_value_with_a_nul_finds_nothing
            long_values_are_told_apart_to_their_last_byte
        }
        $crate::cases! { filters_context:
            a_path_leads_through_objects_and_lists
            a_member_is_compared_by_its_spelling
            hostile_names_are_literal
            hostile_values_are_literal
            all_members_must_match_each_by_any_value
            an_entry_without_context_has_no_members
            a_body_that_is_no_json_is_named_as_corrupt
        }
        $crate::cases! { order:
            entries_are_found_newest_first
            the_order_is_seq_whatever_the_times_say
            pages_join_up_although_entries_arrive_late
            a_thousand_entries_of_one_moment_come_once_each
            below_is_exclusive
            skip_passes_over_matching_entries_alone
            limit_is_the_most_that_is_found
            a_lone_match_far_down_is_found
            large_entries_fill_a_page_as_small_ones_do
        }
        $crate::cases! { upwards:
            the_next_above_a_place_are_found_newest_first
            from_is_inclusive
            from_and_below_hold_together
            skip_upwards_passes_over_the_oldest
            limit_upwards_is_the_most_that_is_found
            pages_upwards_join_up_although_entries_arrive_late
            a_thousand_entries_of_one_moment_come_once_each_upwards
            a_lone_match_far_up_is_found
            large_entries_fill_a_page_upwards
            find_upwards_stays_in_its_trail
            a_body_that_is_no_json_is_named_upwards
        }
        $crate::cases! { spans:
            spans_come_by_index
            a_span_is_there_with_the_last_entry_of_its_block
            spans_keep_the_ends_of_the_calendar
            spans_that_are_not_there_are_left_out
        }
        $crate::cases! { rollups:
            rollups_add_up_over_commits
            hour_action_and_outcome_are_counted_apart
            hours_before_1970_are_negative
            hours_are_half_open
            only_entries_that_stand_in_the_trail_are_counted
            late_arrivals_count_in_the_hour_they_occurred
        }
        $crate::cases! { projections:
            every_id_has_one_row
            every_complete_node_has_one_row
            every_complete_block_has_its_span
            every_rollup_has_one_row
            every_entry_has_its_index_rows
            each_indexed_field_has_its_row
            pages_of_a_projection_join_up
            a_page_begins_after_the_row_that_is_named
            projections_belong_to_their_trail
            index_rows_keep_every_byte_of_their_value
        }
        $crate::cases! { registry:
            an_unknown_key_has_no_value
            versions_count_the_writes
            a_put_on_another_version_writes_nothing
            a_put_on_a_version_of_nothing_writes_nothing
            a_removal_leaves_nothing
            a_removal_of_nothing_is_a_removal
            list_gives_one_kind_by_the_bytes_of_its_keys
            hostile_kinds_and_keys_are_literal
            kind_and_key_are_two_things
            values_of_every_shape_come_back
            sixteen_tasks_count_without_losing_a_step
            one_of_sixteen_tasks_is_the_first
        }
        $crate::cases! { writers:
            sixteen_writers_give_one_gap_free_order
            writers_of_different_trails_never_wait_behind_each_other
            racing_calls_of_two_commits_lose_nothing
            one_of_sixteen_commits_on_one_head_is_written
            pages_beside_sixteen_writers_give_what_stood_there
            readers_beside_sixteen_writers_see_whole_commits
        }
        $crate::cases! { condition:
            a_fresh_database_is_in_good_condition
            a_database_in_use_is_in_good_condition
            an_idle_store_can_be_closed
        }
        $crate::random! { model:
            random_operations_agree_with_the_oracle
            random_questions_agree_with_the_oracle
        }
        $($crate::claim! { $claim })*
    };
}

/// Mounts the cases of a claim.
#[doc(hidden)]
#[macro_export]
macro_rules! claim {
    (survives_reopen) => {
        $crate::cases! { reopen:
            a_closed_store_shows_everything_again
            a_dropped_store_has_lost_nothing_acknowledged
            a_trail_goes_on_after_reopening
            a_reopened_store_refuses_what_it_refused
            a_reopened_store_answers_the_same_questions
            a_reopened_registry_keeps_versions
            an_empty_database_opens_again
            closing_beside_writers_loses_nothing_acknowledged
        }
        $crate::random! { model_reopened:
            random_operations_and_reopenings_agree_with_the_oracle
        }
    };
    (shared_by_two) => {
        $crate::cases! { shared:
            a_commit_of_one_handle_is_seen_by_the_other
            a_handle_behind_the_other_is_told_the_head
            an_id_of_one_handle_is_known_to_the_other
            writers_of_two_handles_give_one_gap_free_order
            writers_of_two_handles_on_different_trails_all_get_through
            pages_of_one_handle_beside_writers_of_the_other
            two_handles_share_one_registry
            closing_one_handle_leaves_the_other_open
        }
    };
    (has_outbox) => {
        $crate::cases! { outbox:
            a_fresh_outbox_is_empty
            committed_rows_wait_in_the_order_of_their_transaction
            rolled_back_rows_are_never_seen
            a_read_begins_at_the_lowest_and_is_cut_at_the_limit
            trails_can_be_passed_over
            what_was_moved_is_gone_and_its_position_with_it
            what_is_refused_stays_with_its_reason_and_waits_no_more
            what_stands_in_the_wrong_column_is_not_shown
            settling_again_changes_nothing
            any_text_can_be_read
            an_event_that_is_too_long_is_answered_without_its_text
            a_read_is_cut_at_its_bytes_and_a_name_at_its_own
            a_drain_moves_committed_rows_once_and_in_order
            drains_of_two_handles_move_each_row_once_and_in_order
        }
    };
}

/// Expands names alone: one test for each case of a topic.
#[doc(hidden)]
#[macro_export]
macro_rules! cases {
    ($topic:ident: $($case:ident)*) => {
        mod $topic {
            $(
                #[test]
                fn $case() {
                    $crate::run(async {
                        let database = super::suite_database().await;
                        $crate::cases::$topic::$case(&database).await;
                    });
                }
            )*
        }
    };
}

/// Expands names alone: one test for each random test.
#[doc(hidden)]
#[macro_export]
macro_rules! random {
    ($topic:ident: $($test:ident)*) => {
        mod $topic {
            $(
                #[test]
                fn $test() {
                    $crate::run(async {
                        let database = super::suite_database().await;
                        $crate::model::$test(&database, super::suite_effort()).await;
                    });
                }
            )*
        }
    };
}

/// Runs one case on a runtime of its own, with threads enough for its tasks to race.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("the machine has threads for a test")
        .block_on(case);
}
