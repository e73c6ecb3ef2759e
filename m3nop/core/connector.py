"""The port to the two systems: what can be called, with what effect, and what an answer means.

A connector is a ``ConnectorType`` in the registry. Its ``Catalog`` answers questions without a network
(validation uses it); its ``Connection`` makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from m3nop.core.clock import Clock, Instant
    from m3nop.core.json import Json

Row = Mapping[str, Any]
"""One row of an answer: names to values (M3 numbers as Decimal, dates as YYYYMMDD text, blanks trimmed)."""


class Effect(StrEnum):
    """What repeating an operation does. Declared per operation, never inferred from the HTTP verb."""

    READ = "read"
    """Changes nothing."""
    IDEMPOTENT = "idempotent"
    """An absolute write: a second one changes nothing more."""
    OVERWRITE = "overwrite"
    """A full-row write: repeating is harmless, but somebody else's edit can be lost."""
    CONVERGENT = "convergent"
    """Reads, compares and writes what differs; a repeat is right once no earlier one can be under way."""
    KEYED = "keyed"
    """The target's own key makes a repeat refusable; the refusal means that it was done."""
    UNSAFE = "unsafe"
    """A second one doubles the effect."""


AMBIGUOUS = "ambiguous"
"""Code of the refusal of an upsert that found several rows."""


class Remedy(StrEnum):
    """What has to happen before a failed call can succeed."""

    CONFIGURATION = "configuration"
    AUTHENTICATION = "authentication"
    TRANSIENT = "transient"
    WAITING = "waiting"
    BUSINESS = "business"
    IN_DOUBT = "in_doubt"
    SYSTEMIC = "systemic"


class Outcome(StrEnum):
    """What is known of a call's effect."""

    DONE = "done"
    """The system said that it was done."""
    REFUSED = "refused"
    """The system said no: there is no effect."""
    NOT_SENT = "not_sent"
    """It cannot have reached the system, or was turned away before any work: there is no effect."""
    IN_DOUBT = "in_doubt"
    """Unknown."""


class FieldInfo(Struct, frozen=True):
    """A field of an operation; M3 types are A (text), N (number), D (date); None when not known."""

    name: str
    type: str | None = None
    length: int | None = None
    decimals: int | None = None
    mandatory: bool = False
    description: str = ""
    filled: bool = False
    """The connection fills it in where a call leaves it out."""


class Operation(Struct, frozen=True):
    """One thing a connection can do, such as ``OIS100MI/AddBatchHead`` or ``orders/attribute``.

    ``inputs`` and ``outputs`` are None where the catalog does not know them (no snapshot of the tenant):
    then names are not checked and values go as text. ``done_codes`` are refusals of a keyed operation which
    mean that its effect is there already. ``bulk`` names the group that calls may share one request with
    (an MI program); None goes alone.
    """

    name: str
    effect: Effect
    inputs: Mapping[str, FieldInfo] | None = None
    outputs: Mapping[str, FieldInfo] | None = None
    many: bool = False
    done_codes: frozenset[str] = frozenset()
    waiting_codes: frozenset[str] = frozenset()
    """Refusals that pass: a closed period."""
    key: str = ""
    """The field by which the target of a keyed operation refuses a repeat."""
    upserts: bool = False
    """It finds a row, merges, compares and writes it: only then can it be the target of `upsert`."""
    bulk: str | None = None
    group_size: int | None = None
    json_values: bool = False
    """Fields keep their JSON types; otherwise (M3) every value is sent as text."""
    description: str = ""
    assumed: bool = False
    """Whether its fields are what m3nop ships, because nobody asked the system itself."""
    doubt: str = ""
    """Why the system may not have it, or ``""``."""


class Call(Struct, frozen=True):
    """An operation with its values. ``id`` is unique within one request; ``columns`` limits what comes back.

    A read of a table (``Operation.name`` starts with ``table:``) has the columns to match as its fields.
    """

    id: str
    operation: Operation
    fields: Mapping[str, Json]
    columns: tuple[str, ...] = ()


class Failure(Struct, frozen=True):
    """Why a call failed, cleaned for a reader: the message without code, field and padding."""

    remedy: Remedy
    message: str
    code: str = ""
    field: str = ""
    status: int | None = None
    retry_after: float | None = None
    """Seconds."""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.code, self.field) if part)
        return f"{self.message} ({where})" if where else self.message


class Answer(Struct, frozen=True):
    """What came back for one call.

    ``rows`` is complete whenever ``outcome`` is DONE: a list that was cut is a failure, never a short list.
    ``clean`` is False when the call shared a request whose counters did not add up.
    """

    outcome: Outcome
    rows: tuple[Row, ...] = ()
    failure: Failure | None = None
    clean: bool = True


class Page(Struct, frozen=True):
    """Some records of a source.

    ``watermark`` is how far the source has been read once these records are committed (JSON text of the
    connector's own making). ``missing`` are ids below it that did not appear and may still.
    """

    records: tuple[Mapping[str, Json], ...]
    watermark: str | None
    missing: tuple[int, ...] = ()


class CircuitRules(Struct, frozen=True):
    """When a system is left alone, and for how long."""

    failures: int = 6
    """Requests that fail in a row until it is."""
    pause: float = 30.0
    """Seconds until it is tried the first time; each further pause is twice as long."""
    longest_pause: float = 900.0
    """Seconds; pauses grow no longer."""


