"""The interfaces of the ledger.

``GLS200MI/Add`` is no transaction of the standard programs: it stands for one that a site added itself, posts
one debit and one credit (AITD and AITC are names of that site) and has no key that would refuse a repeat.
"""

from __future__ import annotations

from m3nop.sandbox.m3.interface import parse

_INTERFACES = {
    "GLS840MI": (
        "Generic ledger interface",
        """
AddBatchHead one Create a ledger batch
  in CONO:N3* KEY1:A15* INTN:A15* DESC:A40* DIVI:A3 USID:A10
  out CONO:N3
AddBatchLine one Add a line of fixed text to a ledger batch
  in CONO:N3* KEY1:A15* LINE:N7* PARM:A900* DIVI:A3
  out CONO:N3
AddBatchLineFld one Add a line of fields to a ledger batch
  in KEY1:A15* LINE:N7* INRI:A2* DIVI:A3 GRNR:A10 EICD:N1 AIT1:A10 AIT2:A10 AIT3:A10 AIT4:A10 AIT5:A10
  .. AIT6:A10 AIT7:A10 ACQT:N17 CRTP:N2 CUCD:A3 ARAT:N13 CUAM:N17 ACAM:N17 DBCR:A1 ACDT:D10 VTCD:N2
  .. VTXT:A40 FTCO:A3 BSCD:A3 VRNO:A16 EXN1:N3 EXI1:A45 EXN2:N3 EXI2:A45 SHDT:D10
CtrlBatch one Check a ledger batch
  in CONO:N3* KEY1:A15* DIVI:A3
  out CONO:N3
UpdBatch one Post a ledger batch
  in CONO:N3* KEY1:A15* DIVI:A3
  out CONO:N3
""",
    ),
    "GLS200MI": (
        "Ledger information",
        """
LstVouchersByDt list List voucher lines between two dates
  in FRDT:D10* TODT:D10* DIVI:A3
  out CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 FEID:A4 FNCN:N3 TDSC:A10 VDSC:A7 TRCD:N2 ACDT:D10 VSER:A3
  .. VONO:N8 EICD:N1 AIT1:A10 AIT2:A10 AIT3:A10 AIT4:A10 AIT5:A10 AIT6:A10 AIT7:A10 ACQT:N17 CUCD:A3
  .. CRTP:N2 ARAT:N13 ACAM:N17 DBCR:A1 CUAM:N17 BSCD:A3 FTCO:A3 ACYP:N6 CHID:A10 VTXT:A40 RGDT:D10
  .. RGTM:N6 VRNO:A16 LMDT:D10 CHNO:N3
LstVoucherLines list List the lines of a voucher
  in DIVI:A3* YEA4:N4* VONO:N8* CONO:N3 VSER:A3 JRNO:N7
  out CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 FEID:A4 FNCN:N3 TDSC:A10 VDSC:A7 TRCD:N2 ACDT:D10 VSER:A3
  .. VONO:N8 EICD:N1 AIT1:A10 AIT2:A10 AIT3:A10 AIT4:A10 AIT5:A10 AIT6:A10 AIT7:A10 ACQT:N17 CUCD:A3
  .. CRTP:N2 ARAT:N13 ACAM:N17 DBCR:A1 CUAM:N17 BSCD:A3 FTCO:A3 ACYP:N6 CHID:A10 VTXT:A40 RGDT:D10
  .. RGTM:N6 VRNO:A16 LMDT:D10 CHNO:N3 VTCD:N2
GetVoucherHead one Get a voucher
  in DIVI:A3* YEA4:N4* VONO:N8* CONO:N3 VSER:A3 JRNO:N7
  out CONO:N3 DIVI:A3 YEA4:N4 VSER:A3 VONO:N8 FEID:A4 FNCN:N3 TDSC:A10 VDSC:A7 DSUM:N17 CSUM:N17
  .. CUAD:N17 CUAC:N17 CUCD:A3
GetVoucherLine one Get a line of a voucher
  in DIVI:A3* YEA4:N4* VONO:N8* JRNO:N7* JSNO:N7* CONO:N3 VSER:A3
  out CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 FEID:A4 FNCN:N3 TDSC:A10 VDSC:A7 TRCD:N2 ACDT:D10 VSER:A3
  .. VONO:N8 EICD:N1 AIT1:A10 AIT2:A10 AIT3:A10 AIT4:A10 AIT5:A10 AIT6:A10 AIT7:A10 ACQT:N17 CUCD:A3
  .. CRTP:N2 ARAT:N13 ACAM:N17 DBCR:A1 CUAM:N17 BSCD:A3 FTCO:A3 ACYP:N6 CHID:A10 VTXT:A40 RGDT:D10
  .. RGTM:N6 VRNO:A16 LMDT:D10 CHNO:N3 VTCD:N2
Add one Post a voucher of two lines
  in VTXT:A40* ACDT:D10* CUCD:A3* CUAM:N17* AITD:A10* AITC:A10* CONO:N3 DIVI:A3 VTCD:N2 ARAT:N13
  out YEA4:N4 JRNO:N7 VSER:A3 VONO:N8
""",
    ),
    "CRS630MI": (
        "Chart of accounts",
        """
LstAccountID list List accounts and other dimension values
  in AITP:N1* DIVI:A3 AITM:A10 LNCD:A2
  out CONO:N3 DIVI:A3 AITP:N1 AITM:A10 TX40:A40 TX15:A15 LCCD:N1 VTCD:N2 RGDT:D10 LMDT:D10
GetAccountID one Get an account or another dimension value
  in AITP:N1* AITM:A10* DIVI:A3
  out CONO:N3 DIVI:A3 AITP:N1 AITM:A10 TX40:A40 TX15:A15 LCCD:N1 VTCD:N2 RGDT:D10 LMDT:D10
""",
    ),
}

PROGRAMS = tuple(parse(name, about, text) for name, (about, text) in _INTERFACES.items())
