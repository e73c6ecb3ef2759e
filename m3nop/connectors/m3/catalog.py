"""What a configured M3 can do, known without a network: the tenant's snapshot, else what is shipped."""

from __future__ import annotations

import difflib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.m3.effects import done_codes_of, effect_of, is_slow, key_of, lists
from m3nop.connectors.m3.transactions import TransactionInfo, shipped
from m3nop.connectors.options import SANDBOX
from m3nop.core.connector import Effect, FieldInfo, Operation
from m3nop.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.m3.config import M3Config
    from m3nop.core.connector import Resource
    from m3nop.core.json import Json

COMPANY = "CONO"
TABLE = "table:"
"""Begins the name of a table read."""

TABLES = (
    "OXHEAD", "OOHEAD", "OOLINE", "OCUSMA", "MITMAS", "MITBAL", "ODHEAD", "OINVOH", "FGLEDG", "FSLEDG",
)  # fmt: skip
"""Tables worth suggesting: temporary orders, orders, order lines, customers, items, balances, deliveries,
invoices, the general ledger, receivables."""

_TRANSACTION = re.compile(r"[A-Z][A-Z0-9]{2,9}/[A-Za-z][A-Za-z0-9_]*")
_TABLE = re.compile(r"table:[A-Z][A-Z0-9]{3,9}")
_GENERAL = frozenset(
    {
        "FpwVersion", "GetCurrentUser", "GetFieldHeading", "GetFixLevel", "GetMIBuild", "GetMessageText",
        "GetServerTime", "GetUserInfo", "ServerTimeZone",
    }
)  # fmt: skip
"""Transactions that every program answers."""

_STANDARD = MappingProxyType(
    {
        "OIS100MI/AddHead": "OIS100MI/AddBatchHead",
        "OIS100MI/AddLine": "OIS100MI/AddBatchLine",
        "MMS080MI/LstItemBal": "MMS200MI/GetItmWhsBal or MMS200MI/LstSumWhsBal",
        "GLS200MI/Add": "GLS840MI/AddBatchHead, AddBatchLine, CtrlBatch and UpdBatch",
    }
)
"""Names that are often asked for, and what standard M3 has instead."""


