"""How M3 answers: the envelopes of v1 and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3.descriptions import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.sandbox.m3.interface import Field
    from m3nop.sandbox.m3.refusal import RefusalError
    from m3nop.sandbox.m3.runner import Outcome


def v1(program: str, outcome: Outcome, *, metadata: bool = True) -> dict[str, Any]:
    """Answer in v1's form: NameValue pairs padded with blanks, an error as the whole body."""
    if outcome.refused is not None and not outcome.rows:
        return _error(outcome.refused)
    body: dict[str, Any] = {"Program": program, "Transaction": outcome.transaction}
    if metadata:
        fields = [_metadata(column) for column in outcome.fields]
        # XML turned to JSON: a list of one is not a list.
        body["Metadata"] = {"Field": fields[0] if len(fields) == 1 else fields}
    if outcome.rows:
        body["MIRecord"] = [
            {
                "RowIndex": str(index),
                "NameValue": [{"Name": name, "Value": value} for name, value in row.items()],
            }
            for index, row in enumerate(outcome.rows)
        ]
    if outcome.refused is not None:
        body["ErrorMessage"] = _error(outcome.refused)
    return body


def v2(
    outcomes: Sequence[Outcome], *, shown: int | None = None, unprocessed: Sequence[str] = ()
) -> dict[str, Any]:
    """Answer in v2's form; ``shown`` cuts the results, ``unprocessed`` are flagged at the end."""
    results = [_result(outcome) for outcome in outcomes][:shown]
    results += [{"transaction": name, "notProcessed": True} for name in unprocessed]
    failed = sum(outcome.refused is not None for outcome in outcomes)
    return {
        "results": results,
        "wasTerminated": False,
        "nrOfSuccessfullTransactions": len(outcomes) - failed,
        "nrOfFailedTransactions": failed,
        "nrOfNotProcessedTransactions": len(unprocessed),
    }


def v2_terminated(reason: str, kind: str, *, transactions: int) -> dict[str, Any]:
    """Answer in v2's form for a request that was refused as a whole."""
    return {
        "results": [],
        "wasTerminated": True,
        "terminationReason": reason,
        "terminationErrorType": kind,
        "nrOfSuccessfullTransactions": 0,
        "nrOfFailedTransactions": 0,
        "nrOfNotProcessedTransactions": transactions,
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {"transaction": outcome.transaction}
    if outcome.parameters:
        result["parameters"] = outcome.parameters
    if outcome.refused is not None:
        result |= {
            "errorMessage": outcome.refused.message,
            "errorCode": outcome.refused.code,
            "errorField": outcome.refused.field,
            "errorCfg": "",
            "errorType": outcome.refused.kind,
        }
    if outcome.position is not None:
        result["positionKey"] = str(outcome.position)
    result["records"] = outcome.rows
    return result


def _error(refused: RefusalError) -> dict[str, str]:
    return {
        "@type": refused.kind,
        "@code": refused.code,
        "@field": refused.field,
        "Message": refused.message,
    }


def _metadata(column: Field) -> dict[str, str]:
    return {
        "@name": column.name,
        "@type": column.type,
        "@length": str(column.length),
        "@description": describe(column.name),
    }
