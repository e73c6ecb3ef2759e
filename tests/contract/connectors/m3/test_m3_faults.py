"""What goes wrong between us and M3, and what may be believed of the effect."""

from __future__ import annotations

import pytest

from m3nop.core.connector import Outcome, Remedy
from m3nop.sandbox.faults import Fault

HEAD = "OIS100MI/AddBatchHead"
LINE = "OIS100MI/AddBatchLine"


@pytest.fixture
def fault(world):
    """Let a fault strike the next request that makes an operation."""

    def strike(kind, operation=HEAD, **options):
        world.faults.add(Fault(kind=kind, system="m3", operation=operation, **options))

    return strike


@pytest.fixture
def entered(world):
    """Count the heads that a test entered."""
    table = world.books.table("m3.batch_orders")
    before = len(table)
    return lambda: len(table) - before


HEAD_FIELDS = {"CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-1"}

TRANSPORT = [
    # kind, options; what is known, what helps, how many heads were entered
    ("reset_before", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("reset_after", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("late_effect", {"seconds": 60}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("empty", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("invalid_json", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("content_type", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("html", {}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("html", {"status": 200, "effect": True}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("html", {"status": 400}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("status", {"status": 500, "effect": True}, (Outcome.IN_DOUBT, Remedy.SYSTEMIC, 1)),
    ("status", {"status": 503}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("status", {"status": 504, "effect": True}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 1)),
    ("status", {"status": 408}, (Outcome.IN_DOUBT, Remedy.TRANSIENT, 0)),
    ("status", {"status": 429, "retry_after": 7}, (Outcome.NOT_SENT, Remedy.TRANSIENT, 0)),
    ("status", {"status": 403}, (Outcome.NOT_SENT, Remedy.AUTHENTICATION, 0)),
]


@pytest.mark.parametrize("way", [{}, {"api": "v1", "on_premise": True}], ids=["v2", "v1"])
@pytest.mark.parametrize("strike", TRANSPORT)
def test_a_write_without_a_usable_answer_is_in_doubt_unless_it_was_turned_away(
    open_erp, entered, fault, way, strike
):
    erp = open_erp(**way)
    kind, options, expected = strike
    fault(kind, **options)

    answer = erp.call(HEAD, **HEAD_FIELDS)

    assert (answer.outcome, answer.failure.remedy, entered()) == expected
    assert answer.rows == ()
    assert answer.failure.retry_after == options.get("retry_after")
    assert "\n" not in answer.failure.message
    assert "<" not in answer.failure.message


@pytest.mark.parametrize("strike", TRANSPORT)
def test_a_read_without_a_usable_answer_can_simply_be_made_again(erp, fault, strike):
    order = erp.order()
    kind, options, _ = strike
    fault(kind, "OIS100MI/GetBatchHead", **options)

    first, second = (erp.call("OIS100MI/GetBatchHead", ("ORNO",), ORNO=order) for _ in range(2))

    assert (first.outcome, first.rows) == (Outcome.NOT_SENT, ())
    assert second.rows == ({"ORNO": order},)


@pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])
def test_an_expired_token_is_renewed_and_the_call_made_once(open_erp, world, entered, fault, way):
    erp = open_erp(**way)
    erp.call("GENERAL/GetServerTime")
    fault("expired_token")

    assert erp.call(HEAD, **HEAD_FIELDS).outcome is Outcome.DONE
    assert entered() == 1
    assert sum("token" in request.operations for request in world.requests) == 2


def test_a_token_that_is_refused_again_is_an_access_problem(erp, fault):
    fault("expired_token", times=None)

    answer = erp.call(HEAD, **HEAD_FIELDS)

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)


@pytest.mark.parametrize(
    "strike",
    [
        ("reset_after", {}, Remedy.TRANSIENT),
        ("status", {"status": 503}, Remedy.TRANSIENT),
        ("status", {"status": 429, "retry_after": 3}, Remedy.TRANSIENT),
        ("html", {"status": 200}, Remedy.CONFIGURATION),
        ("empty", {}, Remedy.TRANSIENT),
        ("invalid_json", {}, Remedy.TRANSIENT),
    ],
)
def test_without_a_token_nothing_was_sent(erp, entered, fault, strike):
    kind, options, remedy = strike
    fault(kind, "token", **options)

    answer = erp.call(HEAD, **HEAD_FIELDS)

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, remedy)
    assert answer.failure.retry_after == options.get("retry_after")
    assert entered() == 0


def lines(erp, order, items):
    return erp.send(*((LINE, {"ORNO": order, "ITNO": item, "ORQT": n + 1}) for n, item in enumerate(items)))


def outcomes(answers):
    return [answer.outcome for answer in answers]


def test_a_cut_bulk_answer_leaves_all_its_writes_in_doubt(open_erp, fault):
    erp = open_erp(extended_result=False)
    order = erp.order()
    fault("truncate_bulk", LINE, count=2)

    answers = lines(erp, order, ["TENT-2P"] * 3)

    assert outcomes(answers) == [Outcome.IN_DOUBT] * 3
    assert not any(answer.clean for answer in answers)
    assert all(answer.failure.remedy is Remedy.IN_DOUBT for answer in answers)


def test_results_that_repeat_their_input_are_believed_even_in_a_cut_answer(erp, fault):
    order = erp.order()
    fault("truncate_bulk", LINE, count=2)

    answers = lines(erp, order, ["TENT-2P", "NOPE", "TENT-2P"])

    assert outcomes(answers) == [Outcome.DONE, Outcome.REFUSED, Outcome.IN_DOUBT]
    assert not any(answer.clean for answer in answers)


def test_equal_calls_of_which_one_has_no_result_are_all_in_doubt(erp, fault):
    order = erp.order()
    fault("truncate_bulk", LINE, count=1)
    same = {"ORNO": order, "ITNO": "TENT-2P", "ORQT": 1}

    assert outcomes(erp.send((LINE, same), (LINE, same))) == [Outcome.IN_DOUBT] * 2


def test_a_bulk_that_was_dropped_half_way_is_in_doubt_from_there(erp, fault):
    order = erp.order()
    fault("drop_after", LINE, count=1)

    assert outcomes(lines(erp, order, ["TENT-2P"] * 3)) == [Outcome.DONE, Outcome.IN_DOUBT, Outcome.IN_DOUBT]


def test_what_m3_flags_as_not_processed_is_no_success(erp, fault):
    order = erp.order()
    fault("not_processed", LINE, count=1)

    answers = lines(erp, order, ["TENT-2P"] * 3)

    assert outcomes(answers) == [Outcome.DONE, Outcome.IN_DOUBT, Outcome.IN_DOUBT]
    assert all(answer.clean for answer in answers)


def test_a_request_that_m3_ended_is_in_doubt_and_says_why(erp, fault):
    order = erp.order()
    fault("terminated", LINE)

    answers = lines(erp, order, ["TENT-2P"] * 2)

    assert outcomes(answers) == [Outcome.IN_DOUBT] * 2
    assert {answer.failure.remedy for answer in answers} == {Remedy.SYSTEMIC}
    assert "Refused by script" in answers[0].failure.message


@pytest.mark.parametrize("kind", ["truncate_bulk", "not_processed", "terminated"])
def test_reads_of_a_spoilt_bulk_are_made_again(erp, fault, kind):
    orders = [erp.order(f"B2C-{n}") for n in range(3)]
    reads = [("OIS100MI/GetBatchHead", {"ORNO": order}) for order in orders]
    fault(kind, "OIS100MI/GetBatchHead", count=1)

    spoilt = erp.send(*reads)

    assert spoilt[-1].outcome is Outcome.NOT_SENT
    assert outcomes(erp.send(*reads)) == [Outcome.DONE] * 3


@pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])
def test_a_list_that_breaks_half_way_is_a_failure(open_erp, fault, way):
    erp = open_erp(**way)
    erp.order("B2C-1")
    erp.order("B2C-2")
    fault("list_fails", "OIS100MI/LstBatchHead", count=1)

    answer = erp.call("OIS100MI/LstBatchHead", CUNO="W9999")

    assert answer.outcome is not Outcome.DONE
    assert answer.rows == ()


def test_a_group_that_was_not_answered_in_time_is_halved(open_erp, fault):
    erp = open_erp(timeout=0.3)
    order = erp.order()
    fault("latency", LINE, seconds=1)

    answers = lines(erp, order, ["TENT-2P"] * 4)

    assert outcomes(answers) == [Outcome.IN_DOUBT] * 4
    assert erp.connection.group_size(erp.catalog.operation(LINE)) == 2


def test_a_gateway_that_gave_up_waiting_halves_the_group_too(erp, fault):
    order = erp.order()
    fault("status", LINE, status=504, effect=True)

    lines(erp, order, ["TENT-2P"] * 4)

    assert erp.connection.group_size(erp.catalog.operation(LINE)) == 2


def test_version_1_sends_nothing_after_a_write_without_an_answer(open_erp, world, fault):
    erp = open_erp(api="v1")
    order = erp.order()
    fault("reset_after", LINE, nth=2)

    answers = lines(erp, order, ["TENT-2P"] * 3)

    assert outcomes(answers) == [Outcome.DONE, Outcome.IN_DOUBT, Outcome.NOT_SENT]
    assert len(world.books.table("m3.batch_lines").select(("ORNO", "=", order))) == 2
