from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from m3nop.app.alerts.findings import find
from m3nop.core.clock import DAY, HOUR, MINUTE, SECOND
from m3nop.core.records import Circuit, Phase, RecordState
from m3nop.core.vitals import ComparisonNews, LetterGroup, PipelineVitals, RunNews, Vitals
from m3nop.spec.alert_model import RuleSpec

if TYPE_CHECKING:
    from m3nop.app.alerts.findings import Finding

NOW = 100 * DAY
GOOD = RunNews(NOW - HOUR, NOW - HOUR + MINUTE, failed=False)
BAD = RunNews(NOW - MINUTE, NOW - MINUTE, failed=True, message="M3 says no: Bearer abcdefgh12345 \x1b[2J")


def found(
    when: str, *, circuits=(), letters=(), comparisons=(), rule: Any = None, **pipelines
) -> list[Finding]:
    spec = RuleSpec.model_validate({"when": when, "to": ["ops"], **(rule or {})})
    vitals = Vitals(NOW - 50 * DAY, pipelines, letters, circuits, comparisons)
    return find({"mine": spec}, vitals, now=NOW)


def texts(*args, **kwargs) -> list[str]:
    return [one.text for one in found(*args, **kwargs)]


def test_a_pipeline_that_failed_is_told_with_its_reason_but_no_credentials_and_no_escapes():
    orders = PipelineVitals(last=BAD, last_good=GOOD, failed_runs=2)

    (one,) = found("pipeline_failed", orders=orders, products=PipelineVitals(last=GOOD, last_good=GOOD))

    assert (one.subject, one.command) == ("orders", "m3nop runs")
    assert one.text == r"orders: the last 2 runs failed: M3 says no: Bearer *** \x1b[2J"
    assert texts("pipeline_failed", rule={"at_least": 3}, orders=orders) == []


@pytest.mark.parametrize(
    ("orders", "text"),
    [
        (PipelineVitals(last=GOOD, last_good=GOOD), "orders is behind: it was last read to the end 1 h ago"),
        (PipelineVitals(last=BAD, failed_runs=9), "orders is behind: it was last read to the end 50 d ago"),
        (
            PipelineVitals(last=RunNews(NOW, NOW, failed=False), last_good=RunNews(NOW, NOW, failed=False),
                           due_since=NOW - 2 * HOUR - 3 * MINUTE - SECOND),
            "orders is behind: a record that is due has waited for 2 h 3 min",
        ),
    ],
)  # fmt: skip
def test_a_pipeline_is_behind_when_it_was_not_read_or_what_is_due_waits(orders: PipelineVitals, text: str):
    assert texts("lag_over", rule={"over": "59m"}, orders=orders) == [text]


def test_a_pipeline_that_was_never_run_is_not_late():
    assert texts("lag_over", rule={"over": "1s"}, orders=PipelineVitals()) == []


def test_what_lasts_exactly_as_long_as_it_may_is_not_told():
    assert texts("lag_over", rule={"over": "1h"}, orders=PipelineVitals(last=GOOD, last_good=GOOD)) == []


def test_each_group_of_dead_letters_is_a_subject_of_its_own():
    letters = [LetterGroup("orders", "business", "OIS100MI/AddBatchLine WIT0103", 3, 1),
               LetterGroup("products", "configuration", "a template", 1, 1)]  # fmt: skip

    one, two = found("new_dead_letter_group", letters=letters)

    assert one.subject == "orders: OIS100MI/AddBatchLine WIT0103"
    assert one.text == "orders: 3 dead letters of OIS100MI/AddBatchLine WIT0103"
    assert two.text == "products: 1 dead letter of a template"
    assert texts("new_dead_letter_group", letters=letters, rule={"at_least": 2}) == [one.text]
    assert texts("new_dead_letter_group", letters=letters, rule={"pipelines": ["products"]}) == [two.text]


def test_reviews_are_counted_and_those_that_expired_alone():
    orders = PipelineVitals(
        counts={RecordState.REVIEW: 3}, reviews={"expired: not paid yet": 2, "the order has no lines": 1}
    )

    assert texts("review_waiting", orders=orders) == ["orders: 3 records wait for a decision"]
    assert texts("record_expired", orders=orders) == [
        "orders: 2 records waited for too long and need a decision"
    ]
    assert texts("record_expired", orders=PipelineVitals(counts={RecordState.REVIEW: 3})) == []


def test_a_doubt_and_a_difference_are_told():
    assert texts("record_in_doubt", orders=PipelineVitals(in_doubt=1)) == [
        "orders: 1 record with a call whose effect is not known"
    ]
    news = [ComparisonNews("orders", 1, 2), ComparisonNews("inventory", 1, 0)]
    assert texts("reconcile_difference", comparisons=news) == [
        "orders: 2 records differed between shop and M3"
    ]


def test_a_circuit_is_told_while_it_is_open_and_if_asked_only_after_a_while():
    circuits = [Circuit("erp", Phase.OPEN, "no connection", "transient", NOW - 10 * MINUTE),
                Circuit("shop", Phase.RECOVERING, "was away", "transient", NOW - HOUR)]  # fmt: skip

    assert texts("circuit_open", circuits=circuits) == ["erp is left alone since 10 min: no connection"]
    assert texts("circuit_open", circuits=circuits, rule={"over": "15m"}) == []


def test_silence_is_counted_from_the_last_record_or_from_the_beginning():
    silent = {"rule": {"over": "1d"}}
    assert texts("nothing_received_for", orders=PipelineVitals(received_at=NOW - 2 * DAY), **silent) == [
        "orders: nothing was received for 2 d"
    ]
    assert texts("nothing_received_for", orders=PipelineVitals(), **silent) == [
        "orders: nothing was received for 50 d"
    ]
    assert texts("nothing_received_for", orders=PipelineVitals(received_at=NOW - HOUR), **silent) == []


def test_a_pipeline_stands_for_its_instances():
    late = PipelineVitals(in_doubt=1)
    pipelines = {"orders@outlet": late, "customers@outlet": late}

    subjects = [one.subject for one in found("record_in_doubt", rule={"pipelines": ["orders"]}, **pipelines)]

    assert subjects == ["orders@outlet"]