class Source(Protocol):
    """Reads the records of one resource, by immutable criteria only."""

    def partitions(self) -> Sequence[str]:
        """Name the parts that keep a watermark of their own (``""``, or one a store)."""
        ...

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:
        """Yield what lies after ``watermark``, oldest first.

        Raises:
            SourceError: a row came that was not asked for.
            AccessError: the system cannot be reached.
        """
        ...

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> Sequence[Mapping[str, Json]]:
        """Read those records again that still exist."""
        ...

    def watermark_at(self, partition: str, instant: Instant) -> str | None:
        """Return the watermark after which everything created since ``instant`` lies; None to read all."""
        ...

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:
        """Count what was created in a window (``start`` inclusive, ``end`` exclusive); None if it cannot."""
        ...


class Rates(Protocol):
    """How much of each rate limit is used up, for all that use it."""

    def reserve(self, name: str, *, turns: int, interval: int, window: int, now: Instant) -> int:
        """Take the next turns of a limit, ``interval`` microseconds apart; return how far ahead they begin.

        That is how many microseconds after now the turns before them are over, which may be at most
        ``window`` for the first of them to be used at once.
        """
        ...


class Connection(Protocol):
    """A system, open for calls. Safe to use from several threads."""

    name: str
    in_flight: int
    """How many requests may be under way at once."""
    settle_after: float
    """Seconds after which a request that was sent cannot take effect any more."""
    circuit: CircuitRules
    """When it is left alone."""

    @property
    def waited(self) -> float:
        """Tell how many seconds its requests have waited for the rate limit so far."""
        ...

    def send(self, calls: Sequence[Call]) -> list[Answer]:
        """Make one request of these calls and answer each, in order; a failure is an answer, no exception.

        All share ``operation.bulk``, or there is only one. Reads of one table are merged into few queries.
        """
        ...

    def scan(self, call: Call) -> Iterator[Answer]:
        """Answer one reading call page by page, so that a long list needs the memory of a page.

        The last page is the end of the list, unless it is an answer that is not DONE. A row that changes
        while the list is read may come twice.
        """
        ...

    group_bytes: int
    """About how many bytes of fields one request may carry."""

    def group_size(self, operation: Operation) -> int:
        """Say how many calls like this one request may carry at present."""
        ...

    def source(self, resource: str, *, stores: Sequence[StoreRef], wanted: frozenset[str] | None) -> Source:
        """Open a source; ``wanted`` are the dotted paths the mappings use, None for everything."""
        ...

    def identity(self) -> Mapping[str, str]:
        """Tell as much of the facts' identity as is known without asking the system."""
        ...

    def facts(self) -> Facts:
        """Describe who and where this is: base URL, tenant, company, time zone. May read once."""
        ...

    def share_rate(self, rates: Rates) -> None:
        """Keep to the rate limit, if there is one, together with all others that use the same tenant."""
        ...

    def trial(self) -> Failure | None:
        """Make one harmless request, once; None if the system answered it, whatever it said."""
        ...

    def close(self) -> None:
        """Give back sockets."""
        ...


class StoreRef(Struct, frozen=True):
    """A storefront as its shop knows it."""

    code: str
    store_id: int
    host: str = ""


class Facts(Struct, frozen=True):
    """The identity of a system, and its time zone (an IANA name)."""

    identity: Mapping[str, str]
    time_zone: str = "UTC"


class Catalog(Protocol):
    """What a configured system can do, known without a network."""

    def operation(self, name: str) -> Operation | None:
        """Return the operation, or None if the catalog knows that there is none.

        An M3 catalog without a snapshot of the program answers an operation with ``inputs=None``.
        """
        ...

    def operations(self) -> Sequence[str]:
        """Name what is known, for suggestions."""
        ...

    def resource(self, name: str) -> Resource | None:
        """Return a source such as ``orders``, or None."""
        ...

    def resources(self) -> Sequence[str]:
        """Name the sources."""
        ...

    def remedy(self, name: str) -> str:
        """Say why an operation or resource is not there in this dialect, or ``""``."""
        ...


class Resource(Struct, frozen=True):
    """A source and the shape of its records.

    ``fields`` are the dotted paths of the one record shape (``items.sku``); ``identity`` the immutable ones
    that may make up keys, references and filters.
    """

    name: str
    fields: frozenset[str]
    identity: frozenset[str]
    key: str = "id"
    types: Mapping[str, FieldInfo] = field(default_factory=dict)
    """What is known of values, by dotted path: besides A and N the types ``bool``, ``instant`` (ISO 8601),
    ``word`` (a status or name that is no number) and ``free`` (text of any length that people type)."""


Options = Any
"""A connection's options, in the model of its connector; only that connector looks into them."""


class ConnectorType(Struct, frozen=True):
    """One registry line: how to check a connection's options, what it can do, how to open it."""

    name: str
    config: type[Any]
    """A closed Pydantic model of the connection's options."""
    catalog: CatalogFactory
    open: str
    """``module:function`` of a ConnectionFactory: naming a connector does not load what its sockets need."""
    secrets: tuple[str, ...] = ()
    """Dotted option names that hold credentials."""
    extra: Mapping[str, Any] = field(default_factory=dict)


class CatalogFactory(Protocol):
    """Makes the catalog of a configured connection."""

    def __call__(self, config: Options, *, metadata: Mapping[str, Json]) -> Catalog:
        """Read what the connection can do from its options and the project's ``m3/`` snapshot, by file."""
        ...


class ConnectionFactory(Protocol):
    """Opens a configured connection."""

    def __call__(self, name: str, config: Options, *, clock: Clock, catalog: Catalog) -> Connection:
        """Open it; the credentials among its options are filled in."""
        ...
