"""Tables, the MI repository, and the server itself."""

from __future__ import annotations

BASICS = """
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
MRS001MI/LstAdtFieldInf many: Lists the fields of a transaction with their decimals.
  in  MINM!:A10 TRNM!:A15 TRTP!:A1
  out FLNM:A10 FLDS:A60 LENG:N3 FLDP:N2 TYPE:A1 MAND:A1
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
