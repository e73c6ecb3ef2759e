"""Version 2 of M3's REST interface: bulk by POST, one reading transaction by GET."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from m3nop.connectors.m3.exchange import POSITION_HEADER, Session, Unusable, document_of, replies_to
from m3nop.connectors.m3.matching import match
from m3nop.connectors.m3.results import Refusal, Reply, Result, record_of
from m3nop.core.connector import Effect, Failure, Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.m3.gateway import Gateway
    from m3nop.connectors.m3.matching import Sent
    from m3nop.core.connector import Call
    from m3nop.core.json import Json
    from m3nop.http.response import Response

_DIGITS_OF_A_COUNT = 9


class V2:
    """Writes always go by POST, so that no customer data gets into addresses and their logs."""

    def __init__(self, gateway: Gateway, *, session: Session, extended: bool) -> None:
        self._gateway = gateway
        self._session = session
        self._extended = extended

    def send(self, calls: Sequence[Call], *, most: int) -> list[Reply]:
        """Make the calls in one request and reply to each."""
        try:
            if len(calls) == 1 and _may_be_in_an_address(calls[0]):
                return self._get(calls[0], most=most, position="")
            return self._post(calls, most=most)
        except Unusable as unusable:
            return replies_to(len(calls), unusable)

    def read_on(self, call: Call, *, most: int, position: str) -> Reply:
        """Read a list on from a position that an answer told."""
        try:
            return self._get(call, most=most, position=position)[0]
        except Unusable as unusable:
            return replies_to(1, unusable)[0]

    def _get(self, call: Call, *, most: int, position: str) -> list[Reply]:
        record = record_of(call)
        params = {**self._query(most), **record}
        if call.columns:
            params["returncols"] = ",".join(call.columns)
        headers = {POSITION_HEADER: position} if position else {}
        path = f"v2/execute/{quote(call.operation.name)}"
        response, document = document_of(
            lambda: self._gateway.request("GET", path, params=params, headers=headers)
        )
        return _replies([(call.operation.name.partition("/")[2], record)], response, document)

    def _query(self, most: int) -> dict[str, str]:
        query = {"maxrecs": str(most), "excludeempty": "false", "righttrim": "true"}
        if self._session.company is not None:
            query["cono"] = str(self._session.company)
        if self._session.division is not None:
            query["divi"] = self._session.division
        return query

    def _post(self, calls: Sequence[Call], *, most: int) -> list[Reply]:
        writes = any(call.operation.effect is not Effect.READ for call in calls)
        params = {"extendedresult": "true"} if self._extended and writes and len(calls) > 1 else {}
        sent = [(call.operation.name.partition("/")[2], record_of(call)) for call in calls]
        body = self._body(calls, sent, most=most)
        response, document = document_of(
            lambda: self._gateway.request("POST", "v2/execute", params=params, json=body)
        )
        return _replies(sent, response, document)

    def _body(self, calls: Sequence[Call], sent: Sequence[Sent], *, most: int) -> dict[str, Json]:
        body: dict[str, Json] = {"program": calls[0].operation.name.partition("/")[0]}
        if self._session.company is not None:
            body["cono"] = self._session.company
        if self._session.division is not None:
            body["divi"] = self._session.division
        body |= {"excludeEmptyValues": False, "rightTrim": True, "maxReturnedRecords": most}
        # Last: the server reads the members above before it begins with these.
        body["transactions"] = [_transaction(*one, call) for one, call in zip(sent, calls, strict=True)]
        return body


def _may_be_in_an_address(call: Call) -> bool:
    return call.operation.effect is Effect.READ and not call.operation.name.startswith("EXPORTMI/")


def _transaction(name: str, record: Mapping[str, str], call: Call) -> dict[str, Json]:
    transaction: dict[str, Json] = {"transaction": name, "record": record}
    if call.columns:
        transaction["selectedColumns"] = list(call.columns)
    return transaction


def _replies(sent: Sequence[Sent], response: Response, document: Json) -> list[Reply]:
    results = [_result(element) for element in _objects(document.get("results"))]
    if len(results) == 1 and POSITION_HEADER in response.headers:
        results = [replace(results[0], position=results[0].position or response.headers[POSITION_HEADER])]
    counted = [
        _count(document.get(name))
        for name in ("nrOfSuccessfullTransactions", "nrOfFailedTransactions", "nrOfNotProcessedTransactions")
    ]
    return match(sent, results, counted=counted, terminated=_terminated(response, document))


def _terminated(response: Response, document: Json) -> Failure | None:
    reason = str(document.get("terminationReason") or "")
    if not document.get("wasTerminated") and not reason:
        return None
    kind = str(document.get("terminationErrorType") or "")
    message = "M3 ended the request" + (f": {reason}" if reason else "") + (f" ({kind})" if kind else "")
    return Failure(Remedy.SYSTEMIC, message, code=kind, status=response.status)


_REFUSING = frozenset({"errorMessage", "errorCode", "errorType"})


def _result(element: Mapping[str, Json]) -> Result:
    records = element.get("records")
    refusal = None if _REFUSING.isdisjoint(element) else _refusal(element)
    parameters = element.get("parameters")
    transaction = str(element.get("transaction") or "")
    # A result that says nothing at all is no success, nor is one whose rows are something else.
    named = bool(transaction) and records is None
    empty = refusal is None and not isinstance(records, list) and not named
    return Result(
        transaction,
        [_texts(record) for record in _objects(records)],
        refusal,
        processed=not (element.get("notProcessed") or empty),
        parameters=_texts(parameters) if isinstance(parameters, dict) else None,
        position=str(element.get("positionKey") or element.get(POSITION_HEADER) or ""),
    )


def _refusal(element: Mapping[str, Json]) -> Refusal | None:
    said, code, kind = (
        str(element.get(name) or "").strip() for name in ("errorMessage", "errorCode", "errorType")
    )
    if said or code or kind:
        return Refusal(said, code, str(element.get("errorField") or "").strip(), kind)
    return None


def _texts(record: Mapping[str, Json]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in record.items()}


def _objects(value: Json) -> list[Mapping[str, Json]]:
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def _count(value: Json) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_OF_A_COUNT else None
