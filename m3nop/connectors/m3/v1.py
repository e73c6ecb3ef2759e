"""Version 1 of M3's REST interface, for old on-premise systems: one transaction a request, by GET."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from m3nop.connectors.m3.exchange import POSITION_HEADER, Session, Unusable, document_of, replies_to
from m3nop.connectors.m3.results import Refusal, Reply, Result, record_of
from m3nop.core.connector import Effect, Failure, Outcome, Remedy
from m3nop.http.failures import summarise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.m3.gateway import Gateway
    from m3nop.core.connector import Call
    from m3nop.core.json import Json
    from m3nop.http.response import Response


class V1:
    """Knows no bulk, and writes by GET: nothing else is known to work there."""

    def __init__(self, gateway: Gateway, *, session: Session) -> None:
        self._gateway = gateway
        self._session = session

    def send(self, calls: Sequence[Call], *, most: int) -> list[Reply]:
        """Make the calls one after the other; after a write without an answer the others stay unsent."""
        replies: list[Reply] = []
        for call in calls:
            replies.append(self.read_on(call, most=most, position=""))
            if replies[-1].result is None and call.operation.effect is not Effect.READ:
                break
        failure = Failure(Remedy.TRANSIENT, "not sent, because a call before it had no answer")
        return replies + [Reply(None, Outcome.NOT_SENT, failure)] * (len(calls) - len(replies))

    def read_on(self, call: Call, *, most: int, position: str) -> Reply:
        """Make one call, from a position where there is one."""
        path = f"execute/{quote(call.operation.name)}{self._matrix(call, most=most)}"
        headers = {POSITION_HEADER: position} if position else {}
        try:
            response, document = document_of(
                lambda: self._gateway.request("GET", path, params=record_of(call), headers=headers)
            )
        except Unusable as unusable:
            return replies_to(1, unusable)[0]
        return _reply(call, response, document)

    def _matrix(self, call: Call, *, most: int) -> str:
        # The official client spells `excludempty` with one e.
        settings = {"metadata": "false", "maxrecs": str(most), "excludempty": "false"}
        if self._session.company is not None:
            settings["cono"] = str(self._session.company)
        if self._session.division is not None:
            settings["divi"] = self._session.division
        if call.columns:
            settings["returncols"] = ",".join(call.columns)
        return "".join(f";{name}={quote(value, safe=',')}" for name, value in settings.items())


def _reply(call: Call, response: Response, document: Json) -> Reply:
    program, _, transaction = call.operation.name.partition("/")
    refused = _refusal(document)
    if refused is not None:
        return Reply(Result(transaction, refusal=refused))
    named = (document.get("Program", program), document.get("Transaction", transaction))
    if named != (program, transaction) or not {"MIRecord", "Transaction"} & set(document):
        said = summarise(response.headers, response.body)
        failure = Failure(Remedy.TRANSIENT, f"an answer that is not one of {call.operation.name}: {said}")
        return Reply(None, Outcome.IN_DOUBT, failure, clean=False)
    # A list that failed half-way has rows and an error.
    broken = document.get("ErrorMessage")
    return Reply(
        Result(
            transaction,
            [_record(row) for row in _many(document.get("MIRecord"))],
            _refusal(broken) or Refusal(str(broken)) if broken else None,
            position=response.headers.get(POSITION_HEADER, ""),
        )
    )


def _refusal(document: Json) -> Refusal | None:
    if not isinstance(document, dict) or "@type" not in document:
        return None
    return Refusal(*(str(document.get(name) or "") for name in ("Message", "@code", "@field", "@type")))


def _record(row: Mapping[str, Json]) -> dict[str, str]:
    pairs = _many(row.get("NameValue"))
    return {str(pair.get("Name")): str(pair.get("Value") or "") for pair in pairs}


def _many(value: Json) -> list[Mapping[str, Json]]:
    """Take one object for a list of one, as the service sometimes writes it."""
    elements = value if isinstance(value, list) else [value]
    return [element for element in elements if isinstance(element, dict)]