class M3Catalog:
    """The transactions of one M3 and the tables that EXPORTMI reads."""

    def __init__(self, config: M3Config, snapshot: Mapping[str, Mapping[str, TransactionInfo]]) -> None:
        self._config = config
        self._snapshot = snapshot
        self._operations: dict[str, Operation | None] = {}

    def operation(self, name: str) -> Operation | None:
        """Return the operation, without fields where nothing is known of its program."""
        if name not in self._operations:
            self._operations[name] = self._table(name) if name.startswith(TABLE) else self._transaction(name)
        return self._operations[name]

    def operations(self) -> Sequence[str]:
        """Name what is known."""
        taken = [name for transactions in self._snapshot.values() for name in transactions]
        known = [name for name in shipped() if name.partition("/")[0] not in self._snapshot]
        tables = [f"{TABLE}{table}" for table in TABLES]
        return sorted(name for name in (*taken, *known, *tables) if self.operation(name))

    def resource(self, name: str) -> Resource | None:  # noqa: ARG002 - M3 has no sources of its own
        """Return None: what is read from M3 is read by its transactions."""
        return None

    def resources(self) -> Sequence[str]:
        """Name the sources: none."""
        return ()

    def remedy(self, name: str) -> str:
        """Say why there is no such operation."""
        if self.operation(name) is not None:
            return ""
        if self._is_table_read(name) and not self._config.table_reads:
            return "`table_reads: false` forbids EXPORTMI; give the probe an `otherwise`"
        if name.startswith(TABLE) or not _TRANSACTION.fullmatch(name):
            return "write PROGRAM/Transaction, such as OIS100MI/AddBatchHead"
        if name in _STANDARD:
            return f"standard M3 has {_STANDARD[name]}; a site-specific one has to be in the snapshot"
        program = name.partition("/")[0]
        return f"the snapshot of {program} has no such transaction; if it is new: m3nop m3 snapshot {program}"

    def _is_table_read(self, name: str) -> bool:
        return bool(_TABLE.fullmatch(name)) or name.startswith("EXPORTMI/")

    def _table(self, name: str) -> Operation | None:
        if not (self._config.table_reads and _TABLE.fullmatch(name)):
            return None
        return Operation(name, Effect.READ, many=True, bulk=name)

    def _transaction(self, name: str) -> Operation | None:
        if not _TRANSACTION.fullmatch(name) or (self._is_table_read(name) and not self._config.table_reads):
            return None
        program, _, transaction = name.partition("/")
        described = program in self._snapshot
        if described:
            info = self._snapshot[program].get(name)
            if info is None and transaction not in _GENERAL:
                return None
        else:
            info = shipped().get(name)
        if info is None and transaction in _GENERAL:
            info = shipped().get(f"GENERAL/{transaction}")
        found = self._described(name, info)
        if described:
            return found
        # The sandbox has what m3nop ships, so it need not be asked.
        return replace(
            found, assumed=self._config.url != SANDBOX or info is None, doubt=self._doubt(program, info)
        )

    def _doubt(self, program: str, info: TransactionInfo | None) -> str:
        """Say why M3 may not have a program, where other programs were asked for."""
        if info is not None or not self._snapshot:
            return ""
        known = {*self._snapshot, *(name.partition("/")[0] for name in shipped())}
        close = difflib.get_close_matches(program, sorted(known), n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        return f"the snapshot has no program {program}; {meant}if M3 has it: `m3nop m3 snapshot {program}`"

    def _described(self, name: str, info: TransactionInfo | None) -> Operation:
        many = info.many if info else lists(name)
        effect = self._config.effects.get(name, effect_of(name, many=many))
        size = self._config.confirm_group if is_slow(name) else self._config.group_size
        single = self._config.api == "v1"
        return Operation(
            name,
            effect,
            inputs=_with_company(info.inputs) if info else None,
            outputs=info.outputs if info else None,
            many=many,
            done_codes=self._config.done_codes.get(name, done_codes_of(name, effect)),
            waiting_codes=self._config.waiting_codes,
            key=key_of(name, effect),
            bulk=None if single else name.partition("/")[0],
            group_size=1 if single else size,
            description=info.description if info else "",
        )


def _with_company(inputs: Mapping[str, FieldInfo]) -> Mapping[str, FieldInfo]:
    """Mark a company that must be given as filled in: it is always the one of the connection."""
    company = inputs.get(COMPANY)
    if company is None or not company.mandatory:
        return inputs
    return {**inputs, COMPANY: replace(company, mandatory=False, filled=True)}


def catalog(config: M3Config, *, metadata: Mapping[str, Json]) -> M3Catalog:
    """Make the catalog from the snapshot files of a project (``m3/*.json``).

    Raises:
        ConfigurationError: a file is no snapshot.
    """
    snapshot: dict[str, Mapping[str, TransactionInfo]] = {}
    for file, document in metadata.items():
        try:
            program = str(document["program"])
            snapshot[program] = read_snapshot(document)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            msg = f"{file} is not a snapshot of an MI program; take it again with `m3nop m3 snapshot`"
            raise ConfigurationError(msg) from error
    return M3Catalog(config, snapshot)


def read_snapshot(document: Json) -> dict[str, TransactionInfo]:
    """Read one snapshot file: the transactions of a program by their full names.

    Raises:
        LookupError: a member is missing.
    """
    return {
        f"{document['program']}/{name}": TransactionInfo(
            f"{document['program']}/{name}",
            transaction.get("description", ""),
            bool(transaction["many"]),
            _read_fields(transaction["inputs"]),
            _read_fields(transaction["outputs"]),
        )
        for name, transaction in document["transactions"].items()
    }


def _read_fields(documents: Json) -> dict[str, FieldInfo]:
    return {
        document["name"]: FieldInfo(
            document["name"],
            type=document.get("type"),
            length=document.get("length"),
            decimals=document.get("decimals"),
            mandatory=bool(document.get("mandatory")),
            description=document.get("description", ""),
        )
        for document in documents
    }
