"""Every operation of the nopCommerce connector under every fault, over live HTTP, in both dialects.

A call makes several requests: each that acts is hit, and each that reads.
"""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from m3nop.core.connector import Answer, Effect
from tests.contract.faults.catalogue import DONE, FAULTS, FINE, FOR_EVER, Fault, Happened, Said
from tests.contract.faults.served import Served
from tests.contract.faults.shop_lab import SLOW, Hit, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.faults.shop_calls import Case

DIALECTS = ("official", "oss")
REPEATED = ("reset_before", "reset_after", "late_effect")
AT_EVERY_REQUEST = (*REPEATED, "status_429", "status_500", "status_403", "token_expired", "empty")


@pytest.fixture(scope="module", params=DIALECTS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with closing(Served()) as served, closing(Lab(served, request.param)) as made:
        yield made


def said(answer: Answer) -> Said:
    return Said(answer.outcome, answer.failure.remedy if answer.failure else None)


def test_there_is_a_valid_call_of_every_operation(lab: Lab) -> None:
    acting = {case.operation for case in lab.acting}
    reading = {case.operation for case in lab.reading}
    reads = {name for name in lab.catalog.operations() if lab.catalog.operation(name).effect is Effect.READ}
    assert (acting, reading) == (set(lab.catalog.operations()) - reads, reads)


def test_what_acts_changes_something_and_what_reads_does_not(lab: Lab) -> None:
    nothing = lab.served.kept("shop.")
    for case in lab.acting:
        acts, _ = lab.hits(case)
        states = [lab.state(case, done) for done in range(len(acts) + 1)]
        assert states[0] == nothing
        assert all(one != other for one, other in pairwise(states)), case.name
    for case in lab.reading:
        acts, reads = lab.hits(case)
        assert reads
        assert not acts
        assert lab.state(case, 0) == nothing


def happened(lab: Lab, case: Case, fault: Fault, answer: Answer, done: int) -> str:
    """Say what the shop's books show that the fault does not say, or nothing."""
    served = lab.served
    now = served.dump("shop.")
    if answer.outcome is DONE:
        return "" if now == lab.state(case, len(lab.hits(case)[0])) else "not all of it is there"
    if fault.happened is Happened.LATER:
        served.advance(21)
        return "" if now == lab.state(case, done) != served.dump("shop.") else "it did not happen later"
    expected = lab.state(case, done + (fault.happened is Happened.ALL))
    return "" if now == expected else f"{fault.happened} should have happened"


def hits_of(lab: Lab, case: Case, fault: Fault) -> list[tuple[int, Hit]]:
    """Return what of a call is hit: the first request that acts, and of some faults every one of them."""
    acts, _ = lab.hits(case)
    if fault.kind and fault.id in AT_EVERY_REQUEST:
        return list(enumerate(acts))
    return [(0, acts[0])]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_what_is_known_of_a_call_that_acts_is_what_is_declared(lab: Lab, fault: Fault) -> None:
    wrong = {}
    for case in lab.acting:
        for done, hit in hits_of(lab, case, fault):
            if fault.kind:
                lab.strike(fault.kind, hit, **fault.options)
            answer = lab.send(lab.connection(case, fault), case)
            lab.lift()
            problem = happened(lab, case, fault, answer, done)
            if fault.id in REPEATED and lab.catalog.operation(case.operation).effect is not Effect.UNSAFE:
                problem = problem or completed(lab, case, fault)
            lab.served.put_back()
            if problem or said(answer) != fault.acting("shop", body=hit.body, acted=done > 0):
                wrong[case.name, hit] = (answer, problem)
    assert wrong == {}


def completed(lab: Lab, case: Case, fault: Fault) -> str:
    """Make the same call again; say what is missing then, or nothing."""
    answer = lab.send(lab.connection(case), case)
    # A late effect is dated later, and the shop notes each look at an order.
    dated = fault.happened is Happened.LATER or case.operation == "orders/complete_check"
    whole = dated or lab.served.dump("shop.") == lab.state(case, len(lab.hits(case)[0]))
    return "" if answer.outcome is DONE and whole else f"made again: {answer}"


BRIEF = [
    fault for fault in FAULTS if fault.kind and fault.options.get("times", 1) == 1 and fault.id not in SLOW
]
LASTING = [fault for fault in FAULTS if fault.id != "token_expired"]


def share_of(lab: Lab, fault: Fault) -> list[Case]:
    """Return every call that reads, and a fourth of those that act, which read in the same way.

    Which fourth goes round with the faults; what is slow is tried on one call that acts.
    """
    acting = [case for case in lab.acting if lab.hits(case)[1]]
    share = acting[:1] if fault.id in SLOW else acting[FAULTS.index(fault) % 4 :: 4]
    return [*lab.reading, *share]


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.id)
def test_a_call_that_could_not_read_did_nothing(lab: Lab, fault: Fault) -> None:
    wrong = {}
    for case in share_of(lab, fault):
        acts, reads = lab.hits(case)
        if fault.kind:
            lab.strike(fault.kind, reads[0], **{**fault.options, **FOR_EVER})
        answer = lab.send(lab.connection(case, fault), case)
        lab.lift()
        done = len(acts) if answer.outcome is DONE else 0
        problem = lab.served.dump("shop.") != lab.state(case, done)
        lab.served.put_back()
        if problem or said(answer) != (FINE if fault.shop == FINE else fault.reads):
            wrong[case.name] = (answer, problem)
    assert wrong == {}


def cannot_be_cut(hit: Hit, fault: Fault) -> bool:
    """Tell whether the answer is 404, where half of what the API says is as good as a page of its server."""
    return fault.id == "invalid_json" and hit.name.endswith("ProductAttributeCombination/GetBySku")


@pytest.mark.parametrize("fault", BRIEF, ids=lambda fault: fault.id)
def test_what_was_read_in_vain_is_read_again(lab: Lab, fault: Fault) -> None:
    wrong = {}
    for case in share_of(lab, fault):
        acts, reads = lab.hits(case)
        names = [*dict.fromkeys(hit.name for hit in reads if not cannot_be_cut(hit, fault))]
        # A token that expires, expires for those at the side too.
        again = {} if fault.id == "token_expired" else {"times": None, "every": 2}
        for name in names if again and fault.once == FINE else names[:1]:
            lab.strike(fault.kind, Hit(name), **{**fault.options, **again})
        answer = lab.send(lab.connection(case), case)
        lab.lift()
        done = len(acts) if answer.outcome is DONE else 0
        problem = lab.served.dump("shop.") != lab.state(case, done)
        lab.served.put_back()
        if problem or said(answer) != fault.once:
            wrong[case.name] = (answer, problem)
    assert wrong == {}
