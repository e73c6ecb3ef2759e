"""The few transactions and fields that the pack uses, for projects without a snapshot of their tenant.

Names, types and lengths are those of M3's MI repository. A field is ``NAME:TYPELENGTH``, with ``!`` where
the repository says that it is mandatory. A snapshot of the tenant takes the place of all this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from m3nop.core.connector import FieldInfo


@dataclass(frozen=True, slots=True)
class TransactionInfo:
    """What is known of a transaction; ``many`` for one that answers a list."""

    name: str
    description: str
    many: bool
    inputs: Mapping[str, FieldInfo]
    outputs: Mapping[str, FieldInfo]


class KnownFields(Mapping[str, FieldInfo]):
    """Some fields of a transaction that has more: any other field name is taken too, without a type."""

    def __init__(self, fields: Mapping[str, FieldInfo]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> FieldInfo:
        if name in self._fields:
            return self._fields[name]
        if not _FIELD_NAME.fullmatch(name):
            raise KeyError(name)
        return FieldInfo(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


_FIELD_NAME = re.compile(r"[A-Z0-9]{4}")
"""Fields of the standard transactions have four characters, so a typing error of another length is found."""

_FIELD = re.compile(r"(\w+)(!?):([AND])(\d+)")


@cache
def shipped() -> Mapping[str, TransactionInfo]:
    """Return the transactions by their full names."""
    labels = dict(_label(text) for text in re.split(r"[;\n]", _LABELS.strip()))
    blocks = re.split(r"\n(?=\S)", _TRANSACTIONS.strip())
    return {info.name: info for info in (_transaction(block, labels) for block in blocks)}


def _label(text: str) -> tuple[str, str]:
    name, _, label = text.strip().partition(" ")
    return name, label


def _transaction(block: str, labels: Mapping[str, str]) -> TransactionInfo:
    head, _, rest = block.partition("\n")
    names, _, description = head.partition(": ")
    inputs, _, outputs = rest.partition("  out")
    name, _, many = names.partition(" ")
    return TransactionInfo(
        name,
        description.removesuffix("."),
        bool(many),
        KnownFields(_fields(inputs, labels)),
        KnownFields(_fields(outputs, labels)),
    )


def _fields(text: str, labels: Mapping[str, str]) -> dict[str, FieldInfo]:
    found = (match.groups() for match in _FIELD.finditer(text))
    return {
        name: FieldInfo(
            name,
            type=kind,
            length=int(length),
            mandatory=bool(mark),
            description=labels.get(name) or labels.get(name[:3], ""),
        )
        for name, mark, kind, length in found
    }


_TRANSACTIONS = """
OIS100MI/AddBatchHead: Enters the head of a temporary order.
  in  CUNO!:A10 CONO:N3 LNCD:A2 ORTP:A3 RLDT:D8 FACI:A3 CUOR:A20 AGNT:A10 SMCD:A10 MODL:A3 TEDL:A3
      YREF:A30 OTBA:A16 TEPY:A3 PYNO:A10 ADID:A6 CUCD:A3 OREF:A30 TEL2:A36 CUDT:D8 INRC:A10 ORDT:D8
      RLHM:N4 TEPA:A3 TIZO:A5 DLSP:A12 DSTX:A36 TECD:A3 PLTB:A10 DISY:A10 OTDP:A15 CRTP:N2 WHLO:A3
      NREF:A20 PYCD:A3 FRE1:A5 RESP:A10 OHEA:N1 CUCH:A15 DECU:A10 PYRE:A25 OPRI:N1
  out ORNO:A10
OIS100MI/AddBatchAddress: Gives a temporary order an address of its own.
  in  ORNO!:A10 ADRT!:N2 CONO:N3 ADID:A6 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
      PHNO:A10 PHN2:A16 TFNO:A10 CSCD:A3 VRNO:A16 TAXC:A3 ECAR:A2 YREF:A30 DLSP:A12 DSTX:A36 MODL:A3
      TEDL:A3 TEL2:A36 TOWN:A20 FRCO:A7 EDE2:A10 ULZO:A5
