"""What MI fields mean, in a few words; for those that orders, customers and goods need.

Those of deliveries, invoices, payments and the ledger are in ``flow_descriptions``.
"""

from __future__ import annotations

import re

from m3nop.sandbox.m3 import flow_descriptions

_TEXT = """
ADID Address number; ADRT Address type; AGNO Blanket agreement; ALCU Customer alias; ALUN Alternate unit
ALWQ Alias qualifier; ALWT Alias category; ATNR Attribute number; BANO Lot number; BKID Bank account id
BLCD Customer stop; CHID Changed by; CHNO Change number; CODT Confirmed delivery date; CONO Company
COR2 Organization number 2; CORG Organization number; CRAM Charge; CRD0 Description of the charge
CRFA Calculation factor; CRID Charge id; CRL2 Credit limit 2; CRL3 Credit limit 3; CRLM Credit limit 1
CRTP Exchange rate type; CRTY Charge type; CSCD Country; CTYP Confirmation type; CUA1 Address line 1
CUA2 Address line 2; CUA3 Address line 3; CUA4 Address line 4; CUCD Currency; CUCL Customer group
CUDT Customer's order date; CUNM Customer name; CUNO Customer number; CUOR Customer's order number
CUPO Customer's line number; CUTM Template customer; CUTP Customer type; DATE Date; DCCD Number of decimals
DIVI Division; DLIX Delivery number; DLSP Delivery specification; DSTX Description; DWDT Requested date
E0PA Partner; ECAR State; ECYN Member of the EU; EDES Place; ERRM Error message; FACI Facility
FACN Facility name; FILE Table; FLDN Column; FLDP Decimals; FLDS Description; FLDX Small letters allowed
FLLE Length; FLNM Field; FLTY Type; FRPO From position; FUDS Item description 2; FWHL From warehouse
GRWE Gross weight; HDRS Column headings; INCG Include general transactions; INRC Invoice recipient
ITCL Product group; ITDS Item name; ITGR Item group; ITNO Item number; ITTY Item type; LENG Length
LEVL Level; LINO Line; LMDT Change date; LMTS Time stamp of change; LNCD Language; MAIL E-mail address
MAND Mandatory; MDTA Message data; MIDS Program description; MINM Program; MODL Delivery method
MSID Message id; NEPR Net price; NEWE Net weight; NLAM Net line amount; NREF Reference; NTAM Net order value
OBLC Order stop; OFNO Quotation number; OPRI Order priority; ORDT Order date; OREF Our reference
ORNO Order number; ORNR Customer order number; ORQT Ordered quantity; ORSL Lowest status
ORST Highest status; ORTK Order type category; ORTP Order type; OTBA Discount of the order; PARM Text
PBAM Amount; PHN2 Telephone number 2; PHNO Telephone number; PONO Postal code; PONR Order line
POPN Alias number; POSX Line suffix; PROJ Project; PYCD Payment method; PYNO Payer
PYRE Payment reference; QERY Query; REMK Remark; REPL Reply; RESP Responsible; RGDT Entry date
RGTM Entry time; RLDT Requested delivery date; SALE Sales item; SAPR Sales price; SDST District
SEPC Separator; SIMU Single or multiple; SMCD Salesperson; SPUN Sales price unit; SQRY Search query
STAT Status; STCO Constant value; STKY Key value; TAXC Tax code; TECD Cash discount terms
TEDL Delivery terms; TEL2 Delivery terms text; TEPA Packaging terms; TEPY Payment terms; TFNO Fax number
TIME Time; TIZO Time zone; TMTZ Time with zone; TOPO To position; TOWN City; TRDS Transaction description
TRNM Transaction; TRTP Input or output; TWHL To warehouse; TX15 Name; TX40 Description; TX60 Text
TXAP Tax applicable; TYPE Text type; TYTR Text kind; UNMS Basic unit; USID User; UTCT UTC time
VERS Version; VFDT Valid from; LVDT Valid to; VRNO VAT registration number; VTCD VAT code; VTCS VAT code
WHLO Warehouse; WHNM Warehouse name; YRE2 Your reference 2; YREF Your reference; ZDCONO Company
ZDDIVI Division; ZDDTFM Date format; ZDFACI Facility; ZDLANC Language; ZZUSID User; ZZWHLO Warehouse
ALOC Allocatable; ALQT Allocated quantity; APIP Planning policy; APPR Average cost
AUTP Type of alternate unit
AV01 Allocatable net; AV02 Available inventory; AVAL Allocatable on-hand balance; AVTD Date of promise
AVTQ Quantity to promise; BUAR Business area; CAMU Container; CFI1 Free field 1 of item
CFI2 Free field 2 of item; CFI3 Free field 3 of item; CFI4 Free field 4 of item; CFI5 Free field 5 of item
CNQT Quantity of alias; COFA Conversion factor; CSDS Changed since days; CSNO Customs number
CUCS Currency of the sales price; DIPC Discount percent; DISY Discount model; DMCF Form of conversion
ECCC Trade statistics code; EXQT Excess quantity; FAUT From type of unit; FITN From item number
FLMD From change date; FLNC From language; FRIT From item number; FVDT Valid from; GRTI Technology group
HDPR Main product; HIE1 Hierarchy level 1; HIE2 Hierarchy level 2; HIE3 Hierarchy level 3
HVMT Harvest method; IDDT Last receipt date; IHEI Height; ILEN Length; INDT Last stocktaking date
INVF Only with inventory; ITNE Long item number; IWID Width; LEAT Lead time; LNAM Line amount
LTDT Lead time date; NETP Net price; NTCD Net price used; ODAM Order discount; ODDT Last issue date
ORCO Country of origin; ORQA Quantity in alternate unit; ORQS Quantity in price unit; PCOF Price factor
PFDT Planning fence date; PLQT Quantity on picking lists; PLTB Price list table; PPUN Purchase price unit
PRGP Procurement group; PRRF Price list; PUCD Purchase price quantity; PUPR Purchase price
QTLB Quantity limit in basic unit; QTYL Quantity limit; QUQT Quantity in inspection; REOP Reorder point
REPN Receiving number; REQT Reserved quantity; RJQT Rejected quantity; RLQT Reserved on backorder
SACD Sales price quantity; SCMO Costing model; SPDT Date of the price; SPGV Specific gravity
SSQT Safety stock; STAS Status of the balance; STCD Inventory accounting; STQM Quantity in main unit
STQT On-hand balance approved; TAUT To type of unit; TINC VAT included; TITN To item number
TLMD To change date; TLNC To language; TOIT To item number; TXID Text number; UCOS Costing price
UNMU Order multiple; VAMT Inventory valuation; VOL3 Volume; VTCP VAT code of purchases
WHGR Warehouse group; WHSL Location
"""

_DESCRIPTIONS = dict(
    entry.strip().split(" ", 1)
    for text in (flow_descriptions.TEXT, _TEXT)
    for entry in re.split(r"[;\n]", text.strip())
)


def describe(field: str) -> str:
    """Return a field's description; a field nobody described is described by its name."""
    return _DESCRIPTIONS.get(field, field)
