"""GENERAL, whose transactions every program answers, and MNS150MI."""

from __future__ import annotations

from datetime import UTC

from m3nop.sandbox.access import TENANT
from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.refusal import does_not_exist, text_of
from m3nop.sandbox.m3.session import USER, Handler, Record, Row, Session

_GENERAL = """
GetServerTime one Get the server's date and time
  out DATE:D10 TIME:N6 LMTS:N18
ServerTimeZone one Get the server's time with its zone
  out TMTZ:A30 UTCT:A30
GetCurrentUser one Get the user who is signed in
  out TEID:A21 USER:A10 PRUS:A60
GetMessageText one Get the text of a message
  in MSID:A7* LNCD:A2 LNFP:A3 PARM:A132
  out MSGT:A132
GetUserInfo one Get the user and his defaults
  out ZZUSID:A10 ZDCONO:N3 ZDDIVI:A3 ZDFACI:A3 ZZWHLO:A3 ZDLANC:A2 ZDDTFM:A3 TIZO:A5 USFN:A40
"""

_MNS150MI = """
GetUserData one Get a user
  in USID:A10
  out CONO:N3 DIVI:A3 LANC:A2 DTFM:A3 DCFM:A1 TIZO:A5 FACI:A3 WHLO:A3 TX40:A40 CONM:A40 USID:A10
  .. NAME:A36 USTA:A2 EMAL:A60
"""

PROGRAMS = (
    parse("GENERAL", "Transactions of every program", _GENERAL),
    parse("MNS150MI", "User interface", _MNS150MI),
)

_FACILITY, _WAREHOUSE, _LANGUAGE, _ZONE = "A01", "001", "GB", "CET"


def get_server_time(session: Session, _record: Record) -> list[Row]:
    """Tell the server's local date and time, and the milliseconds that LMTS filters take."""
    return [{"DATE": session.today, "TIME": f"{session.time:06}", "LMTS": session.stamp}]


def get_server_time_zone(session: Session, _record: Record) -> list[Row]:
    """Tell the server's time with its offset, and in UTC (the texts' form is an assumption)."""
    local = session.local
    return [
        {
            "TMTZ": local.isoformat(timespec="milliseconds"),
            "UTCT": local.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
        }
    ]


def get_current_user(_session: Session, _record: Record) -> list[Row]:
    """Tell who is signed in (that tenant and user are told in this form is an assumption)."""
    return [{"TEID": TENANT, "USER": USER, "PRUS": USER}]


def get_message_text(_session: Session, record: Record) -> list[Row]:
    """Return the text of a message."""
    text = text_of(record["MSID"])
    if text is None:
        msg = "MSID"
        raise does_not_exist(msg, record["MSID"])
    return [{"MSGT": text}]


def get_user_info(session: Session, _record: Record) -> list[Row]:
    """Tell who asks, and with which defaults."""
    return [
        {
            "ZZUSID": USER,
            "ZDCONO": session.company,
            "ZDDIVI": session.division,
            "ZDFACI": _FACILITY,
            "ZZWHLO": _WAREHOUSE,
            "ZDLANC": _LANGUAGE,
            "ZDDTFM": "YMD",
            "TIZO": _ZONE,
            "USFN": "Integration m3nop",
        }
    ]


def get_user_data(session: Session, record: Record) -> list[Row]:
    """Return a user; without a number the one who asks."""
    user = record.get("USID", USER)
    if user != USER:
        msg = "USID"
        raise does_not_exist(msg, user)
    return [
        {
            "CONO": session.company,
            "DIVI": session.division,
            "LANC": _LANGUAGE,
            "DTFM": "YMD",
            "DCFM": ".",
            "TIZO": _ZONE,
            "FACI": _FACILITY,
            "WHLO": _WAREHOUSE,
            "TX40": "Integration m3nop",
            "CONM": "Fjällräv AB",
            "USID": USER,
            "NAME": "Integration m3nop",
            "USTA": "20",
            "EMAL": "m3nop@shop.example.com",
        }
    ]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GENERAL", "GetServerTime"): get_server_time,
    ("GENERAL", "ServerTimeZone"): get_server_time_zone,
    ("GENERAL", "GetCurrentUser"): get_current_user,
    ("GENERAL", "GetMessageText"): get_message_text,
    ("GENERAL", "GetUserInfo"): get_user_info,
    ("MNS150MI", "GetUserData"): get_user_data,
}
