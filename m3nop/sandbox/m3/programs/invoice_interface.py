"""The interfaces of invoices and payments."""

from __future__ import annotations

from m3nop.sandbox.m3.interface import parse

_INTERFACES = {
    "OIS350MI": (
        "Customer order invoice interface",
        """
LstInvHeadByCo list List the invoices of an order by delivery
  in ORNO:A10* CONO:N3 WHLO:A3 DLIX:N11 OOIN:N1 TEPY:A3
  out ORNO:A10 WHLO:A3 DLIX:N11 IVNO:N9 IVDT:D10 CUNO:A10 CUN1:A36 PYNO:A10 ORST:A2 CONN:N7 TEPY:A3
  .. AMT1:N17 CUCD:A3 AMT2:N17 RAIN:N13 INPX:A6 EXIN:A14 YEA4:N4 DUDT:D10 RAFC:N17
LstAllInvByCO list List the invoices of an order
  in ORNO:A10* CONO:N3
  out IVNO:N9 IVTP:A2 YEA4:N4 IDAT:D10 PYNO:A10 PYN1:A36 CUNO:A10 CUN1:A36 INRC:A10 INR1:A36 IVAV:N17
  .. RAFC:N17 CUCD:A3 INPX:A6 EXIN:A14 DUDT:D10 TEPY:A3 CASH:N1
GetInvHead one Get an invoice
  in YEA4:N4* IVNO:N9* CONO:N3 DIVI:A3 INPX:A6 EXIN:A14
  out FACI:A3 VONO:N8 PYNO:A10 DUDT:D10 IDAT:D10 FAC2:A3 RAFC:N17 CUCD:A3 INST:A2 CUNM:A36 AMT1:N17
  .. CUC1:A3 AMT2:N17 CUC2:A3 RAIN:N13 CASH:N1 INRC:A10 CUN2:A36 IVTP:A2 ACDT:D10 EXIN:A14 CUNO:A10
  .. RGDT:D10 RGTM:N6 LMDT:D10 CHID:A10 PYCD:A3
LstInvLine list List the lines of an invoice
  in YEA4:N4* IVNO:N9* CONO:N3 DIVI:A3 INPX:A6 EXIN:A14
  out IVTP:A2 ORNO:A10 DLIX:N11 WHLO:A3 IVRF:A30 AMT1:N17 AMT2:N17 PYNO:A10 CUNM:A36 AMT3:N17 VTAM:N17
  .. VTCD:N2 VTP1:N7
""",
    ),
    "ARS200MI": (
        "Customer invoice interface",
        """
LstInvoices list List a customer's invoices
  in CUNO:A10* AAC0:N1 IVDT:D10
  out YEA4:N4 JRNO:N7 JSNO:N7 CINO:A15 TRCD:N2 INYR:N4 RECO:N1 REDE:D10 PYNO:A10 IVDT:D10 DUDT:D10
  .. TDSC:A10
GetInvoice one Get a customer's invoice or payment
  in YEA4:N4* JRNO:N7* JSNO:N7* CONO:N3 DIVI:A3
  out CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 TRCD:N2 PYNO:A10 CUNO:A10 CINO:A15 INYR:N4 VSER:A3 VONO:N8
  .. IVTP:A2 TDSC:A10 CUCD:A3 CRTP:N2 ARAT:N13 CUAM:N17 VTAM:N17 IVDT:D10 DUDT:D10 ACDT:D10 PYCD:A3
  .. TEPY:A3 RECO:N1 REDE:D10
""",
    ),
    "ARS040MI": (
        "Customer payment interface",
        """
AddBatchHead one Create a payment batch
  in PBID:N10* BOPE:A3* CONO:N3 DIVI:A3 BAAN:A15 NADO:A2 VONO:N8 ACDT:D10 BPYS:N1
  out PBID:N10
AddBatchLine one Add a payment to a payment batch
  in PBID:N10* TRNO:N7* CINO:A15* INYR:N4* CUNO:A10* PYAM:N17* CONO:N3 DIVI:A3 PYNO:A10 PYTP:A2 CUCD:A3
  .. ARAT:N12 LPDT:D10 NBCM:N17 ORAT:N14 NBAM:N17 ADAM:N17 ACDA:N17 CDDT:D10 CKNO:A15 AIT1:A10 AIT2:A10
  .. AIT3:A10 AIT4:A10 AIT5:A10 AIT6:A10 AIT7:A10 CKST:A2 IRNO:A40
ControlBatch one Check and enter a payment batch
  in CONO:N3 DIVI:A3 PBID:N10
""",
    ),
    "OIS215MI": (
        "Cash desk interface",
        """
AddPayment one Enter a payment at a cash desk
  in PMNB:N9* CSHD:A5* PYNO:A10* PYCD:A3* PYDT:D10* CUCD:A3* PMAM:N17* BKID:A5 CKNO:A15 IRNO:A40
  .. 3RDP:A10 3RDI:A15 TRTY:A2 CTPY:A20 CANU:A19 NOCA:A36 CCPM:A20 CCPA:A20 CAID:A40 CCAU:A25 CTID:A10
  .. CCVM:A20 CCTR:A20 ADTI:A20
""",
    ),
}

PROGRAMS = tuple(parse(name, about, text) for name, (about, text) in _INTERFACES.items())
