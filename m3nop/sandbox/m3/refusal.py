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
    "ACAM": ("WAC", "Recorded amount"),
    "ACDT": ("WAD", "Accounting date"),
    "ADID": ("WAD", "Address number"),
    "ADRT": ("WAR", "Address type"),
    "AIT1": ("WAI", "Accounting dimension 1"),
    "AIT2": ("WAI", "Accounting dimension 2"),
    "AIT3": ("WAI", "Accounting dimension 3"),
    "AIT4": ("WAI", "Accounting dimension 4"),
    "AIT5": ("WAI", "Accounting dimension 5"),
    "AIT6": ("WAI", "Accounting dimension 6"),
    "AIT7": ("WAI", "Accounting dimension 7"),
    "AITM": ("WAI", "Account"),
    "ALUN": ("WUN", "Unit"),
    "ALWT": ("WAL", "Alias category"),
    "ARAT": ("WRA", "Exchange rate"),
    "BOPE": ("WBO", "Payment type"),
    "CINO": ("WCN", "Invoice number"),
    "CRAM": ("WCA", "Charge"),
    "CRID": ("WCR", "Charge id"),
    "CSCD": ("WCS", "Country"),
    "CSHD": ("WCD", "Cash desk"),
    "CUAM": ("WAM", "Amount"),
    "CUCD": ("WCC", "Currency"),
    "CUNO": ("WCU", "Customer number"),
    "CUTM": ("WCT", "Template customer"),
    "DBCR": ("WDB", "Debit/credit code"),
    "DIVI": ("WDV", "Division"),
    "DLIX": ("WDL", "Delivery number"),
    "FACI": ("WFA", "Facility"),
    "FILE": ("WFI", "File"),
    "INRI": ("WIR", "Record kind"),
    "INTN": ("WIN", "Interface"),
    "INYR": ("WIY", "Invoice year"),
    "ITNO": ("WIT", "Item number"),
    "IVNO": ("WIV", "Invoice number"),
    "JRNO": ("WJR", "Journal number"),
    "JSNO": ("WJS", "Journal line"),
    "KEY1": ("WKE", "Batch"),
    "LINE": ("WLI", "Line"),
    "LNCD": ("WLN", "Language"),
    "MINM": ("WMI", "Program"),
    "MODL": ("WMO", "Delivery method"),
    "ORNO": ("WOR", "Order number"),
    "ORQT": ("WOQ", "Quantity"),
    "ORTP": ("WOT", "Order type"),
    "PANR": ("WPK", "Package"),
    "PARM": ("WPR", "Text"),
    "PBID": ("WPB", "Payment batch"),
    "PLSX": ("WPL", "Picking list"),
    "PMAM": ("WPA", "Payment"),
    "PMNB": ("WPN", "Payment number"),
    "PONR": ("WPO", "Order line"),
    "POPN": ("WAN", "Alias number"),
    "PYAM": ("WPA", "Payment"),
    "PRRF": ("WPI", "Price list"),
    "PYCD": ("WPM", "Payment method"),
    "PYNO": ("WPY", "Payer"),
    "QERY": ("WQE", "Query"),
    "RIDL": ("WRL", "Order line"),
    "SAPR": ("WSA", "Sales price"),
    "SPUN": ("WSP", "Sales price unit"),
    "STCO": ("WST", "Constant value"),
    "STKY": ("WSK", "Key value"),
    "STQT": ("WSQ", "On-hand balance"),
    "TEDL": ("WTD", "Delivery terms"),
    "TEPY": ("WTE", "Payment terms"),
    "TRNM": ("WTR", "Transaction"),
    "TRNO": ("WTN", "Payment line"),
    "TRTP": ("WTT", "Transaction type"),
    "TYPE": ("WTY", "Text type"),
    "TYTR": ("WTX", "Text kind"),
    "USID": ("WUS", "User"),
    "VONO": ("WVO", "Voucher"),
    "VTCD": ("WVT", "VAT code"),
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


_ENDINGS = {"01": "is not valid", "02": "must be entered", "03": "does not exist", "04": "already exists"}


def text_of(code: str) -> str | None:
    """Return the text of a message id, without the value that it is about; None if there is none."""
    ending = _ENDINGS.get(code[5:])
    names = (name for prefix, name in _NAMES.values() if code == f"{prefix}01{code[5:]}")
    name = next(names, None)
    return f"{name} {ending}" if name and ending else None


def refused(text: str, code: str, field: str = "") -> RefusalError:
    """Refuse for a reason that needs its own words."""
    return RefusalError(text, code=code, field=field)


def no_access(field: str, value: str) -> RefusalError:
    """Refuse a company or division that the user may not use."""
    return RefusalError(f"User is not authorized to {value}", code="XAU0008", field=field)


def _named(field: str) -> tuple[str, str]:
    return _NAMES.get(field, (f"W{field[:2]}", field))
