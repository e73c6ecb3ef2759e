from __future__ import annotations

from contextlib import closing

import pytest

from m3nop.sandbox.books import Books
from m3nop.sandbox.faults import Fault, Faults


@pytest.fixture
def books():
    with closing(Books()) as books:
        yield books


def strikes(faults: Faults, times: int, *, operation: str = "OIS100MI/Confirm") -> list[bool]:
    return [bool(faults.strike("m3", [operation])) for _ in range(times)]


def test_a_fault_strikes_once_unless_it_says_otherwise(books):
    faults = Faults(books)
    faults.add(Fault(kind="reset_before"))

    assert strikes(faults, 3) == [True, False, False]


def test_a_fault_waits_for_its_turn_and_comes_back(books):
    faults = Faults(books)
    faults.add(Fault(kind="reset_before", nth=2, every=3, times=2))

    assert strikes(faults, 9) == [False, True, False, False, True, False, False, False, False]


def test_a_fault_for_ever(books):
    faults = Faults(books)
    faults.add(Fault(kind="reset_before", times=None))

    assert strikes(faults, 4) == [True] * 4


def test_a_fault_counts_only_what_it_names(books):
    faults = Faults(books)
    faults.add(Fault(kind="reset_after", system="m3", operation="OIS100MI/AddBatch*", nth=2))

    assert faults.strike("m3", ["OIS100MI/Confirm"]) == ()
    assert faults.strike("shop", ["OIS100MI/AddBatchHead"]) == ()
    assert faults.strike("m3", ["OIS100MI/AddBatchHead"]) == ()
    assert len(faults.strike("m3", ["OIS100MI/GetHead", "OIS100MI/AddBatchLine"])) == 1


def test_probability_is_the_same_with_the_same_seed(books):
    pattern = []
    for seed in (7, 7, 8):
        with closing(Books()) as own:
            faults = Faults(own, seed=seed)
            faults.add(Fault(kind="reset_before", probability=0.5, times=None))
            pattern.append(strikes(faults, 64))

    assert pattern[0] == pattern[1] != pattern[2]
    assert 16 < sum(pattern[0]) < 48


def test_of_two_that_end_the_request_the_first_one_wins_and_the_other_keeps_its_turn(books):
    faults = Faults(books)
    faults.add(Fault(kind="latency", seconds=1))
    faults.add(Fault(kind="reset_before"))
    faults.add(Fault(kind="status", status=503))

    assert [fault.kind for fault in faults.strike("m3", ["token"])] == ["latency", "reset_before"]
    assert [fault.kind for fault in faults.strike("m3", ["token"])] == ["status"]


def test_faults_and_their_counts_outlive_the_process(tmp_path):
    with closing(Books(tmp_path / "b.db")) as books:
        faults = Faults(books)
        faults.add(Fault(kind="latency", seconds=0.25, nth=3))
        strikes(faults, 2)

    with closing(Books(tmp_path / "b.db")) as books:
        faults = Faults(books)
        (fault,) = faults.strike("m3", ["x"])
        assert fault.seconds == 0.25
        assert [(row["seen"], row["fired"]) for row in faults.describe()] == [(3, 1)]


def test_faults_can_be_unset(books):
    faults = Faults(books)
    number = faults.add(Fault(kind="reset_before"))
    faults.add(Fault(kind="reset_after"))

    faults.remove(number)
    assert [row["kind"] for row in faults.describe()] == ["reset_after"]
    faults.clear()
    assert faults.describe() == []
    with pytest.raises(KeyError):
        faults.remove(number)


@pytest.mark.parametrize(
    ("doc", "complaint"),
    [
        ({"kind": "explode"}, "unknown fault kind 'explode'"),
        ({"kind": "status"}, "needs 'status'"),
        ({"kind": "latency", "wait": 1}, "unknown member 'wait'"),
        ({"operation": "*"}, "'kind' is missing"),
        ({"kind": "latency", "nth": 0}, "count from 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(doc, complaint):
    with pytest.raises(ValueError, match=complaint):
        Fault.from_document(doc)