OIS100MI/AddBatchText: Adds a text to the head or a line of a temporary order.
  in  ORNO!:A10 TYPE!:A1 TYTR!:N1 PARM!:A240 CONO:N3 PONR:N5 POSX:N3 TXHE:A10 LNCD:A2 TX40:A40
      TXEI:N1
OIS100MI/AddBatchLine: Enters a line of a temporary order.
  in  ORNO!:A10 ITNO!:A15 CONO:N3 ORQT:A16 WHLO:A3 DWDT:D8 JDCD:A5 CUPO:A7 SAPR:A18 DIA1:A16
      DIA2:A16 DIA3:A16 DIA4:A16 DIA5:A16 DIA6:A16 DIP1:N5 DIP2:N5 DIP3:N5 DIP4:N5 DIP5:N5 DIP6:N5
      DIC1:N1 DIC2:N1 DIC3:N1 DIC4:N1 DIC5:N1 DIC6:N1 ALUN:A3 SPUN:A3 SACD:N5 CODT:D8 ITDS:A30
      TEDS:A60 ALWT:N2 ALWQ:A4 POPN:A30 CUOR:A20 DLSP:A12 DLSX:A36 DWHM:N4 ADID:A6 BANO:A20 WHSL:A10
      RSCD:A3 CMNO:A4 PIDE:A4 LTYP:A1 MODL:A3 TEPY:A3
  out PONR:N5 POSX:N3 ATNR:N17
OIS100MI/AddBatchHeadChg: Adds a charge to a temporary order.
  in  ORNO!:A10 CRID!:A6 CONO:N3 CRAM:N16 CRFA:N12 CRD0:A30 TAXC:A3 CUCD:A3
OIS100MI/AddBatchLineChg: Adds a charge to a line of a temporary order.
  in  ORNO!:A10 PONR!:N5 POSX!:N3 CRID!:A6 CONO:N3 CRAM:N16 CRFA:N12 CRD0:A30 CHPD:N5 CHUN:A3
OIS100MI/Confirm: Makes a temporary order real.
  in  ORNO!:A10 CONO:N3 CTYP:A1
  out ORNO:A10 STAT:A2
OIS100MI/DelBatchHead: Deletes a temporary order.
  in  ORNO!:A10 CONO:N3
OIS100MI/LstBatchHead many: Lists the temporary orders of a customer.
  in  CUNO!:A10 CONO:N3 ORSL:A2 ORST:A2
  out ORNO:A10 ORTP:A3 RLDT:D8 STAT:A2 FACI:A3 CUOR:A20 MODL:A3 TEDL:A3 YREF:A30 OTBA:A16 ORDT:D8
      ORSL:A2 ORST:A2 ORNR:A10 PYRE:A25
OIS100MI/LstBatchLine many: Lists the lines of a temporary order.
  in  ORNO!:A10 CONO:N3
  out ITNO:A15 ITDS:A30 ORQT:A16 WHLO:A3 CUPO:A7 DWDT:D8 SAPR:A18 DIA1:A16 DIA2:A16 DIA3:A16
      DIA4:A16 DIA5:A16 DIA6:A16 PONR:A5 POSX:A3 ATNR:N17
OIS100MI/LstHead many: Lists the orders of a customer.
  in  CUNO!:A10 CONO:N3 ORSL:A2 ORST:A2
  out ORNO:A10 ORTP:A3 RLDT:D8 STAT:A2 FACI:A3 CUOR:A20 MODL:A3 TEDL:A3 YREF:A30 OTBA:A16 ORDT:D8
      ORSL:A2 ORST:A2 PYRE:A25
OIS100MI/LstErrMsgOrder many: Lists what M3 found wrong with a temporary order.
  in  ORNO!:A10 CONO:N3
  out LEVL:A2 MDTA:A132 TX60:A60 MSID:A7
