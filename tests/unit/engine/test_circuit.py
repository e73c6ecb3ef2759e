"""When a system is left alone, for how long, and how it comes back."""

from __future__ import annotations

import pytest

from m3nop.core.clock import MINUTE, SECOND
from m3nop.core.connector import CircuitRules, Failure, Remedy
from m3nop.core.records import Circuit, Phase
from m3nop.engine.circuit import LONG, TOO_MANY, WINDOW, Breaker, Trouble
from tests.unit.engine.cases import NOW

RULES = CircuitRules(failures=4, pause=30.0, longest_pause=300.0)


def trouble(*, at: int = NOW, retry_after: float | None = None) -> Trouble:
    return Trouble(Failure(Remedy.TRANSIENT, "HTTP 503", status=503, retry_after=retry_after), at)


def breaker(circuit: Circuit | None = None) -> Breaker:
    return Breaker(circuit or Circuit("erp"), RULES)


def fail(one: Breaker, times: int = 1, *, now: int = NOW, **more: float) -> list[bool]:
    return [one.failed(trouble(at=now, **more), now, luck=0.0) for _ in range(times)]


def opened() -> Breaker:
    one = breaker()
    fail(one, 4)
    return one


def test_so_many_failures_in_a_row_open_it_and_a_success_between_them_does_not():
    one = breaker()
    fail(one, 3)
    one.answered(NOW)
    fail(one, 3)
    assert not one.is_open

    assert fail(one) == [True]
    assert (one.is_open, one.circuit.cause, one.circuit.due_at) == (True, "HTTP 503", NOW + 30 * SECOND)


def test_the_outage_began_with_the_first_failure_of_the_row():
    one = breaker()
    for minute in range(4):
        one.failed(trouble(at=NOW + minute * MINUTE), NOW + minute * MINUTE, luck=0.0)

    assert one.circuit.since == NOW
    assert one.had_outage(NOW - MINUTE, NOW)
    assert one.had_outage(NOW + MINUTE, NOW + MINUTE)
    assert not one.had_outage(NOW - MINUTE, NOW - 1)


def test_an_outage_that_is_over_concerns_only_what_began_before_its_end():
    one = opened()
    one.passed(NOW + MINUTE)

    assert one.had_outage(NOW + MINUTE, NOW + 2 * MINUTE)
    assert not one.had_outage(NOW + MINUTE + 1, NOW + 2 * MINUTE)
    assert not breaker().had_outage(NOW, NOW)


def test_failures_that_are_never_many_in_a_row_open_it_when_they_are_most_of_all():
    one = Breaker(Circuit("erp"), CircuitRules())
    told = []
    for _ in range(WINDOW // 4):
        told += fail(one, 5)
        one.answered(NOW)
        if one.is_open:
            break

    assert one.is_open
    assert len(told) >= TOO_MANY


def test_half_of_all_failing_is_sick_and_does_not_open_it():
    one = breaker()
    for _ in range(WINDOW):
        fail(one)
        one.answered(NOW)

    assert (one.is_open, one.is_sick) == (False, True)
    assert not breaker().is_sick


def test_one_failure_among_many_answers_is_no_sickness():
    one = breaker()
    fail(one)
    for _ in range(5):
        one.answered(NOW)
    fail(one)

    assert not one.is_sick


def test_each_trial_that_fails_doubles_the_pause_up_to_the_longest():
    one, now, pauses = opened(), NOW, []
    for _ in range(6):
        due = one.circuit.due_at
        assert due is not None
        pauses.append((due - now) // SECOND)
        now = due
        one.open(trouble(at=now), now, luck=0.0)

    assert pauses == [30, 60, 120, 240, 300, 300]
    assert (one.circuit.since, one.circuit.tries) == (NOW, 6)


def test_luck_shortens_a_pause_by_a_fifth_at_most():
    one = breaker()
    one.open(trouble(), NOW, luck=1.0)

    assert one.circuit.due_at == NOW + 24 * SECOND


def test_a_pause_that_the_system_asks_for_is_kept_however_long():
    one = opened()
    one.open(trouble(retry_after=3600), NOW, luck=1.0)

    assert one.circuit.due_at == NOW + 3600 * SECOND


@pytest.mark.parametrize(("seconds", "opens"), [(LONG // SECOND, False), (LONG // SECOND + 1, True)])
def test_a_pause_that_no_run_waits_for_opens_it_at_once(seconds, opens):
    one = breaker()

    assert fail(one, retry_after=float(seconds)) == [opens]


def test_requests_that_were_under_way_when_it_opened_change_nothing():
    one = opened()
    before = one.circuit

    assert fail(one, 5, now=NOW + MINUTE) == [False] * 5
    assert one.circuit == before


def test_after_a_trial_it_recovers_and_is_closed_by_as_many_answers_as_failures_open_it():
    one = opened()
    one.passed(NOW + MINUTE)
    assert (one.circuit.phase, one.circuit.ended_at, one.is_sick) == (Phase.RECOVERING, NOW + MINUTE, True)

    assert [one.answered(NOW + MINUTE) for _ in range(4)] == [False, False, False, True]
    assert (one.circuit.phase, one.circuit.tries) == (Phase.CLOSED, 0)


def test_while_it_recovers_half_as_many_failures_open_it_again_and_its_pauses_go_on_growing():
    one = opened()
    for tries in range(1, 4):
        one.passed(NOW)
        one.answered(NOW)
        assert fail(one, 2) == [False, True]
        assert (one.circuit.tries, one.circuit.since) == (tries, NOW)
    assert one.circuit.due_at == NOW + 240 * SECOND


def test_after_it_was_closed_an_outage_is_a_new_one():
    one = opened()
    one.passed(NOW + MINUTE)
    for _ in range(4):
        one.answered(NOW + MINUTE)
    fail(one, 4, now=NOW + 5 * MINUTE)

    assert (one.circuit.since, one.circuit.tries) == (NOW + 5 * MINUTE, 0)
    assert one.circuit.ended_at is None


def test_what_was_kept_goes_on_in_another_process():
    one = breaker(opened().circuit)
    assert one.is_open

    one.passed(NOW)
    assert fail(breaker(one.circuit), 2) == [False, True]
