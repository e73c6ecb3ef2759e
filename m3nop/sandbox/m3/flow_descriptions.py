"""What MI fields mean, in a few words; for those of deliveries, invoices, payments and the ledger."""

from __future__ import annotations

TEXT = """
3RDI Id at the third party; 3RDP Third party provider; AAC0 Only open invoices; ACAM Recorded amount
ACDA Cash discount amount; ACDT Accounting date; ACQT Quantity; ACYP Accounting period; ADAM Deducted amount
ADTI Additional information; AIT1 Account; AIT2 Accounting dimension 2; AIT3 Accounting dimension 3
AIT4 Accounting dimension 4; AIT5 Accounting dimension 5; AIT6 Accounting dimension 6
AIT7 Accounting dimension 7; AITC Account that is credited; AITD Account that is debited
AITM Accounting identity; AITP Accounting dimension; ALQT Allocated quantity; AMT1 Amount 1; AMT2 Amount 2
AMT3 Basis amount; ARAT Exchange rate; BAAN Bank account number; BLOP Blocked delivery
BOPE Batch payment type; BPYS Status of the batch; BSCD Base country; CAID Application id; CANU Card number
CASH Cash sales; CCAU Authorization code; CCPA Pan sequence number; CCPM Card payment method
CCTR Card transaction; CCVM Verification method; CDDT Cash discount date; CINO Invoice number
CKNO Check number; CKST Allocation status; CONA Consignee; CONN Shipment; CSHD Cash desk; CSUM Credit sum
CTID Terminal; CTPY Card type; CUAC Credit sum in currency; CUAD Debit sum in currency
CUAM Amount in currency; CUC1 Currency 1; CUC2 Currency 2; CUN1 Customer name; CUN2 Payer name
DBCR Debit/credit code; DEDA Delivery date; DESC Description; DLQA Delivered in alternate unit
DLQT Delivered quantity; DLRM Remark; DLTM Delivery time; DSDT Departure date; DSHM Departure time
DSUM Debit sum; DUDT Due date; EICD External/internal; ETRN Tracking number; EXI1 Additional information 1
EXI2 Additional information 2; EXIN Extended invoice number; EXN1 Information number 1
EXN2 Information number 2; FAC2 Payment facility; FEID Entry id; FNCN Entry function; FRDT From date
FTCO From/to country; FWNO Forwarder; GRNR Group number; GRW2 Gross weight; IDAT Invoice date
INPX Invoice prefix; INR1 Recipient's name; INRI Record kind; INST Invoice status; INTN Interface
INYR Invoice year; IRNO Reference number; IVAV Amount with VAT; IVDT Invoice date; IVNO Invoice number
IVQT Invoiced quantity; IVRF Invoice reference; IVTP Information type; JRNO Journal number
JSNO Journal line; KEY1 Key; LCCD Blocked; LINE Line; LPDT Payment date; NADO Foreign/domestic
NBAM Recorded amount; NBCM Amount in currency; NEW2 Net weight; NOCA Name on card; NRUL Packages
NUPA Packages; OOIN Only open invoices; ORAT Original rate; OT65 Lost sales; PACO Package level
PACT Packaging; PAII Within package; PANR Package; PAQT Packed quantity; PASO Sort order
PBID Payment batch; PDSO Sort order of details; PGRS Delivery status; PIST Packing status
PLQA On picking list, alternate unit; PLQT On picking list; PLSX Picking list; PMAM Payment
PMNB Payment number; PUSN Delivery note; PUTP Kind of delivery note; PYAM Payment; PYDT Payment date
PYN1 Payer's name; PYTP Payment type; RAFC Left to pay; RAIN Invoice rate; RCQM Received in alternate unit
RCQT Received quantity; RECO Reconciled, 9 is paid; REDE Reconciliation date; REPN Receiving number
RIDL Order line; RIDN Order number; RIDX Line suffix; RLFA Released for allocation
RLTD Released for picking; RORC Order category; RSC6 Reason of quantity; RSCD Reason; SHDT Reversal date
SSCC SSCC number; TDSC Description; TODT To date; TRCD Transaction code; TRDT Transaction date
TRNO Payment line; TRQA Quantity in alternate unit; TRQT Quantity in basic unit; TRTM Transaction time
TRTY Transaction type; TTYP Stock transaction type; UPDA Update; VDSC Voucher name; VONO Voucher number
VSER Voucher series; VTAM VAT; VTP1 VAT rate; VTXT Voucher text; YEA4 Year
"""
