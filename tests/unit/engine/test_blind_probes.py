"""A look-up that was refused is no look-up: it never proves that something is not there."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from m3nop.core.clock import MINUTE
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Park, Send, Stop
from m3nop.engine.advance import advance
from m3nop.engine.settle import PROBES_BEFORE_REVIEW
from m3nop.mapping.expressions import compile_expression
from tests.unit.engine.cases import NOW, ORDERS, Case, compiled

HEAD = {"CUNO": "W1042", "ORTP": "W01", "CUOR": "B2C-1042"}


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


def test_a_refused_look_up_is_made_again_later_and_less_and_less_often(case: Case) -> None:
    case.log("head", CallState.IN_DOUBT, fields=HEAD)
    case.work.blind = "table:OOHEAD refused to look: not allowed"

    first = advance(case.work, NOW)
    case.work.record.doubts = 4
    later = advance(case.work, NOW)

    assert isinstance(first, Park)
    assert isinstance(later, Park)
    assert first.state is RecordState.READY
    assert NOW < first.until < later.until
    assert first.reason == "table:OOHEAD refused to look: not allowed"


def test_a_commit_waits_as_pending_while_nobody_can_look(case: Case) -> None:
    case.log("head", fields=HEAD, rows=[{"ORNO": "0000104711"}]).log("confirm", CallState.IN_DOUBT)
    case.work.blind = "refused"

    action = advance(case.work, NOW)

    assert isinstance(action, Park)
    assert action.state is RecordState.PENDING


def test_after_many_refused_look_ups_a_person_is_asked(case: Case) -> None:
    case.work.blind = "refused"
    case.work.record.doubts = PROBES_BEFORE_REVIEW

    action = advance(case.work, NOW)

    assert isinstance(action, Stop)
    assert action.state is RecordState.REVIEW


def test_a_sweep_that_cannot_look_is_never_over(case: Case) -> None:
    case.work.sweeping = True
    case.work.blind = "refused"
    case.work.record.doubts = PROBES_BEFORE_REVIEW + 5

    action = advance(case.work, NOW)

    assert isinstance(action, Park)
    assert action.until - NOW <= 30 * MINUTE


def test_a_probe_is_given_the_columns_that_its_match_looks_at(case: Case) -> None:
    pipeline = case.work.pipeline
    probe = pipeline.probes["temporary"]
    matching = replace(probe, match=compile_expression("row.OACUOR == reference && row.OAORST < '90'"))
    other = Case(replace(pipeline, probes={**pipeline.probes, "temporary": matching}))

    action = other.log("head", CallState.IN_DOUBT, fields=HEAD).next()

    assert isinstance(action, Send)
    assert set(action.columns) >= {"OAORNO", "OACUOR", "OAORST"}