OIS100MI/GetHead: Reads the head of an order.
  in  ORNO!:A10 CONO:N3
  out ORNO:A10 CUNO:A10 ORTP:A3 ORDT:D8 STAT:A2 FACI:A3 CUOR:A20 MODL:A3 TEDL:A3 YREF:A30 TEPY:A3
      PYNO:A10 PYCD:A3 ADID:A6 CUCD:A3 OREF:A30 NTAM:N15 ORSL:A2 ORST:A2 ONET:N16 EXAM:N16 ORVA:N16
      VTAM:N16 TOAM:N16 ROAM:N16 TOPY:N16 WHLO:A3 DIVI:A3 CUDT:D8 RLDT:D8 PYRE:A25 OBLC:N1
OIS100MI/GetBatchHead: Reads the head of a temporary order.
  in  ORNO!:A10 CONO:N3
  out ORNO:A10 ORTP:A3 ORDT:D8 STAT:A2 FACI:A3 CUOR:A20 MODL:A3 TEDL:A3 YREF:A30 TEPY:A3 PYNO:A10
      ADID:A6 CUCD:A3 OREF:A30 NTAM:N15 RLDT:D8 ORSL:A2 ORST:A2 PYRE:A25
OIS100MI/GetOrderNo: Tells which order a temporary one became.
  in  ORNO!:A10 CONO:N3
  out ORNR:A10
OIS275MI/GetTmpOrderStat: Tells how far a temporary order is, and which order it became.
  in  ORNO!:A10
  out ORNO:A10 ORNR:A10 STAT:A2
OIS275MI/GetBatchHead: Reads the head of a temporary order, with its amounts.
  in  ORNO!:A10
  out ORNO:A10 CUNO:A10 ORTP:A3 ORDT:D8 STAT:A2 FACI:A3 CUOR:A20 MODL:A3 TEDL:A3 YREF:A30 TEPY:A3
      PYNO:A10 ADID:A6 CUCD:A3 OREF:A30 NTAM:N17 RLDT:D8 ORSL:A2 ORST:A2 OBLC:N1 BRAM:N17 VTAM:N17
CRS610MI/Add: Creates a customer from a template.
  in  CUTM!:A10 CUNM!:A36 CUA1!:A36 CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUA2:A36 CUA3:A36 CUA4:A36
      PONO:A10 TOWN:A20 ECAR:A2 CSCD:A3 FRCO:A7 PHNO:A16 PHN2:A16 TFNO:A16 MAIL:A50 CUTP:N1 ALCU:A10
      YREF:A30 YRE2:A30 STAT:A2 CFC1:A10 CFC3:A3 CFC4:A5 CFC5:A1 CFC6:A10 CFC8:A3 CFC9:A5 CFC0:A1
      IVGP:A3
  out CUNO:A10 ERRM:A50
CRS610MI/GetBasicData: Reads a customer.
  in  CUNO!:A10 CONO:N3
  out CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
      TOWN:A20 ECAR:A2 CSCD:A3 PHNO:A16 PHN2:A16 TFNO:A16 MAIL:A50 CUTP:N1 ALCU:A10 YREF:A30
      YRE2:A30 STAT:A2 CUCD:A3 LMDT:D8 RGDT:D8 CHNO:N3
CRS610MI/ChgBasicData: Changes the basic data of a customer.
  in  CUNO!:A10 CONO:N3 DIVI:A3 LNCD:A2 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
      TOWN:A20 ECAR:A2 CSCD:A3 FRCO:A7 PHNO:A16 PHN2:A16 TFNO:A16 MAIL:A50 CUTP:N1 ALCU:A10 YREF:A30
      YRE2:A30 STAT:A2 CFC1:A10 CFC3:A3 CFC4:A5 CFC5:A1 CFC6:A10 CFC8:A3 CFC9:A5 CFC0:A1
  out CUNO:A10
CRS610MI/ChgOrderInfo: Changes a customer's terms for orders.
  in  CUNO!:A10 CONO:N3 DIVI:A3 LNCD:A2 CUCL:A3 OREF:A30 SMCD:A10 SDST:A3 ORTP:A3 TEDL:A3 MODL:A3
      WHLO:A3 DISY:A10 DIGC:A2 TEPY:A3 PYNO:A10 IVGP:A3 FACI:A3 PLTB:A10 INRC:A10 TEPA:A3 RESP:A10
      TINC:N1 BCKO:N1 PADL:N1
