"""What repeating a transaction does, and which refusals say that its effect is there already.

Message ids follow M3's numbering: those that end in 03 say "does not exist", in 04 "already exists".
"""

from __future__ import annotations

import re
from types import MappingProxyType

from m3nop.core.connector import Effect

NO_RECORD = "XRE0103"
"""Says that there is no such record; a list without rows can say so too."""

_KNOWN = MappingProxyType(
    {
        # A batch order can be deleted once; its number is never given again.
        "OIS100MI/DelBatchHead": Effect.KEYED,
        # Refused when the customer number is taken; the pack always gives the number.
        "CRS610MI/Add": Effect.KEYED,
        "CRS610MI/AddAddress": Effect.KEYED,
        # Absolute values; what is not named stays as it is.
        "CRS610MI/ChgBasicData": Effect.IDEMPOTENT,
        "CRS610MI/ChgOrderInfo": Effect.IDEMPOTENT,
        "CRS610MI/ChgFinancial": Effect.IDEMPOTENT,
    }
)

_KEYS = MappingProxyType(
    {"OIS100MI/DelBatchHead": "ORNO", "CRS610MI/Add": "CUNO", "CRS610MI/AddAddress": "ADID"}
)

_NO_ORDER = frozenset({NO_RECORD, "WOR0103", "WOR0303"})
_NO_CUSTOMER = frozenset({NO_RECORD, "WCU0103", "WCU0203"})

_DONE_CODES = MappingProxyType(
    {
        "OIS100MI/DelBatchHead": _NO_ORDER,
        "CRS610MI/Add": frozenset({"XRE0104", "WCU0104", "WCU0204"}),
        "CRS610MI/AddAddress": frozenset({"XRE0104", "WAD0104", "WAD1004"}),
        "OIS100MI/GetHead": _NO_ORDER,
        "OIS100MI/GetBatchHead": _NO_ORDER,
        "OIS100MI/GetOrderNo": _NO_ORDER,
        "OIS100MI/LstBatchLine": _NO_ORDER,
        "OIS275MI/GetTmpOrderStat": _NO_ORDER,
        "OIS275MI/GetBatchHead": _NO_ORDER,
        "CRS610MI/GetBasicData": _NO_CUSTOMER,
    }
)

_READS = re.compile(r"(Get|List|Lst|Select|Sel|Slt|Search|Srch)(?![a-z])")
_TAKES_A_NUMBER = re.compile(r"Get(Next|New)")
_WRITES = re.compile(
    r"(Add|Upd|Chg|Del|Dlt|Crt|Create|Cpy|Copy|Set|Rtv|Clear|Confirm|Ctrl|Print|Snd|Send|Run)"
)
_SLOW = frozenset({"Confirm", "UpdBatch"})


def effect_of(name: str, *, many: bool) -> Effect:
    """Tell the effect of a transaction (``PROGRAM/Name``); one that is not known to be harmless is unsafe."""
    if name in _KNOWN:
        return _KNOWN[name]
    transaction = name.partition("/")[2]
    if _reads(transaction) or (many and not _WRITES.match(transaction)):
        return Effect.READ
    return Effect.UNSAFE


def done_codes_of(name: str, effect: Effect) -> frozenset[str]:
    """Return the message ids that mean "there already", or for a read "there is none"."""
    return _DONE_CODES.get(name, frozenset({NO_RECORD}) if effect is Effect.READ else frozenset())


def key_of(name: str, effect: Effect) -> str:
    """Return the field by which M3 refuses a repeat of a keyed transaction, or ``""``."""
    return _KEYS.get(name, "") if effect is Effect.KEYED else ""


def lists(name: str) -> bool:
    """Tell by its name whether a transaction answers a list, where nothing else is known of it."""
    transaction = name.partition("/")[2]
    return _reads(transaction) and not transaction.startswith("Get")


def is_slow(name: str) -> bool:
    """Tell whether one call takes so long that few fit into a request."""
    return name.partition("/")[2] in _SLOW


def _reads(transaction: str) -> bool:
    return bool(_READS.match(transaction)) and not _TAKES_A_NUMBER.match(transaction)
