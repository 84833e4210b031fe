"""The fault matrix: what can go wrong, and the tests that arrange it.

Whatever happens, `accepted = stored + spooled + dead + Σ dropped{reason}`, nothing accepted is lost
or doubled, and the host sees no exception. The tests of this folder end by checking just that; those
elsewhere look at one fault more closely. `python -m tests.soak` arranges most rows at once.
"""

# ruff: noqa: E501 - the names of tests are sentences
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One fault; `tests` are `folder/module::function` below `tests/`."""

    fault: str
    tests: tuple[str, ...]


MATRIX = {
    1: Row(
        "kill -9 of a writer",
        (
            "faults/test_killed.py::test_writers_killed_at_random_lose_nothing_they_had_accepted",
            "duckdb/test_exactly_once.py::test_what_a_killed_writer_had_acknowledged_is_stored_once",
            "duckdb/test_exactly_once.py::test_a_line_that_was_being_written_when_the_process_died_is_cut_off",
            "soak/test_soak.py::test_a_short_soak_loses_nothing_doubles_nothing_and_adds_up",
        ),
    ),
    2: Row(
        "kill -9 of the drainer at every step between BEGIN and the removal of segments",
        (
            "faults/test_killed.py::test_a_drainer_killed_at_any_of_its_steps_leaves_each_record_to_be_stored_once",
            "duckdb/test_exactly_once.py::test_a_drainer_killed_at_any_step_leaves_each_record_to_be_stored_once",
            "duckdb/test_exactly_once.py::test_another_process_takes_over_when_the_drainer_is_killed",
        ),
    ),
    3: Row(
        "disk full under the spool, the database, or both; resuming when space returns",
        (
            "faults/test_full_disks.py::test_a_disk_full_under_both_is_counted_and_recording_resumes_when_space_returns",
            "faults/test_full_disks.py::test_a_disk_full_under_the_database_alone_keeps_everything_in_the_spool",
            "faults/test_full_disks.py::test_a_file_size_limit_under_the_spool_alone_tears_no_line",
            "faults/test_full_disks.py::test_a_disk_with_a_little_room_that_both_fight_over_loses_nothing_uncounted",
            "faults/test_full_disks.py::test_a_database_first_made_on_a_full_disk_is_not_taken_for_a_damaged_one",
            "faults/test_full_disks.py::test_two_processes_on_a_full_disk_take_up_draining_again",
            "setup/test_trouble.py::test_a_disk_that_stays_full_is_told_with_its_count",
        ),
    ),
    4: Row(
        "COMMIT durable, its checkpoint failed",
        (
            "faults/test_killed.py::test_a_commit_whose_checkpoint_failed_is_not_repeated",
            "faults/test_killed.py::test_a_disk_that_is_full_at_any_size_of_the_database_neither_loses_nor_doubles",
        ),
    ),
    5: Row(
        "read-only or missing directory",
        (
            "faults/test_refused_directories.py::test_a_directory_closed_from_the_start_is_one_clear_error_and_the_application_runs",
            "faults/test_refused_directories.py::test_a_directory_or_file_closed_for_a_while_is_counted_and_taken_up_again",
            "setup/test_beside_the_host.py::test_a_directory_that_cannot_be_written_costs_the_record_and_not_the_work",
        ),
    ),
    6: Row(
        "database deleted or replaced while open",
        (
            "faults/test_killed.py::test_a_database_deleted_or_replaced_at_any_step_of_a_drain_takes_no_record_with_it",
            "duckdb/test_trouble_with_the_database.py::test_a_database_deleted_between_drains_is_begun_again",
        ),
    ),
    7: Row(
        "database truncated or bit-flipped",
        (
            "faults/test_damaged_files.py::test_a_database_cut_or_flipped_anywhere_never_loses_a_row_in_silence",
            "duckdb/test_trouble_with_the_database.py::test_a_damaged_database_is_set_aside_loudly_and_a_fresh_one_takes_what_waits",
            "duckdb/test_trouble_with_the_database.py::test_somebodys_other_file_is_never_moved",
        ),
    ),
    8: Row(
        "torn, flipped, zeroed or foreign write-ahead log",
        (
            "faults/test_damaged_files.py::test_a_damaged_write_ahead_log_costs_no_record_and_doubles_none",
            "duckdb/test_trouble_with_the_database.py::test_a_damaged_write_ahead_log_is_set_aside_alone",
        ),
    ),
    9: Row(
        "another process holds the database for a while",
        (
            "faults/test_neighbours.py::test_a_database_held_for_a_while_delays_nothing_and_gets_everything_afterwards",
            "duckdb/test_trouble_with_the_database.py::test_a_database_held_by_another_process_is_drained_into_when_it_is_let_go",
        ),
    ),
    10: Row(
        "schema of another version; unknown fields",
        (
            "faults/test_strange_records.py::test_a_database_of_a_version_without_a_way_makes_the_records_wait",
            "faults/test_strange_records.py::test_fields_that_this_version_does_not_know_are_passed_over",
            "schema/test_migrations.py::test_an_older_database_becomes_the_canonical_one_and_keeps_its_rows",
        ),
    ),
    11: Row(
        "poison record",
        (
            "faults/test_strange_records.py::test_poison_costs_itself_alone_and_is_set_aside_with_its_reason",
            "faults/test_strange_records.py::test_one_bad_line_among_many_segments_costs_a_few_transactions",
            "duckdb/test_poison.py::test_a_poisonous_value_is_stored_in_a_form_json_has",
            "duckdb/test_dead_letters.py::test_a_line_the_database_refuses_is_set_aside_and_the_rest_stored",
        ),
    ),
    12: Row(
        "exporter raising, failing, hanging",
        (
            "faults/test_neighbours.py::test_a_hosts_broken_exporter_costs_ours_nothing",
            "setup/test_trouble.py::test_a_frame_exporter_that_raises_costs_the_others_nothing",
        ),
    ),
    13: Row(
        "a flood of a million spans into a stalled store",
        (
            "faults/test_floods.py::test_a_flood_into_a_stalled_store_keeps_memory_bounded_and_counts_its_drops",
            "duckdb/test_limits.py::test_a_full_spool_drops_the_newest_and_counts_them",
        ),
    ),
    14: Row(
        "os.fork while busy, multiprocessing, pools",
        (
            "faults/test_forking.py::test_children_forked_while_busy_neither_hang_nor_lose_nor_double",
            "faults/test_forking.py::test_children_of_multiprocessing_and_pools_keep_all_they_recorded",
            "duckdb/test_forks.py::test_children_forked_while_the_parent_is_busy_lose_nothing",
        ),
    ),
    15: Row(
        "SIGTERM, os._exit",
        (
            "faults/test_killed.py::test_what_a_process_loses_by_dying_is_younger_than_a_flush_interval",
        ),
    ),
    16: Row(
        "clock jump backwards, no file descriptors",
        (
            "faults/test_strange_records.py::test_a_clock_that_jumps_back_costs_no_record",
            "faults/test_strange_records.py::test_no_file_descriptors_left_is_counted_and_over_when_there_are_some",
        ),
    ),
    17: Row(
        "OTLP receiver down, slow, restarted",
        (
            "faults/test_neighbours.py::test_an_otlp_receiver_in_trouble_costs_the_database_nothing",
            "serving/test_killed.py::test_what_was_acknowledged_before_a_kill_is_stored_once",
            "serving/test_sending_to_a_collector.py::test_a_collector_that_is_restarted_goes_on_where_it_was",
            "setup/test_trouble.py::test_an_endpoint_that_never_answers_delays_neither_exit_nor_storage",
        ),
    ),
    18: Row(
        "a file of DuckDB 1.5 opened by 2.0",
        (
            "upgrades/test_stored_databases.py::test_migrate_keeps_every_row_and_a_copy_of_the_file_from_before",
            "upgrades/test_stored_databases.py::test_an_application_of_this_release_runs_on_and_all_it_records_is_stored_after_the_migration",
            "upgrades/test_stored_databases.py::test_what_waits_in_the_spool_of_an_earlier_release_is_stored_once",
            "upgrades/test_other_duckdb.py::test_what_one_duckdb_migrates_and_the_other_drains_into_both_can_read",
        ),
    ),
    19: Row(
        "provider already set; shut down twice; configured twice",
        (
            "faults/test_neighbours.py::test_set_up_beside_a_host_configured_twice_and_shut_down_twice_it_adds_up",
            "setup/test_beside_the_host.py::test_a_hosts_providers_keep_what_they_had_and_the_database_fills",
            "setup/test_beside_the_host.py::test_configured_twice_it_is_configured_once",
            "duckdb/test_flush_and_shutdown.py::test_shutting_down_twice_is_harmless_and_later_records_are_refused",
        ),
    ),
}
