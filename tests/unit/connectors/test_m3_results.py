from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.connectors.m3.results import Refusal, Reply, Result, answer, judge, record_of
from m3nop.core.connector import Call, Effect, Failure, FieldInfo, Operation, Outcome, Remedy

READ = Operation("OIS100MI/LstHead", Effect.READ, many=True, done_codes=frozenset({"XRE0103"}))
WRITE = Operation("OIS100MI/AddBatchLine", Effect.UNSAFE)
KEYED = Operation(
    "CRS610MI/Add",
    Effect.KEYED,
    outputs={"CUNO": FieldInfo("CUNO", "A", 10), "ERRM": FieldInfo("ERRM", "A", 50)},
    done_codes=frozenset({"WCU0204"}),
)


def call(operation, **fields):
    return Call("1", operation, fields)


def refused(operation, message="no", code="", field="", kind="ServerReturnedNOK", *, records=(), **fields):
    result = Result("T", records, Refusal(message, code, field, kind))
    return answer(call(operation, **fields), Reply(result))


@pytest.mark.parametrize(
    ("refusal", "message", "code", "field"),
    [
        (
            Refusal("Item number NOPE does not exist    WIT0103    ITNO", "WIT0103", "ITNO"),
            "Item number NOPE does not exist",
            "WIT0103",
            "ITNO",
        ),
        (Refusal("Customer number CUNO is not valid  XIM0002", "XIM0002", "CUNO"), "Customer number CUNO is not valid", "XIM0002", "CUNO"),
        (Refusal("Bad item WIT0103 ITNO", "WIT0103", "ITNO"), "Bad item", "WIT0103", "ITNO"),
        (Refusal("Bad   item      WIT0103      ITNO"), "Bad item", "WIT0103", "ITNO"),
        (Refusal("Bad item      WIT0103"), "Bad item", "WIT0103", ""),
        (Refusal("Two  words"), "Two words", "", ""),
        (Refusal("   ", type="InputFieldTooLong", field="CUNM"), "InputFieldTooLong", "", "CUNM"),
        (Refusal(""), "refused without a reason", "", ""),
    ],
)  # fmt: skip
def test_a_message_is_told_without_code_field_and_padding(refusal, message, code, field):
    _, failure = judge(refusal)

    assert (failure.message, failure.code, failure.field) == (message, code, field)


@pytest.mark.parametrize(
    ("kind", "code", "outcome", "remedy"),
    [
        ("ServerReturnedNOK", "WIT0103", Outcome.REFUSED, Remedy.BUSINESS),
        ("", "", Outcome.REFUSED, Remedy.BUSINESS),
        ("MandatoryInputFieldNotFound", "", Outcome.REFUSED, Remedy.BUSINESS),
        ("InputFieldTooLong", "", Outcome.REFUSED, Remedy.BUSINESS),
        ("SomethingElse", "WIT0103", Outcome.REFUSED, Remedy.BUSINESS),
        ("TransactionNotFound", "", Outcome.NOT_SENT, Remedy.CONFIGURATION),
        ("ProgramNotFound", "", Outcome.NOT_SENT, Remedy.CONFIGURATION),
        ("ServerReturnedNOK", "XAU0008", Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        ("NotAuthorized", "", Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        ("CommunicationFailure", "", Outcome.IN_DOUBT, Remedy.SYSTEMIC),
    ],
)
def test_a_refusal_is_told_apart_by_what_helps(kind, code, outcome, remedy):
    judged, failure = judge(Refusal("no", code, "", kind))

    assert (judged, failure.remedy) == (outcome, remedy)


def test_a_read_is_never_in_doubt():
    assert refused(READ, kind="CommunicationFailure").outcome is Outcome.NOT_SENT
    lost = Reply(None, Outcome.IN_DOUBT, Failure(Remedy.TRANSIENT, "reset"))
    assert answer(call(READ), lost).outcome is Outcome.NOT_SENT
    skipped = answer(call(READ), Reply(Result(processed=False)))
    assert (skipped.outcome, skipped.failure.remedy) == (Outcome.NOT_SENT, Remedy.TRANSIENT)


def test_a_read_of_what_does_not_exist_is_done_without_rows():
    assert refused(READ, code="XRE0103") == answer(call(READ), Reply(Result("T")))


def test_a_list_that_broke_half_way_is_a_failure_that_passes():
    broken = refused(READ, code="XRE0103", records=[{"ORNO": "1"}])

    assert (broken.outcome, broken.rows) == (Outcome.NOT_SENT, ())
    assert broken.failure.remedy is Remedy.TRANSIENT


def test_a_write_that_was_not_processed_is_in_doubt_not_done():
    assert answer(call(WRITE), Reply(Result("T", processed=False))).outcome is Outcome.IN_DOUBT


def test_a_write_with_rows_and_a_refusal_is_in_doubt():
    assert refused(WRITE, code="XRE0103", records=[{"PONR": "1"}]).outcome is Outcome.IN_DOUBT


def test_there_already_counts_as_done_for_a_keyed_call_and_says_so():
    done = refused(KEYED, code="WCU0204", CUNO="W100", CUNM="Customer")

    assert done.outcome is Outcome.DONE
    assert done.rows == ({"CUNO": "W100", "already": "WCU0204"},)


def test_another_refusal_of_a_keyed_call_is_a_refusal():
    assert refused(KEYED, code="WCU0101", CUNO="W100").outcome is Outcome.REFUSED


def test_values_get_their_types_from_the_catalog():
    kinds = {
        name: FieldInfo(name, kind) for name, kind in {"QT": "N", "B": "N", "D": "D", "E": "D", "A": "A", "X": "N", "M": "N", "I": "N"}.items()
    }  # fmt: skip
    operation = Operation("X/Get", Effect.READ, outputs=kinds)
    record = {
        "QT": "  12.50 ", "B": "", "D": "20261123", "E": "0", "A": "Ålesund   ", "X": "?", "M": "3.5-", "I": "NaN", "U": " u ",
    }  # fmt: skip

    (row,) = answer(call(operation), Reply(Result("Get", [record]))).rows

    assert row == {
        "QT": Decimal("12.50"), "B": Decimal(0), "D": "20261123", "E": None, "A": "Ålesund", "X": "?", "M": Decimal("-3.5"),
        "I": "NaN", "U": " u",
    }  # fmt: skip
    assert str(row["QT"]) == "12.50"


def test_values_go_as_plain_text_and_missing_ones_stay_out():
    made = call(
        WRITE,
        SAPR=Decimal("1E+2"),
        ORQT=2,
        FLAG=True,
        OFF=False,
        ITNO="A ",
        NONE=None,
        AMT=Decimal("0.0000001"),
    )

    assert record_of(made) == {
        "SAPR": "100", "ORQT": "2", "FLAG": "1", "OFF": "0", "ITNO": "A ", "AMT": "0.0000001",
    }  # fmt: skip
