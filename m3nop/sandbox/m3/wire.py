"""How requests to M3 look on the wire: what a request asks for, whatever its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from msgspec import Struct

from m3nop.core import json
from m3nop.sandbox.m3.runner import USUAL_MAXRECS, Ask, Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from m3nop.sandbox.exchange import Call

_BODY_MEMBERS = frozenset(
    {
        "program",
        "cono",
        "divi",
        "lanc",
        "locale",
        "timeZone",
        "dateFormat",
        "excludeEmptyValues",
        "rightTrim",
        "maxReturnedRecords",
        "extendedResult",
        "transactions",
    }
)
_ENTRY_MEMBERS = frozenset({"transaction", "record", "selectedColumns"})
_V2_OPTIONS = frozenset(
    {
        "cono",
        "divi",
        "lanc",
        "locale",
        "timeZone",
        "maxrecs",
        "dateformat",
        "excludeempty",
        "righttrim",
        "returncols",
        "format",
        "extendedresult",
    }
)
_FLAGS = {"true": True, "false": False}


class MalformedError(Exception):
    """A request that M3 refuses as a whole."""

    def __init__(self, reason: str, *, kind: str = "BadRequest") -> None:
        self.reason = reason
        self.kind = kind
        super().__init__(reason)


class Bulk(Struct, frozen=True):
    """A request for several transactions of one program."""

    asks: tuple[Ask, ...]
    options: Options


def operations(call: Call) -> tuple[str, ...]:
    """Name what a request asks for: each ``PROGRAM/TRANSACTION`` in it once, ``token``, or its path."""
    if call.path.endswith("/token.oauth2"):
        return ("token",)
    _, found, rest = call.path.partition("/execute")
    if not found:
        return (call.path,)
    if call.method == "POST":
        return _bulk_operations(call)
    program, _, transaction = rest.strip("/").partition("/")
    return (f"{program}/{transaction.partition(';')[0]}",)


def single(program: str, rest: str, query: str, *, version: int, position: str = "") -> Bulk:
    """Read a GET: transaction and matrix parameters from the path, input fields from the query.

    v2 takes its options in the query, too, where v1 knows only input fields.

    Raises:
        MalformedError: an option makes no sense.
    """
    transaction, *matrix = rest.split(";")
    settings = dict(pair.partition("=")[::2] for pair in matrix if pair)
    record: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if version == 2 and name in _V2_OPTIONS:  # noqa: PLR2004
            settings[name] = value
        else:
            record[name] = value
    columns = tuple(filter(None, settings.get("returncols", "").split(",")))
    ask = Ask(program, transaction, record, columns)
    # The SDK's spelling with one e is v1's; v2 documents another one and may well ignore it.
    empty = settings.get("excludempty" if version == 1 else "excludeempty", "false")
    options = Options(
        company=settings.get("cono", ""),
        division=settings.get("divi"),
        maxrecs=_count(settings.get("maxrecs", str(USUAL_MAXRECS))),
        exclude_empty=_flag("excludeempty", empty),
        trim=version != 1 and _flag("righttrim", settings.get("righttrim", "true")),
        extended=_flag("extendedresult", settings.get("extendedresult", "false")),
        position=_count(position or "0"),
    )
    _date_format(settings.get("dateformat", "YMD8"))
    return Bulk((ask,), options)


def bulk(body: bytes, query: str, *, position: str = "") -> Bulk:
    """Read a bulk POST. Options may stand in the query as well; the body's win.

    Stricter than what is known of M3: unknown members are refused, and ``transactions`` must come last,
    because the server is said to read the body as a stream.

    Raises:
        MalformedError: the body is not what M3 takes.
    """
    doc = _document(body)
    given = dict(parse_qsl(query, keep_blank_values=True))
    program = doc.get("program")
    if not isinstance(program, str) or not program:
        msg = "program is missing"
        raise MalformedError(msg)
    entries = doc["transactions"]
    if not isinstance(entries, list) or not entries:
        msg = "transactions must be a list with at least one entry"
        raise MalformedError(msg)
    asks = tuple(_entry(program, entry) for entry in entries)
    maxrecs = doc.get("maxReturnedRecords", given.get("maxrecs", USUAL_MAXRECS))
    division = doc.get("divi", given.get("divi"))
    options = Options(
        company=str(doc.get("cono", given.get("cono", ""))),
        division=None if division is None else str(division),
        maxrecs=_count(str(maxrecs)),
        exclude_empty=_flag(
            "excludeEmptyValues", doc.get("excludeEmptyValues", given.get("excludeempty", False))
        ),
        trim=_flag("rightTrim", doc.get("rightTrim", given.get("righttrim", True))),
        extended=_flag("extendedResult", doc.get("extendedResult", given.get("extendedresult", False))),
        position=_count(position or "0"),
    )
    _date_format(str(doc.get("dateFormat", given.get("dateformat", "YMD8"))))
    return Bulk(asks, options)


def _bulk_operations(call: Call) -> tuple[str, ...]:
    try:
        body = json.loads(call.body)
        names = dict.fromkeys(str(entry["transaction"]) for entry in body["transactions"])
    except (ValueError, LookupError, TypeError):
        return (call.path,)
    return tuple(f"{body.get('program')}/{name}" for name in names)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        doc = json.loads(body)
    except ValueError as error:
        msg = f"the body is not JSON: {error}"
        raise MalformedError(msg) from None
    if not isinstance(doc, dict):
        msg_0 = "the body must be a JSON object"
        raise MalformedError(msg_0)
    _known("the request", doc, _BODY_MEMBERS)
    if list(doc)[-1:] != ["transactions"]:
        msg_0 = "transactions must be there, as the last member"
        raise MalformedError(msg_0)
    return doc


def _entry(program: str, entry: json.Json) -> Ask:
    if not isinstance(entry, dict) or not isinstance(entry.get("transaction"), str):
        msg = "each of transactions must be an object that names its transaction"
        raise MalformedError(msg)
    _known("a transaction", entry, _ENTRY_MEMBERS)
    record = entry.get("record", {})
    if not isinstance(record, dict) or not all(isinstance(value, str) for value in record.values()):
        msg = "record must be an object whose values are all strings"
        raise MalformedError(msg)
    columns = entry.get("selectedColumns", [])
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        msg = "selectedColumns must be a list of field names"
        raise MalformedError(msg)
    return Ask(program, entry["transaction"], record, tuple(columns))


def _known(what: str, given: Iterable[str], known: frozenset[str]) -> None:
    for name in given:
        if name not in known:
            msg = f"unknown member {name} in {what}"
            raise MalformedError(msg)


def _count(text: str) -> int:
    if not text.isdecimal():
        msg = f"{text!r} is not a number of records"
        raise MalformedError(msg)
    return int(text)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _FLAGS:
        return _FLAGS[value]
    msg = f"{name} must be true or false"
    raise MalformedError(msg)


def _date_format(value: str) -> None:
    if value != "YMD8":
        msg = f"date format {value}: the sandbox knows YMD8 only"
        raise MalformedError(msg)
