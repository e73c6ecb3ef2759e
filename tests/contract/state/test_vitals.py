from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.alerts import Alert
from m3nop.core.clock import SECOND
from m3nop.core.records import CallState, RecordState
from m3nop.core.vitals import ComparisonNews, RunNews
from tests.contract.state.test_work import call_of, log, opened

if TYPE_CHECKING:
    from m3nop.core.vitals import PipelineVitals
    from tests.contract.state.conftest import Desk

NAMES = ("orders", "products")


def orders_of(desk: Desk, now: int) -> PipelineVitals:
    return desk.state.vitals(NAMES, now=now).pipelines["orders"]


def run(desk: Desk, pipelines: str, began: int, result: str, **values) -> None:
    with desk.state.transaction() as tx:
        number = tx.start_run(pipelines, now=began, command="sync", definition="d1")
        tx.end_run(number, now=began + 5, result=result, counts={}, **values)


def test_an_empty_state_has_nothing_to_tell_of_each_pipeline(desk: Desk):
    found = desk.state.vitals(NAMES, now=10)

    assert set(found.pipelines) == set(NAMES)
    one = found.pipelines["products"]
    assert (one.counts, one.due_since, one.received_at, one.last, one.last_good) == (
        {},
        None,
        None,
        None,
        None,
    )
    assert (found.letters, found.circuits, found.comparisons) == ([], [], [])


def test_records_are_counted_by_where_they_stand_and_the_oldest_that_is_due_is_known(desk: Desk):
    desk.clock.instant = 100
    desk.arrive("1", "2")
    desk.clock.instant = 200
    desk.arrive("3", not_before=150)
    desk.arrive("4", not_before=9_000)
    desk.arrive("5", state=RecordState.WAITING)
    desk.arrive("6", pipeline="products")

    one = orders_of(desk, 1_000)

    assert one.counts == {RecordState.READY: 4, RecordState.WAITING: 1}
    assert (one.due_since, one.received_at) == (100, 200)
    assert orders_of(desk, 120).due_since == 100
    assert orders_of(desk, 50).due_since is None, "none is due before it was read"


def test_a_watermark_is_told_by_its_part_and_the_engines_own_marks_are_not(desk: Desk):
    with desk.state.transaction() as tx:
        tx.set_watermark("orders", "b2c", "7", now=70)
        tx.set_watermark("orders", "checked:b2c", "9", now=90)

    assert orders_of(desk, 100).moved_at == {"b2c": 70}


def test_reviews_are_told_by_their_reason(desk: Desk):
    desk.arrive("1", "2", state=RecordState.REVIEW, reason="no lines")
    desk.arrive("3", state=RecordState.REVIEW, reason="too dear")
    desk.arrive("4", reason="no lines")

    assert orders_of(desk, 100).reviews == {"no lines": 2, "too dear": 1}


def test_a_record_is_in_doubt_while_a_call_of_its_present_attempt_is(desk: Desk):
    desk.arrive("1", "2")
    for key, state in (("1", CallState.IN_DOUBT), ("2", CallState.DONE)):
        record = desk.record(key)
        attempt = opened(desk, record)
        record.attempt_id = attempt.id
        with desk.state.transaction() as tx:
            tx.save_record(record)
        log(desk, call_of(desk, attempt, state=state))

    assert orders_of(desk, 100).in_doubt == 1
    record = desk.record("1")
    record.state = RecordState.DONE
    with desk.state.transaction() as tx:
        tx.save_record(record)
    assert orders_of(desk, 100).in_doubt == 0


def test_open_dead_letters_are_grouped_the_largest_group_first(desk: Desk):
    desk.arrive("1", "2", "3")
    for key, signature, at in (("1", "a", 5), ("2", "b", 7), ("3", "b", 6)):
        with desk.state.transaction() as tx:
            tx.add_dead_letter(
                desk.record(key), now=at, remedy="business", signature=signature, message="no", step=""
            )

    groups = desk.state.vitals(NAMES, now=100).letters
    assert [(one.signature, one.count, one.since) for one in groups] == [("b", 2, 6), ("a", 1, 5)]
    with desk.state.transaction() as tx:
        tx.settle_dead_letters(desk.record("2").id, now=9, settlement="retried")
        tx.settle_dead_letters(desk.record("3").id, now=9, settlement="retried")
    assert [one.signature for one in desk.state.vitals(NAMES, now=100).letters] == ["a"]


def test_failures_are_counted_since_the_latest_run_that_ended_well(desk: Desk):
    run(desk, "orders", 10, "ok")
    run(desk, "orders,products", 20, "failed", message="M3 is away")
    run(desk, "products", 30, "ok")
    run(desk, "orders", 40, "killed")
    run(desk, "orders", 50, "stopped")

    one = orders_of(desk, 100)

    assert one.last_good == RunNews(10, 15, failed=False)
    assert one.last == RunNews(40, 45, failed=True)
    assert one.failed_runs == 2


def test_a_run_of_several_pipelines_failed_for_those_that_stopped(desk: Desk):
    run(desk, "orders,products", 10, "failed", message="both", failures={"products": "the shop is away"})

    found = desk.state.vitals(NAMES, now=100).pipelines
    assert found["orders"].last == RunNews(10, 15, failed=False)
    assert found["products"].last == RunNews(10, 15, failed=True, message="the shop is away")


def test_a_pipeline_that_never_ended_well_has_failed_as_often_as_it_ran(desk: Desk):
    for began in (10, 20, 30):
        run(desk, "orders", began, "failed", message="no")

    one = orders_of(desk, 100)
    assert (one.failed_runs, one.last_good) == (3, None)


def test_the_latest_comparison_of_a_subject_counts(desk: Desk):
    with desk.state.transaction() as tx:
        tx.put_comparison(ComparisonNews("orders", 10, 3))
        tx.put_comparison(ComparisonNews("orders", 20, 0))

    assert desk.state.vitals(NAMES, now=100).comparisons == [ComparisonNews("orders", 20, 0)]


def test_an_alert_is_one_row_for_each_channel_and_goes_when_it_is_old(desk: Desk):
    mail = Alert("late", "orders", "ops", "warning", "orders is late", 10 * SECOND)
    chat = Alert("late", "orders", "chat", "warning", "orders is late", 10 * SECOND, 11 * SECOND, 12 * SECOND)
    with desk.state.transaction() as tx:
        tx.put_alerts([mail, chat])

    assert desk.state.alerts() == [chat, mail]
    assert desk.state.alerts(open_only=True) == [mail]
    gone = desk.state.prune(before=20 * SECOND, now=21 * SECOND, actor="a")
    assert (gone["alerts"], desk.state.alerts()) == (1, [mail])