CRS610MI/ChgFinancial: Changes a customer's financial terms.
  in  CUNO!:A10 CONO:N3 DIVI:A3 LNCD:A2 CORG:A11 COR2:A11 CUCD:A3 VTCD:N2 VRNO:A16 CRLM:N15 CRTP:N2
      TXAP:N1 TAXC:A3 PYCD:A3 TECD:A3 BLCD:N1
CRS610MI/AddAddress: Adds an address to a customer.
  in  CUNO!:A10 ADRT!:N2 ADID!:A6 CUA1!:A36 PONO!:A10 CSCD!:A3 TOWN!:A20 CONO:N3 DIVI:A3 CUNM:A36
      CUA2:A36 CUA3:A36 CUA4:A36 ECAR:A2 FRCO:A7 PHNO:A16 TFNO:A16 YREF:A30 MODL:A3 TEDL:A3 TEL2:A36
      VRNO:A16 TAXC:A3 FVDT:D8 LVDT:D8
  out CONO:N3 CUNO:A10 ADRT:N2 ADID:A6
CRS610MI/LstByNumber many: Lists customers by number.
  in  CONO:N3 CUNO:A10 LMTS:N18
  out CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
      TOWN:A20 ECAR:A2 CSCD:A3 PHNO:A16 PHN2:A16 MAIL:A50 CUTP:N1 ALCU:A10 YREF:A30 CUCD:A3 VRNO:A16
      ORTP:A3 TEDL:A3 MODL:A3 TEPY:A3 PYNO:A10 STAT:A2
CRS610MI/LstTemplates many: Lists the templates that customers are created from.
  in  CONO:N3
  out CONO:N3 CUNO:A10 CUNM:A36
MMS025MI/GetItem: Tells which item an alias stands for.
  in  ALWT!:N2 POPN!:A30 CONO:N3 ALWQ:A4
  out ITNO:A15 POPN:A30
EXPORTMI/Select many: Reads a table.
  in  QERY!:A982 SEPC:A1 HDRS:N1
  out REPL:A984
EXPORTMI/LstFields many: Lists the columns of a table.
  in  FILE!:A10
  out FLDN:A6 FLDS:A15 FLTY:A1 FLLE:N3 FLDP:N2
MRS001MI/LstPrograms many: Lists the programs.
  out MINM:A10 MIDS:A60 VERS:A4 LMDT:D8
MRS001MI/LstTransactions many: Lists the transactions of a program.
  in  MINM!:A10 INCG:A1
  out MINM:A10 TRNM:A15 TRDS:A60 VERS:A4 STAT:N2 SIMU:A1 LMDT:D8
MRS001MI/LstFields many: Lists the fields of a transaction.
  in  MINM!:A10 TRNM!:A15 TRTP!:A1
  out MINM:A10 TRNM:A15 TRTP:A1 FLNM:A10 FLDS:A60 LENG:N3 TYPE:A1 MAND:A1 LMDT:D8
MNS150MI/GetUserData: Reads a user's settings.
  in  USID:A10
  out CONO:N3 DIVI:A3 LANC:A2 DTFM:A3 DCFM:A1 TIZO:A5 FACI:A3 WHLO:A3 USID:A10 NAME:A36 USTA:A2
GENERAL/ServerTimeZone: Tells the server's time with its zone.
  out TMTZ:A30 UTCT:A30
GENERAL/GetServerTime: Tells the server's time.
  out DATE:D8 TIME:N6 LMTS:N18
GENERAL/GetUserInfo: Tells who is signed in.
  out ZZUSID:A10 ZDCONO:N3 ZDDIVI:A3 ZDFACI:A3 ZZWHLO:A3 ZDLANC:A2 ZDDTFM:A3 TIZO:A5 USFN:A40
GENERAL/GetCurrentUser: Tells who is signed in, by user id.
  out TEID:A21 USER:A10 PRUS:A60
GENERAL/GetMessageText: Tells the text of a message id.
  in  MSID!:A7 LNCD:A2 LNFP:A3 PARM:A132
  out MSGT:A132
