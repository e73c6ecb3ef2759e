"""What repeating a transaction does, and which refusals say that its effect is there already.

Message ids follow M3's numbering: those that end in 03 say "does not exist", in 04 "already exists". They
differ between releases; a site gives its own with `done_codes` and `effects` of the connection.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from m3nop.core.connector import Effect

CLOSED_PERIOD = "WPE0105"
"""Says that nothing may be posted in a period."""
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
        "CRS610MI/ChgAddress": Effect.IDEMPOTENT,
        # The caller numbers batches and their lines, by the key of the table: a second one is refused.
        "GLS840MI/AddBatchHead": Effect.KEYED,
        "GLS840MI/AddBatchLine": Effect.KEYED,
        "GLS840MI/AddBatchLineFld": Effect.KEYED,
        "ARS040MI/AddBatchHead": Effect.KEYED,
        "ARS040MI/AddBatchLine": Effect.KEYED,
        # A question whose name does not say so.
        "GENERAL/ServerTimeZone": Effect.READ,
        # A check; UpdBatch is what posts. ARS040MI/ControlBatch passes the payments on, so it is unsafe.
        "GLS840MI/CtrlBatch": Effect.IDEMPOTENT,
    }
)

_KEYS = MappingProxyType(
    {
        "OIS100MI/DelBatchHead": "ORNO",
        "CRS610MI/Add": "CUNO",
        "CRS610MI/AddAddress": "ADID",
        "GLS840MI/AddBatchHead": "KEY1",
        # The last part of the key; the others are mandatory.
        "GLS840MI/AddBatchLine": "LINE",
        "GLS840MI/AddBatchLineFld": "LINE",
        "ARS040MI/AddBatchHead": "PBID",
        "ARS040MI/AddBatchLine": "TRNO",
    }
)

_NO_ORDER = frozenset({NO_RECORD, "WOR0103", "WOR0303"})
_NO_CUSTOMER = frozenset({NO_RECORD, "WCU0103", "WCU0203"})
_NO_ITEM = frozenset({NO_RECORD, "WIT0103"})
_NO_DELIVERY = frozenset({NO_RECORD, "WDL0103"})
_SAME_LINE = frozenset({"XRE0104", "WLI0104"})

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
        "OIS100MI/LstLine": _NO_ORDER,
        "OIS100MI/LstDelLineByCO": _NO_ORDER | {"WPO0103"},
        "CRS610MI/GetBasicData": _NO_CUSTOMER,
        "CRS610MI/GetOrderInfo": _NO_CUSTOMER,
        "CRS610MI/GetFinancial": _NO_CUSTOMER,
        "CRS610MI/LstAddresses": _NO_CUSTOMER,
        "CRS610MI/GetAddress": _NO_CUSTOMER | {"WAD0103"},
        "MMS200MI/GetItmBasic": _NO_ITEM,
        "MMS200MI/GetItmWhsBal": _NO_ITEM,
        "MMS200MI/LstSumWhsBal": _NO_ITEM,
        "MMS060MI/LstNewItemBal": _NO_ITEM,
        "OIS100MI/LstWarehBalance": _NO_ITEM,
        "MMS015MI/Lst": _NO_ITEM,
        "MMS015MI/Get": _NO_ITEM | {"WUN0103"},
        "MMS025MI/LstAlias": _NO_ITEM,
        "OIS017MI/GetBasePrice": _NO_ITEM,
        "MWS411MI/LstDelLnByOrd": _NO_ORDER | {"WRI0103", "WRL0103"},
        "MWS411MI/LstDeliveryLine": _NO_DELIVERY,
        "MWS410MI/GetHead": _NO_DELIVERY,
        "MWS410MI/LstPackages": _NO_DELIVERY,
        "OIS350MI/LstInvHeadByCo": _NO_ORDER,
        "OIS350MI/LstAllInvByCO": _NO_ORDER,
        "OIS350MI/GetInvHead": frozenset({NO_RECORD, "WIV0103"}),
        "ARS200MI/LstInvoices": _NO_CUSTOMER,
        "GLS200MI/LstVoucherLines": frozenset({NO_RECORD, "WVO0103"}),
        "GLS840MI/AddBatchHead": frozenset({"XRE0104", "WKE0104"}),
        "GLS840MI/AddBatchLine": _SAME_LINE,
        "GLS840MI/AddBatchLineFld": _SAME_LINE,
        "ARS040MI/AddBatchHead": frozenset({"XRE0104", "WPB0104"}),
        "ARS040MI/AddBatchLine": frozenset({"XRE0104", "WTN0104"}),
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
