"""However a bulk answer was cut, counted or shuffled, a call is never given the result of other input."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from m3nop.connectors.m3.matching import match
from m3nop.connectors.m3.results import Refusal, Result
from m3nop.core.connector import Outcome

RECORDS = st.lists(
    st.fixed_dictionaries({"ITNO": st.sampled_from("ABC")}, optional={"ORQT": st.sampled_from("12")}),
    min_size=1,
    max_size=8,
)
COUNTS = st.one_of(st.none(), st.integers(0, 9))


def result_of(record, *, refused, named):
    """Make the result that M3 would give to a record; its row tells which record that was."""
    return Result(
        "AddBatchLine",
        () if refused else ({"INPUT": str(sorted(record.items()))},),
        Refusal(f"no to {sorted(record.items())}") if refused else None,
        parameters={**record, "CONO": "100"} if named else None,
    )


def belongs(reply, record):
    text = str(sorted(record.items()))
    result = reply.result
    return result.refusal.message == f"no to {text}" if result.refusal else result.records[0]["INPUT"] == text


def counts(results):
    failed = sum(result.refusal is not None for result in results)
    return [len(results) - failed, failed, 0]


def made(records, refusals, *, named):
    return [
        result_of(record, refused=refused, named=named)
        for record, refused in zip(records, refusals, strict=False)
    ]


def sent(records):
    return [("AddBatchLine", record) for record in records]


@given(RECORDS, st.data(), st.booleans())
def test_an_answer_that_adds_up_is_taken_in_order(records, data, named):
    refusals = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    results = made(records, refusals, named=named)

    replies = match(sent(records), results, counted=counts(results), terminated=None)

    assert [reply.result for reply in replies] == results
    assert all(reply.clean for reply in replies)


@given(RECORDS, st.data())
def test_a_cut_answer_without_names_tells_nothing(records, data):
    kept = data.draw(st.integers(0, len(records) - 1))
    results = made(records, [False] * kept, named=False)
    counted = data.draw(st.sampled_from([counts(results), counts(records_as_results(records)), [None] * 3]))

    replies = match(sent(records), results, counted=counted, terminated=None)

    assert {(reply.result, reply.outcome, reply.clean) for reply in replies} == {
        (None, Outcome.IN_DOUBT, False)
    }


def records_as_results(records):
    return made(records, [False] * len(records), named=False)


@given(RECORDS, st.data())
def test_named_results_go_to_calls_with_that_input_only(records, data):
    refusals = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    results = data.draw(st.permutations(made(records, refusals, named=True)))
    results = results[: data.draw(st.integers(0, len(results)))]
    counted = [data.draw(COUNTS) for _ in range(3)]

    replies = match(sent(records), results, counted=counted, terminated=None)

    taken = [reply.result for reply in replies if reply.result is not None]
    assert len(taken) <= len(results)
    for reply, record in zip(replies, records, strict=True):
        assert reply.outcome is Outcome.IN_DOUBT if reply.result is None else belongs(reply, record)


@given(RECORDS, st.integers(0, 9), st.integers(0, 9))
def test_counts_that_contradict_the_results_leave_everything_in_doubt(records, succeeded, failed):
    results = records_as_results(records)
    counted = [succeeded, failed, 0]

    replies = match(sent(records), results, counted=counted, terminated=None)

    trusted = counted == counts(results)
    assert all((reply.result is not None) is trusted for reply in replies)
