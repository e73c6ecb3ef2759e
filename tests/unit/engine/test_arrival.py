"""What a record is when it is read: whose, how old, ready or not, and when it is looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from m3nop.core.clock import DAY, HOUR, MINUTE, SECOND, to_text
from m3nop.core.errors import SourceError
from m3nop.core.records import Arrival, Record, RecordState
from m3nop.engine.arrival import (
    classify,
    created,
    fingerprint,
    first_look_again,
    is_closed,
    key_of,
    only_key,
    reference_of,
)
from m3nop.engine.ports import Job
from m3nop.mapping.errors import EvaluationError
from tests.unit.engine.cases import NOW, SNAPSHOT, compiled

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline

SOURCE = """
pipeline: orders
source:
  read: shop/orders
  as: order
  filter: order.customer_id != `13`
  ready: contains(settings.ready, order.payment_status)
  quiet: 60s
  recheck: {until: "contains(['complete', 'cancelled'], order.order_status)", every: 15m, for: 60d}
key: order.id
reference: upper(concat(store.code, '-', order.id))
steps:
  - id: note
    call: shop/orders/attribute
    fields: {order_id: order.id, store_id: order.store_id, key: {value: K}, value: reference}
link: {shop: order.id, m3: order.id}
"""


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return compiled(SOURCE, settings={"ready": ["paid"]})


def read(
    pipeline: Pipeline, *, now: int = NOW, baseline: int | None = None, required: bool = False, **members: Any
) -> Arrival:
    job = Job("orders", {"b2c": pipeline}, {1: "b2c"})
    snapshot = {**SNAPSHOT, "payment_status": "paid", "order_status": "pending", **members}
    return classify(
        job, snapshot, partition="p", now=now, zone="UTC", baseline=baseline, required=required, store="b2c"
    )


def test_a_paid_order_is_ready(pipeline: Pipeline) -> None:
    arrival = read(pipeline)

    assert (arrival.state, arrival.key, arrival.store, arrival.partition) == (
        RecordState.READY,
        "1042",
        "b2c",
        "p",
    )
    assert (arrival.not_before, arrival.deadline, arrival.reason) == (None, None, "")
    assert arrival.created_at == NOW - HOUR


def test_an_order_that_is_not_paid_waits_until_the_next_look_and_not_for_ever(pipeline: Pipeline) -> None:
    arrival = read(pipeline, payment_status="pending")

    assert (arrival.state, arrival.not_before) == (RecordState.WAITING, NOW + 15 * MINUTE)
    assert arrival.deadline == NOW - HOUR + 60 * DAY
    assert arrival.reason == "not ready: contains(settings.ready, order.payment_status)"


def test_an_order_that_the_shop_may_still_be_writing_waits(pipeline: Pipeline) -> None:
    young = to_text(NOW - 30 * SECOND)

    arrival = read(pipeline, created_on_utc=young)

    assert (arrival.state, arrival.not_before) == (RecordState.WAITING, NOW + 30 * SECOND)
    assert read(pipeline, now=NOW + 30 * SECOND, created_on_utc=young).state is RecordState.READY


def test_an_order_of_a_shop_whose_clock_is_ahead_waits_no_longer_than_a_new_one(pipeline: Pipeline) -> None:
    ahead = to_text(NOW + HOUR)

    arrival = read(pipeline, created_on_utc=ahead)
    bold = replace(pipeline, source=replace(pipeline.source, quiet=0.0))

    assert (arrival.state, arrival.not_before) == (RecordState.WAITING, NOW + 60 * SECOND)
    assert read(bold, created_on_utc=ahead).state is RecordState.READY


def test_without_a_recheck_a_waiting_record_is_looked_at_every_quarter_of_an_hour(pipeline: Pipeline) -> None:
    bare = replace(pipeline, source=replace(pipeline.source, recheck_every=None, recheck_for=None))

    arrival = read(bare, payment_status="pending")

    assert (arrival.not_before, arrival.deadline) == (NOW + 15 * MINUTE, None)


@pytest.mark.parametrize("given", ["start", "baseline"])
def test_what_is_older_than_the_start_is_left_alone(pipeline: Pipeline, given: str) -> None:
    limit = NOW - HOUR + 1
    arrival = read(replace(pipeline, start=limit)) if given == "start" else read(pipeline, baseline=limit)

    assert arrival.state is RecordState.BASELINED
    assert arrival.reason == "created before the start of this pipeline"
    assert read(pipeline, baseline=limit - 1).state is RecordState.READY


def test_of_start_and_baseline_the_later_one_counts(pipeline: Pipeline) -> None:
    assert read(replace(pipeline, start=NOW - DAY), baseline=NOW).state is RecordState.BASELINED


def test_what_another_record_requires_is_delivered_whatever_its_age(pipeline: Pipeline) -> None:
    assert read(replace(pipeline, start=NOW), required=True).state is RecordState.READY


def test_a_record_that_does_not_say_its_age_is_never_too_old_or_too_young(pipeline: Pipeline) -> None:
    assert read(replace(pipeline, start=NOW), created_on_utc=None).state is RecordState.READY


def test_what_the_filter_leaves_out_is_ignored(pipeline: Pipeline) -> None:
    arrival = read(pipeline, customer_id=13)

    assert arrival.state is RecordState.IGNORED
    assert arrival.reason == "not wanted by the filter: order.customer_id != `13`"


def test_a_record_of_a_store_that_is_not_served_is_ignored(pipeline: Pipeline) -> None:
    arrival = read(pipeline, store_id=2)

    assert (arrival.state, arrival.store, arrival.key) == (RecordState.IGNORED, "", "1042")
    assert arrival.reason == "store 2 is not served by this project"


def test_a_record_without_a_store_belongs_to_the_one_that_asked(pipeline: Pipeline) -> None:
    assert read(pipeline, store_id=None).store == "b2c"


def test_a_condition_that_cannot_be_worked_out_is_for_a_person(pipeline: Pipeline) -> None:
    broken = compiled(
        SOURCE.replace("order.payment_status)", "order.id > order.items)", 1), settings={"ready": ["paid"]}
    )

    arrival = read(broken)

    assert arrival.state is RecordState.REVIEW
    assert "cannot compare" in arrival.reason


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_blank_key_stops_the_reading(pipeline: Pipeline, key: str | None) -> None:
    with pytest.raises(SourceError, match=r"orders: a record came without a key \(order.id is blank\)"):
        key_of(pipeline, {"id": key}, now=NOW, zone="UTC")


def test_the_fingerprint_holds_what_cannot_change_and_nothing_else() -> None:
    base = fingerprint(SNAPSHOT)

    assert fingerprint({**SNAPSHOT, "items": [], "payment_status": "x"}) == base
    for name, value in {
        "created_on_utc": "2026-01-01T00:00:00Z",
        "customer_id": 18,
        "order_guid": "g",
    }.items():
        assert fingerprint({**SNAPSHOT, name: value}) != base


def test_a_time_that_is_no_text_is_none() -> None:
    assert created({"created_on_utc": 5}) is None
    assert created({"created_on_utc": ""}) is None


def test_a_record_that_is_only_required_is_known_by_its_key() -> None:
    arrival = only_key("customers", "17", store="b2c", partition="p")

    assert (arrival.pipeline, arrival.key, arrival.snapshot, arrival.fingerprint) == (
        "customers",
        "17",
        None,
        "",
    )
    assert arrival.state is RecordState.READY


# -- references


def test_a_reference_has_capitals_digits_and_hyphens_only(pipeline: Pipeline) -> None:
    assert reference_of(pipeline, SNAPSHOT, NOW, "UTC") == "B2C-1042"
    assert reference_of(replace(pipeline, reference=None), SNAPSHOT, NOW, "UTC") == ""
    for text in ("a/b", "ü", ""):
        with pytest.raises(EvaluationError, match="a reference has upper-case letters"):
            reference_of(replace(pipeline, reference=pipeline.key), {"id": text}, NOW, "UTC")


# -- looking again at what was delivered


def delivered(created_at: int | None) -> Record:
    return Record(
        id=7, pipeline="orders", key="1042", store="b2c", state=RecordState.DONE, snapshot=SNAPSHOT, fingerprint="f",
        created_at=created_at, seen_at=NOW, epoch=1,
    )  # fmt: skip


def test_a_delivered_record_is_looked_at_until_it_is_closed_or_its_time_is_over(pipeline: Pipeline) -> None:
    born = NOW - HOUR
    following = (NOW + 15 * MINUTE, born + 60 * DAY)
    assert first_look_again(pipeline, delivered(born), {"order_status": "processing"}, NOW) == following
    assert first_look_again(pipeline, delivered(born), {"order_status": "complete"}, NOW) == (None, None)
    assert first_look_again(pipeline, delivered(NOW - 61 * DAY), {"order_status": "x"}, NOW) == (None, None)
    assert first_look_again(pipeline, delivered(None), {"order_status": "x"}, NOW)[1] == NOW + 60 * DAY


def test_without_a_recheck_nothing_is_looked_at_again(pipeline: Pipeline) -> None:
    never = replace(pipeline, source=replace(pipeline.source, recheck_every=None))
    endless = replace(pipeline, source=replace(pipeline.source, recheck_for=None, recheck_until=None))

    assert first_look_again(never, delivered(NOW), {}, NOW) == (None, None)
    assert first_look_again(endless, delivered(NOW), {}, NOW) == (NOW + 15 * MINUTE, None)


def test_a_record_is_closed_when_the_shop_has_nothing_more_to_say(pipeline: Pipeline) -> None:
    open_ended = replace(pipeline, source=replace(pipeline.source, recheck_until=None))

    assert is_closed(pipeline, {"order_status": "cancelled"}, NOW, "UTC")
    assert not is_closed(pipeline, {"order_status": "pending"}, NOW, "UTC")
    assert not is_closed(open_ended, {"order_status": "cancelled"}, NOW, "UTC")


def test_a_question_that_cannot_be_answered_does_not_close_a_record(pipeline: Pipeline) -> None:
    broken = compiled(
        SOURCE.replace("contains(['complete', 'cancelled'], order.order_status)", "order.id > order.items"),
        settings={"ready": ["paid"]},
    )

    assert not is_closed(broken, SNAPSHOT, NOW, "UTC")
    assert first_look_again(broken, delivered(NOW), SNAPSHOT, NOW)[0] == NOW + 15 * MINUTE


# -- what its source could not read


@pytest.mark.parametrize("required", [False, True])
def test_a_record_that_cannot_be_read_waits_whatever_its_mapping_would_say(
    pipeline: Pipeline, *, required: bool
) -> None:
    arrival = read(
        pipeline, required=required, customer_id=13, order_status="complete", unreadable="order 1042, its lines: 500"
    )  # fmt: skip

    assert (arrival.state, arrival.not_before) == (RecordState.WAITING, NOW + 15 * MINUTE)
    assert arrival.reason == "cannot be read: order 1042, its lines: 500"
    assert arrival.deadline == NOW - HOUR + 60 * DAY


def test_a_record_that_cannot_be_read_is_tried_again_where_the_pipeline_does_not_say_when() -> None:
    source = SOURCE.replace("  recheck:", "  # recheck:")

    arrival = read(compiled(source, settings={"ready": ["paid"]}), unreadable="its lines")

    assert arrival.not_before == NOW + 15 * MINUTE


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_record_of_which_nothing_is_said_to_be_unreadable_is_whole(
    pipeline: Pipeline, blank: str | None
) -> None:
    assert read(pipeline, unreadable=blank).state is RecordState.READY


def test_an_old_record_that_cannot_be_read_is_still_old(pipeline: Pipeline) -> None:
    assert read(pipeline, baseline=NOW, unreadable="its lines").state is RecordState.BASELINED


def test_a_record_that_cannot_be_read_is_not_closed_and_has_no_reference(pipeline: Pipeline) -> None:
    snapshot = {**SNAPSHOT, "order_status": "complete"}
    broken = {**snapshot, "unreadable": "order 1042, its lines: 500"}

    assert is_closed(pipeline, snapshot, NOW, "UTC")
    assert not is_closed(pipeline, broken, NOW, "UTC")
    with pytest.raises(EvaluationError, match="cannot be read: order 1042, its lines"):
        reference_of(pipeline, broken, NOW, "UTC")
