"""How M3 says no."""

from __future__ import annotations

NOT_OK = "ServerReturnedNOK"
UNKNOWN_TRANSACTION = "TransactionNotFound"
MANDATORY = "MandatoryInputFieldNotFound"
TOO_LONG = "InputFieldTooLong"
# Not in any source: whether M3 ignores or refuses a field that a transaction lacks is unknown, so the
# strict choice is taken, named after the error for a transaction that a program lacks.
UNKNOWN_INPUT = "InputFieldNotFound"
UNKNOWN_OUTPUT = "OutputFieldNotFound"
INVALID_INPUT = "InputFieldInvalid"

# Message ids follow M3's pattern (W, two letters of the field, 01, then 02 to be entered, 03 does not
# exist, 04 exists already); of these only WIT0103 and XAU0008 were seen in a real answer.
_NAMES: dict[str, tuple[str, str]] = {
    "ADID": ("WAD", "Address number"),
    "ADRT": ("WAR", "Address type"),
    "ALUN": ("WUN", "Unit"),
    "ALWT": ("WAL", "Alias category"),
    "CRAM": ("WCA", "Charge"),
    "CRID": ("WCR", "Charge id"),
    "CSCD": ("WCS", "Country"),
    "CUCD": ("WCC", "Currency"),
    "CUNO": ("WCU", "Customer number"),
    "CUTM": ("WCT", "Template customer"),
    "FACI": ("WFA", "Facility"),
    "FILE": ("WFI", "File"),
    "ITNO": ("WIT", "Item number"),
    "LNCD": ("WLN", "Language"),
    "MINM": ("WMI", "Program"),
    "MODL": ("WMO", "Delivery method"),
    "ORNO": ("WOR", "Order number"),
    "ORQT": ("WOQ", "Quantity"),
    "ORTP": ("WOT", "Order type"),
    "PONR": ("WPO", "Order line"),
    "POPN": ("WAN", "Alias number"),
    "PYCD": ("WPM", "Payment method"),
    "PYNO": ("WPY", "Payer"),
    "QERY": ("WQE", "Query"),
    "SAPR": ("WSA", "Sales price"),
    "STCO": ("WST", "Constant value"),
    "STKY": ("WSK", "Key value"),
    "STQT": ("WSQ", "On-hand balance"),
    "TEDL": ("WTD", "Delivery terms"),
    "TEPY": ("WTE", "Payment terms"),
    "TRNM": ("WTR", "Transaction"),
    "TRTP": ("WTT", "Transaction type"),
    "TYPE": ("WTY", "Text type"),
    "TYTR": ("WTX", "Text kind"),
    "USID": ("WUS", "User"),
    "WHLO": ("WWH", "Warehouse"),
}
_MESSAGE_WIDTH = 50
_CODE_WIDTH = 13


class RefusalError(Exception):
    """One transaction was refused."""

    def __init__(self, text: str, *, code: str = "", field: str = "", kind: str = NOT_OK) -> None:
        self.text = text
        self.code = code
        self.field = field
        self.kind = kind
        super().__init__(text)

    @property
    def message(self) -> str:
        """The text as M3 sends it: code and field behind it, padded with blanks."""
        return f"{self.text:<{_MESSAGE_WIDTH}}{self.code:<{_CODE_WIDTH}}{self.field}".rstrip()


def does_not_exist(field: str, value: str) -> RefusalError:
    """Refuse a value that nothing in M3 answers to."""
    prefix, name = _named(field)
    return RefusalError(f"{name} {value} does not exist", code=f"{prefix}0103", field=field)


def exists_already(field: str, value: str) -> RefusalError:
    """Refuse to create what is there."""
    prefix, name = _named(field)
    return RefusalError(f"{name} {value} already exists", code=f"{prefix}0104", field=field)


def must_be_entered(field: str) -> RefusalError:
    """Refuse a blank that a business rule wants filled."""
    prefix, name = _named(field)
    return RefusalError(f"{name} must be entered", code=f"{prefix}0102", field=field)


def is_not_valid(field: str, value: str) -> RefusalError:
    """Refuse a value that is there but must not be used like this."""
    prefix, name = _named(field)
    return RefusalError(f"{name} {value} is not valid", code=f"{prefix}0101", field=field)


def refused(text: str, code: str, field: str = "") -> RefusalError:
    """Refuse for a reason that needs its own words."""
    return RefusalError(text, code=code, field=field)


def no_access(field: str, value: str) -> RefusalError:
    """Refuse a company or division that the user may not use."""
    return RefusalError(f"User is not authorized to {value}", code="XAU0008", field=field)


def _named(field: str) -> tuple[str, str]:
    return _NAMES.get(field, (f"W{field[:2]}", field))
