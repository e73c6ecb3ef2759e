"""Whatever a system does and whenever: it is asked less and less while it does not work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from m3nop.core.clock import SECOND
from m3nop.core.connector import CircuitRules, Failure, Remedy
from m3nop.core.records import Circuit, Phase
from m3nop.engine.circuit import LUCK, Breaker, Trouble
from m3nop.engine.concurrency import Concurrency

RULES = st.builds(
    CircuitRules, failures=st.integers(1, 8), pause=st.floats(1, 60), longest_pause=st.floats(60, 1800)
)
WORKS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 600), st.floats(0, 1), st.none() | st.floats(0, 4000)),
    max_size=60,
)


@given(rules=RULES, works=WORKS)
def test_nothing_but_trials_is_let_through_while_it_is_open_and_pauses_only_grow(rules, works):
    one, now, pauses, in_a_row = Breaker(Circuit("erp"), rules), 1_000_000_000, [], 0
    for answers, seconds, luck, retry_after in works:
        now += seconds * SECOND
        if one.is_open and now < one.circuit.due_at:
            continue
        meet(one, now, answers=answers, luck=luck, retry_after=retry_after)
        in_a_row = 0 if answers else in_a_row + 1
        # So many in a row always open it, whatever else is true.
        assert one.is_open or in_a_row < rules.failures
        if one.is_open:
            base = check_pause(one.circuit, rules, now, retry_after)
            assert not pauses or base >= pauses[-1]
            pauses.append(base)
            in_a_row = 0
        elif one.circuit.phase is Phase.CLOSED:
            pauses.clear()


def meet(one: Breaker, now: int, *, answers: bool, luck: float, retry_after: float | None) -> None:
    trouble = Trouble(Failure(Remedy.SYSTEMIC, "no", retry_after=retry_after), now)
    if one.is_open and answers:
        one.passed(now)
    elif one.is_open:
        one.open(trouble, now, luck=luck)
    elif answers:
        one.answered(now)
        assert not one.is_open
    else:
        one.failed(trouble, now, luck=luck)


def check_pause(circuit: Circuit, rules: CircuitRules, now: int, retry_after: float | None) -> float:
    assert circuit.since is not None
    assert circuit.since <= now
    assert circuit.due_at is not None
    pause = (circuit.due_at - now) / SECOND
    assert pause >= (retry_after or 0) - 1e-6
    assert retry_after is not None or pause <= rules.longest_pause
    base = min(rules.pause * 2**circuit.tries, rules.longest_pause)
    assert pause >= base * (1 - LUCK) - 1e-3
    return base


@given(
    most=st.integers(1, 32),
    start=st.none() | st.integers(-3, 64),
    events=st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 5)), max_size=200),
)
def test_concurrency_stays_within_its_limits_and_comes_back(most, start, events):
    one, now = Concurrency(most, start=start), 1_000_000_000
    for answers, took, later in events:
        sent_at, now = now, now + took * SECOND
        before = one.allowed
        if answers:
            one.answered("any", sent_at=sent_at, now=now)
            assert one.allowed <= before + 1
        else:
            one.failed(sent_at=sent_at, now=now)
            assert one.allowed <= before
        assert 1 <= one.allowed <= most
        now += later * SECOND
    for _ in range(most * (most + 1)):
        one.answered("quick", sent_at=now, now=now)
    assert one.allowed == most
