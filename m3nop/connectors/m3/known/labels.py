"""What the fields of the known transactions mean; a name of three characters is of all that begin so."""

from __future__ import annotations

LABELS = """
3RDI id at the payment provider; 3RDP payment provider; AAC0 1 for open ones only
ACAM amount in local currency; ACDT accounting date; ACQT quantity posted; ADID address number
ADRT address type; AGNT agent; AIT accounting dimension; ALCU search key; ALQT allocated quantity
ALUN unit of the quantity; ALWQ alias qualifier; ALWT alias category; AMT1 amount in local currency
AMT2 amount in the order's currency; ARAT exchange rate; ATNR attribute number
AUTP kind of alternative unit, 1 for quantities; AV01 allocatable net quantity; AV02 available quantity
AVAL allocatable quantity on hand; AVTD date promised; AVTQ quantity that can be promised; BAAN bank account
BANO lot number; BCKO back orders allowed; BKID bank account id; BLCD customer stop
BOPE type of payment batch; BPYS status of the payment batch; BRAM gross order value; BSCD base country
BUAR business area; CASH cash invoice; CCAU authorization; CFC free field; CFI free field of the item
CHCD configured item; CHNO change counter; CHPD charge quantity; CHUN charge unit
CINO invoice number in the receivables; CKNO check number; CMNO sales campaign; CNQT quantity in the alias
CODT confirmed delivery date; COFA conversion factor; CONA consignee; CONN shipment; CONO company
COR2 second organization number; CORG organization number; CRAM charge amount; CRD0 charge text
CRFA charge factor; CRID charge; CRLM credit limit; CRTP exchange rate type; CSCD country
CSDS changed in so many days; CSHD cash desk; CTID terminal; CTYP kind of confirmation; CUA1 address line 1
CUA2 address line 2; CUA3 address line 3; CUA4 address line 4; CUAM amount in the voucher's currency
CUCD currency; CUCH customer channel; CUCL customer group; CUCS currency of the sales price
CUDT date of the customer's order; CUNM customer name; CUNO customer; CUOR customer's order number
CUPO customer's order line; CUTM template customer; CUTP customer type; DATE date
DBCR D for debit, C for credit; DCCD decimals of the unit; DCFM decimal format; DECU delivery customer
DESC text of the batch; DIA discount amount; DIC discount status; DIGC discount group
DIP discount percentage; DISY discount model; DIVI division; DLIX delivery; DLQT delivered quantity
DLSP delivery specification; DLSX delivery specification text; DMCF 1 multiplies by the factor, 2 divides
DSDT departure date; DSHM departure time; DSTX delivery specification text; DTFM date format; DUDT due date
DWDT requested delivery date; DWHM requested delivery time; DWNO drawing number; ECAR state or area
EDE2 place; EICD external or internal; ERRM why the customer stayed in status 12; ETRN tracking number
EXAM charges; EXIN full invoice number; FACI facility; FEID kind of ledger entry; FILE table; FITN from item
FLDN column; FLDP decimals; FLDS text; FLLE length; FLMD changed from; FLNC from language; FLNM field
FLTY type; FNCN ledger function; FRCO county; FRDT from date; FRE1 statistics code; FRIT from item
FTCO from or to country; FUDS second description; FVDT valid from; FWNO forwarder
GRNR number of a group of lines; GRP group of the item; GRW2 gross weight; GRWE gross weight
HDRS 1 for a row of column names; HIE level of the item hierarchy; IDAT invoice date; IHEI height
ILEN length; INCG 1 to include general transactions; INPX invoice prefix; INRC invoice recipient
INRI kind of the line; INST invoice status; INTN interface; INVF 1 for balances above zero only
INYR invoice year; IRNO reference; ITCL product group; ITDS item name; ITGR item group
ITNE long item number; ITNO item number; ITTY item type; IVAV invoiced amount with VAT; IVDT invoice date
IVGP invoicing group; IVNO invoice number; IVQT invoiced quantity; IVTP kind of invoice; IWID width
JDCD joint delivery; JRNO journal number; JSNO journal line; KEY1 key of the batch; LANC language
LENG length; LEVL level; LINE line of the batch; LMDT change date; LMTS timestamp in milliseconds
LNAM line amount; LNCD language; LNFP language file prefix; LPDT payment date; LTDT end of the lead time
LTYP line type; LVDT valid to; MAIL e-mail address; MAND mandatory; MDTA message data; MIDS text
MINM program; MODF forwarder's delivery method; MODL delivery method; MSGT message text; MSID message id
NADO foreign or domestic; NAME name; NEPR net price; NETP net price; NEW2 net weight; NEWE net weight
NLAM net line amount; NREF reference number; NTAM net order amount; NTCD net price used
NUPA number of packages; OBLC order stop; OBV first values of the price; OHEA 1 for a head only
ONET net amount; OOIN 1 for open ones only; OPRI priority; ORDT order date; OREF our reference
ORNO order number; ORNR real order number; ORQA quantity in the order's unit
ORQS quantity in the unit of the price; ORQT quantity ordered; ORSL lowest status; ORST highest status
ORTP order type; ORVA subtotal before tax; OTBA total discount amount; OTDP total discount percentage
PACO package level; PACT packaging; PADL partial delivery allowed; PAII number of the package around it
PAN1 other number of the package; PANR package number; PARM text; PASO sort order; PAV3 packed volume
PBID number of the payment batch; PCOF price factor; PFDT end of the planned fence
PGRS status of the delivery; PHN2 second telephone number; PHNO telephone number; PIDE promotion
PIST status of packing; PLQA quantity on picking lists in the alternative unit
PLQT quantity on picking lists; PLTB price list table; PMAM amount paid; PMNB payment number
PONO postal code; PONR line number; POPN alias number; POSX line suffix; PPUN unit of the purchase price
PRGP procurement group; PRRF price list; PRUS principal user; PUSN delivery note; PUTP kind of delivery note
PUUN purchase unit; PYAM amount paid; PYCD payment method; PYDT payment date; PYNO payer
PYRE payment reference; PYTP payment type; QERY query; QTYL from quantity; QUQT quantity in inspection
RAFC remaining amount; RECO 9 for reconciled; REDE date of reconciliation; REMK remark; REPL row
REQT reserved quantity; RESP responsible; RGDT entry date; RGTM entry time; RIDL line of the order
RIDN number of the order; RIDX suffix of the order line; RJQT rejected quantity
RLDT requested delivery date; RLHM requested delivery time; RLQT reserved quantity in back orders
ROAM rounding; RORC kind of order, 3 for customer orders; ROUT route; RSCD reason; SACD price quantity
SAPR sales price; SDST district; SEPC separator; SEQN sequence; SIMU single or multiple; SMCD salesperson
OREP 1 for prices that count only; CAMA 1 to add markups; QTLB from this quantity
SPDT price date; SPUN unit of the price; SQRY query
SSCC serial shipping container code; STAS status of the balance
STAT status; STQM quantity on hand in the main unit; STQT quantity on hand; TAXC tax code
TDSC text of the transaction; TECD cash discount terms; TEDL delivery terms; TEDS description; TEID tenant
TEL2 delivery terms text; TEPA packaging terms; TEPY payment terms; TFNO fax number; TIME time
TINC prices include VAT; TITN to item; TIZO time zone; TLMD changed until; TLNC to language
TMTZ time with zone; TOAM subtotal with tax; TODT to date; TOIT to item; TOPY total; TOWN town
TRCD kind of transaction; TRDS text; TRDT date; TRNM transaction; TRNO line of the payment batch
TRQA quantity in the alternative unit; TRQT quantity; TRTM time; TRTP I for inputs, O for outputs
TX40 description; TX60 error text; TXAP taxable; TXEI 1 external, 2 internal; TXHE document class; TYPE type
TYTR text before (1) or after (2); ULZO unloading zone; UNMS basic unit; USER M3 user; USFN full name
USID user; USTA user status; UTCT time in UTC; VDSC name of the voucher; VERS version; VFDT valid from
VOL3 volume; VONO voucher number; VRNO VAT registration number; VSER voucher series; VTAM VAT amount
VTCD VAT code; VTCS VAT code for sales; VTXT voucher text; WHLO warehouse; WHSL location; YEA4 year
YRE2 second customer's reference; YREF customer's reference; ZDCONO company; ZDDIVI division
ZDDTFM date format; ZDFACI facility; ZDLANC language; ZZUSID user; ZZWHLO warehouse
"""