"""

_LABELS = """
ADID address number; ADRT address type; AGNT agent; ALCU search key; ALUN unit of the quantity
ALWQ alias qualifier; ALWT alias category; ATNR attribute number; BANO lot number; BCKO back orders allowed
BLCD customer stop; BRAM gross order value; CFC free field; CHNO change counter; CHPD charge quantity
CHUN charge unit; CMNO sales campaign; CODT confirmed delivery date; CONO company
COR2 second organization number; CORG organization number; CRAM charge amount; CRD0 charge text
CRFA charge factor; CRID charge; CRLM credit limit; CRTP exchange rate type; CSCD country
CTYP kind of confirmation; CUA1 address line 1; CUA2 address line 2; CUA3 address line 3
CUA4 address line 4; CUCD currency; CUCH customer channel; CUCL customer group
CUDT date of the customer's order; CUNM customer name; CUNO customer; CUOR customer's order number
CUPO customer's order line; CUTM template customer; CUTP customer type; DATE date; DCFM decimal format
DECU delivery customer; DIA discount amount; DIC discount status; DIGC discount group
DIP discount percentage; DISY discount model; DIVI division; DLSP delivery specification
DLSX delivery specification text; DSTX delivery specification text; DTFM date format
DWDT requested delivery date; DWHM requested delivery time; ECAR state or area; EDE2 place
ERRM why the customer stayed in status 12; EXAM charges; FACI facility; FILE table; FLDN column
FLDP decimals; FLDS text; FLLE length; FLNM field; FLTY type; FRCO county; FRE1 statistics code
FVDT valid from; HDRS 1 for a row of column names; INCG 1 to include general transactions
INRC invoice recipient; ITDS item name; ITNO item number; IVGP invoicing group; JDCD joint delivery
LANC language; LENG length; LEVL level; LMDT change date; LMTS timestamp in milliseconds; LNCD language
LNFP language file prefix; LTYP line type; LVDT valid to; MAIL e-mail address; MAND mandatory
MDTA message data; MIDS text; MINM program; MODL delivery method; MSGT message text; MSID message id
NAME name; NREF reference number; NTAM net order amount; OBLC order stop; OHEA 1 for a head only
ONET net amount; OPRI priority; ORDT order date; OREF our reference; ORNO order number
ORNR real order number; ORQT quantity ordered; ORSL lowest status; ORST highest status; ORTP order type
ORVA subtotal before tax; OTBA total discount amount; OTDP total discount percentage
PADL partial delivery allowed; PARM text; PHN2 second telephone number; PHNO telephone number
PIDE promotion; PLTB price list table; PONO postal code; PONR line number; POPN alias number
POSX line suffix; PRUS principal user; PYCD payment method; PYNO payer; PYRE payment reference; QERY query
REPL row; RESP responsible; RGDT entry date; RLDT requested delivery date; RLHM requested delivery time
ROAM rounding; RSCD reason; SACD price quantity; SAPR sales price; SDST district; SEPC separator
SIMU single or multiple; SMCD salesperson; SPUN unit of the price; STAT status; TAXC tax code
TECD cash discount terms; TEDL delivery terms; TEDS description; TEID tenant; TEL2 delivery terms text
TEPA packaging terms; TEPY payment terms; TFNO fax number; TIME time; TINC prices include VAT
TIZO time zone; TMTZ time with zone; TOAM subtotal with tax; TOPY total; TOWN town; TRDS text
TRNM transaction; TRTP I for inputs, O for outputs; TX40 description; TX60 error text; TXAP taxable
TXEI 1 external, 2 internal; TXHE document class; TYPE type; TYTR text before (1) or after (2)
ULZO unloading zone; USER M3 user; USFN full name; USID user; USTA user status; UTCT time in UTC
VERS version; VRNO VAT registration number; VTAM VAT amount; VTCD VAT code; WHLO warehouse; WHSL location
YRE2 second customer's reference; YREF customer's reference; ZDCONO company; ZDDIVI division
ZDDTFM date format; ZDFACI facility; ZDLANC language; ZZUSID user; ZZWHLO warehouse
"""
