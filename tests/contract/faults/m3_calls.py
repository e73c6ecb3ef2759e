"""A valid call of every operation of the M3 connector, on documents that are entered for it first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.connectors.m3.catalog import TABLE
from m3nop.core.connector import Call, Outcome
from m3nop.sandbox.m3.finance_seed import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.core.connector import Catalog, Connection

Fields = dict[str, Any]

CUSTOMER = "W9999"
REFERENCE = "B2C-9001"
TABLE_KEYS: Mapping[str, Fields] = {
    "OXHEAD": {"OACUOR": REFERENCE},
    "OOHEAD": {"OAORNO": "ORDER"},
    "OOLINE": {"OBORNO": "ORDER"},
    "OCUSMA": {"OKCUNO": CUSTOMER},
    "MITMAS": {"MMITNO": "TENT-2P"},
    "MITBAL": {"MBITNO": "TENT-2P"},
    "ODHEAD": {"UAORNO": "ORDER"},
    "OINVOH": {"UHORNO": "ORDER"},
    "FGLEDG": {"EGVTXT": "Posted"},
    "FSLEDG": {"ESCUNO": CUSTOMER},
}


class Prepared:
    """Documents in M3 that calls can be about, and the calls."""

    def __init__(
        self, connection: Connection, catalog: Catalog, happen: Callable[[str], Any], *, today: str
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._happen = happen
        self.today = today
        self.temporary, self.disposable = self._entered(REFERENCE), self._entered("B2C-9002")
        self.order = self._one("OIS100MI/Confirm", ORNO=self._entered("B2C-9003"))["ORNO"]
        self.cancellable = self._one("OIS100MI/Confirm", ORNO=self._entered("B2C-9004"))["ORNO"]
        self._one("CRS610MI/AddAddress", **self._address("A1"))
        (self.delivery,) = happen(f"orders/{self.order}/deliver")["deliveries"]
        happen(f"orders/{self.order}/invoice")
        self.invoice = self._rows("OIS350MI/LstAllInvByCO", ORNO=self.order)[0]
        self._keep_ledger("Posted", "CtrlBatch", "UpdBatch")
        self._keep_ledger("Checked", "CtrlBatch")
        self._keep_ledger("Open")
        (self.voucher, *_) = self._rows("GLS200MI/LstVouchersByDt", FRDT=today, TODT=today)
        self._one("ARS040MI/AddBatchHead", PBID="1", BOPE="BNK")
        self._rows("ARS040MI/AddBatchLine", **self._payment("1"))
        (self.receivable, *_) = self._rows("ARS200MI/LstInvoices", CUNO=CUSTOMER)
        tables = {f"{TABLE}{table}": self._of_table(keys) for table, keys in TABLE_KEYS.items()}
        self._calls = {**self._acting(), **self._reading(), **tables}

    def fields(self, name: str) -> Fields:
        """Return values that a call of this operation is done with, the first time."""
        return self._calls[name]

    def names(self) -> set[str]:
        """Name the operations that there is a call for."""
        return set(self._calls)

    def _of_table(self, keys: Fields) -> Fields:
        return {name: self.order if value == "ORDER" else value for name, value in keys.items()}

    def _acting(self) -> dict[str, Fields]:
        temporary = {"ORNO": self.temporary}
        charge = {"CRID": "FRT", "CRAM": "9.90"}
        head = {"CUNO": CUSTOMER, "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-9100"}
        customer = {"CUNO": CUSTOMER}
        return {
            "ARS040MI/AddBatchHead": {"PBID": "2", "BOPE": "BNK"},
            "ARS040MI/AddBatchLine": self._payment("2"),
            "ARS040MI/ControlBatch": {"PBID": "1"},
            "CRS610MI/Add": {
                "CUTM": "TPLB2C", "CUNO": "S000099", "CUNM": "Vera", "CUA1": "Lane 1", "YREF": "99",
            },
            "CRS610MI/AddAddress": self._address("A2"),
            "CRS610MI/ChgAddress": {**self._address("A1"), "TOWN": "Malmo"},
            "CRS610MI/ChgBasicData": {**customer, "CUNM": "Web visitors"},
            "CRS610MI/ChgFinancial": {**customer, "VRNO": "SE5566778899"},
            "CRS610MI/ChgOrderInfo": {**customer, "MODL": "EXP"},
            "GLS840MI/AddBatchHead": self._batch("New"),
            "GLS840MI/AddBatchLine": {"CONO": "100", "KEY1": "Open", "LINE": "4", "PARM": "I1"},
            "GLS840MI/AddBatchLineFld": self._voucher_line("Open", 3, "5"),
            "GLS840MI/CtrlBatch": {"CONO": "100", "KEY1": "Open"},
            "GLS840MI/UpdBatch": {"CONO": "100", "KEY1": "Checked"},
            "OIS100MI/AddBatchAddress": {
                **temporary, "ADRT": "1", "CUNM": "Vera", "CUA1": "Lane 1", "PONO": "22222", "TOWN": "Lund",
                "CSCD": "SE",
            },
            "OIS100MI/AddBatchHead": head,
            "OIS100MI/AddBatchHeadChg": {**temporary, **charge},
            "OIS100MI/AddBatchLine": {**temporary, "ITNO": "MUG-TI", "ORQT": "1"},
            "OIS100MI/AddBatchLineChg": {**temporary, "PONR": "1", "POSX": "0", **charge},
            "OIS100MI/AddBatchText": {**temporary, "TYPE": "1", "TYTR": "1", "PARM": "Mind the dog"},
            "OIS100MI/Confirm": temporary,
            "OIS100MI/DelBatchHead": {"ORNO": self.disposable},
            "OIS100MI/DelHead": {"ORNO": self.cancellable},
            "OIS215MI/AddPayment": {
                "PMNB": "77", "CSHD": "WEB01", "PYNO": CUSTOMER, "PYCD": "CRD", "PYDT": self.today,
                "PMAM": "10", "CUCD": "EUR",
            },
        }  # fmt: skip

    def _reading(self) -> dict[str, Fields]:
        customer, order, item = {"CUNO": CUSTOMER}, {"ORNO": self.order}, {"ITNO": "TENT-2P"}
        temporary, delivery = {"ORNO": self.temporary}, {"DLIX": str(self.delivery["dlix"])}
        invoice, voucher = self.invoice, self.voucher
        prices = {"PRRF": "WEB", "CUCD": "EUR", "FVDT": "20250101"}
        described = {"MINM": "OIS100MI", "TRNM": "AddBatchHead", "TRTP": "I"}
        balance = {**item, "WHLO": "001"}
        address = {**customer, "ADRT": "1", "ADID": "A1"}
        return {
            "ARS200MI/GetInvoice": {name: self.receivable[name] for name in ("YEA4", "JRNO", "JSNO")},
            "ARS200MI/LstInvoices": customer,
            "CRS610MI/GetAddress": address,
            "CRS610MI/GetBasicData": customer,
            "CRS610MI/GetFinancial": customer,
            "CRS610MI/GetOrderInfo": customer,
            "CRS610MI/LstAddresses": customer,
            "CRS610MI/LstByNumber": {},
            "CRS610MI/LstTemplates": {},
            "CRS610MI/SearchCustomer": {"SQRY": "CUNO:W9999"},
            "EXPORTMI/LstFields": {"FILE": "OOHEAD"},
            "EXPORTMI/Select": {"QERY": f"OAORNO from OOHEAD where OAORNO = '{self.order}'"},
            "GENERAL/GetCurrentUser": {},
            "GENERAL/GetMessageText": {"MSID": "WIT0103"},
            "GENERAL/GetServerTime": {},
            "GENERAL/GetUserInfo": {},
            "GENERAL/ServerTimeZone": {},
            "GLS200MI/LstVoucherLines": {name: voucher[name] for name in ("DIVI", "YEA4", "VONO")},
            "GLS200MI/LstVouchersByDt": {"FRDT": self.today, "TODT": self.today},
            "MMS015MI/Get": {"ITNO": "FUEL-230", "AUTP": "1", "ALUN": "CTN"},
            "MMS015MI/Lst": {"ITNO": "FUEL-230"},
            "MMS025MI/GetItem": {"ALWT": "2", "POPN": "TENT-2P"},
            "MMS025MI/LstAlias": item,
            "MMS060MI/LstNewItemBal": item,
            "MMS200MI/GetItmBasic": item,
            "MMS200MI/GetItmWhsBal": balance,
            "MMS200MI/LstItmByChgDate": {},
            "MMS200MI/LstItmDescLang": {},
            "MMS200MI/LstSumWhsBal": {"WHLO": "001", "POPN": "TENT-2P"},
            "MMS200MI/SelItem": {},
            "MNS150MI/GetUserData": {},
            "MRS001MI/LstAdtFieldInf": described,
            "MRS001MI/LstFields": described,
            "MRS001MI/LstPrograms": {},
            "MRS001MI/LstTransactions": {"MINM": "OIS100MI"},
            "MWS410MI/GetHead": delivery,
            "MWS410MI/LstPackages": delivery,
            "MWS411MI/LstDelLnByOrd": {"RORC": "3", "RIDN": self.order},
            "MWS411MI/LstDeliveryLine": delivery,
            "OIS017MI/GetBasePrice": {**prices, **item},
            "OIS017MI/LstBasePrice": prices,
            "OIS100MI/GetATP": balance,
            "OIS100MI/GetBatchHead": temporary,
            "OIS100MI/GetHead": order,
            "OIS100MI/GetOrderNo": temporary,
            "OIS100MI/LstBatchHead": customer,
            "OIS100MI/LstBatchLine": temporary,
            "OIS100MI/LstDelLineByCO": {**order, "PONR": "1"},
            "OIS100MI/LstErrMsgOrder": temporary,
            "OIS100MI/LstHead": customer,
            "OIS100MI/LstLine": order,
            "OIS100MI/LstNewBalances": {},
            "OIS100MI/LstWarehBalance": item,
            "OIS275MI/GetBatchHead": temporary,
            "OIS275MI/GetTmpOrderStat": temporary,
            "OIS320MI/GetPriceLine": {**customer, **item},
            "OIS320MI/LstNewPrices": {},
            "OIS320MI/LstPrices": {**customer, **item},
            "OIS350MI/GetInvHead": {"YEA4": invoice["YEA4"], "IVNO": invoice["IVNO"]},
            "OIS350MI/LstAllInvByCO": order,
            "OIS350MI/LstInvHeadByCo": order,
        }

    def _entered(self, reference: str) -> str:
        head = {"CUNO": CUSTOMER, "ORTP": "W01", "FACI": "A01", "CUOR": reference}
        number = self._one("OIS100MI/AddBatchHead", **head)["ORNO"]
        for item in ("TENT-2P", "MUG-TI"):
            self._one("OIS100MI/AddBatchLine", ORNO=number, ITNO=item, ORQT="1", SAPR="10")
        return str(number)

    def _address(self, number: str) -> Fields:
        return {
            "CUNO": CUSTOMER, "ADRT": "1", "ADID": number, "CUNM": "Vera", "CUA1": "Lane 1", "TOWN": "Lund",
            "PONO": "22222", "CSCD": "SE",
        }  # fmt: skip

    def _keep_ledger(self, key: str, *finish: str) -> None:
        self._rows("GLS840MI/AddBatchHead", **self._batch(key))
        for line, amount in ((1, "5"), (2, "-5")):
            self._rows("GLS840MI/AddBatchLineFld", **self._voucher_line(key, line, amount))
        for name in finish:
            self._rows(f"GLS840MI/{name}", CONO="100", KEY1=key)

    def _batch(self, key: str) -> Fields:
        return {"CONO": "100", "KEY1": key, "INTN": INTERFACE, "DESC": key}

    def _voucher_line(self, key: str, line: int, amount: str) -> Fields:
        account = "2421" if amount.startswith("-") else "1930"
        return {
            "KEY1": key, "LINE": str(line), "INRI": "I1", "AIT1": account, "CUCD": "EUR", "CUAM": amount,
            "ACDT": self.today, "VTXT": key,
        }  # fmt: skip

    def _payment(self, line: str) -> Fields:
        invoice = self.invoice
        return {
            "PBID": "1", "TRNO": line, "CINO": invoice["EXIN"], "INYR": invoice["YEA4"], "CUNO": CUSTOMER,
            "PYAM": "1", "IRNO": "Shop",
        }  # fmt: skip

    def _rows(self, name: str, **fields: Any) -> Any:
        operation = self._catalog.operation(name)
        assert operation is not None
        (answer,) = self._connection.send([Call("0", operation, fields)])
        assert answer.outcome is Outcome.DONE, (name, answer.failure)
        return answer.rows

    def _one(self, name: str, **fields: Any) -> Any:
        rows = self._rows(name, **fields)
        return rows[0] if rows else {}


def companion_of(name: str, prepared: Prepared) -> tuple[str, Fields]:
    """Return the name and values of another call of the same program, that can be done beside this one."""
    other, changed = _COMPANIONS[name.partition("/")[0]]
    return other, {**prepared.fields(other), **changed}


_COMPANIONS: Mapping[str, tuple[str, Fields]] = {
    "ARS040MI": ("ARS040MI/AddBatchHead", {"PBID": "3"}),
    "CRS610MI": ("CRS610MI/Add", {"CUNO": "S000098", "YREF": "98"}),
    "GLS840MI": ("GLS840MI/AddBatchHead", {"KEY1": "Other", "DESC": "Other"}),
    "OIS100MI": ("OIS100MI/AddBatchHead", {"CUOR": "B2C-9200"}),
    "OIS215MI": ("OIS215MI/AddPayment", {"PMNB": "78"}),
}
