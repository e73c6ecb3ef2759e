"""Checks a connection to M3: sign-in, company, time, the transactions and probes that the pipelines use."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from m3nop.app.doctor.asking import Asker, said, was_let_in
from m3nop.app.doctor.codes import check_codes
from m3nop.app.doctor.findings import Finding, Result, failed, ok, skipped, warning
from m3nop.app.usage import codes_of, operations_of, probes_of
from m3nop.core.clock import to_datetime
from m3nop.core.connector import Call, Effect, FieldInfo, Outcome
from m3nop.core.errors import ConfigurationError, M3nopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.app.usage import UsedOperation, UsedProbe
    from m3nop.core.connector import Facts
    from m3nop.mapping.pipeline import Pipeline

_DRIFT = 300
"""Seconds by which M3's clock may differ from ours."""

_RIGHTS = "let the M3 user that signs in call it (SES400, MNS410)"


def check_m3(session: Session, name: str, pipelines: list[Pipeline]) -> Iterator[Finding]:
    """Check one connection from the outside in; what cannot work after a failure is skipped."""
    asker = Asker(session, name)
    sign_in = _sign_in(session, asker)
    yield sign_in
    if sign_in.result is not Result.OK:
        yield skipped("everything else", name, "nobody could sign in")
        return
    yield from _check_facts(session, asker)
    used = [one for one in operations_of(pipelines) if one.connection == name]
    yield from _check_transactions(asker, used)
    yield from _check_reads(session, asker, used)
    probes = [one for one in probes_of(pipelines) if one.probe.read.target.connection == name]
    yield from _check_probes(session, asker, probes, pipelines)
    yield from check_codes(asker, pipelines, now=session.clock.now())


def _sign_in(session: Session, asker: Asker) -> Finding:
    name = asker.connection
    remedy = (
        f"check connections.{name} of environment {session.place.environment}: address, company, "
        "credentials, and that the service account is not locked"
    )
    try:
        answer = asker.ask("GENERAL/GetUserInfo")
    except ConfigurationError as error:
        # It names its own remedy: a secret that is missing, an .ionapi file that is none.
        return failed("sign-in", name, str(error), "", access=True)
    if answer.outcome is not Outcome.DONE:
        return failed("sign-in", name, said(answer), remedy, access=True)
    user = answer.rows[0].get("ZZUSID") if answer.rows else None
    return ok("sign-in", name, f"as M3 user {user or 'unknown'}")


def _check_facts(session: Session, asker: Asker) -> Iterator[Finding]:
    name = asker.connection
    try:
        facts = session.connection(name).facts()
    except M3nopError as error:
        yield failed("company", name, str(error), f"set `company` and `time_zone` of connections.{name}")
        return
    yield _check_company(session, name, facts)
    yield _check_time(session, asker, facts)


def _check_company(session: Session, name: str, facts: Facts) -> Finding:
    company, division = facts.identity["company"], facts.identity["division"]
    tenant = f"tenant {facts.identity['tenant']}, " if facts.identity.get("tenant") else ""
    where = (
        f"{facts.identity['base_url']}, {tenant}company {company}, "
        f"{f'division {division}' if division else 'no division'}"
    )
    if session.project.connections[name].company is None:
        remedy = f"write `company: {company}` to connections.{name}, so that nobody's settings change it"
        return warning("company", name, f"{where}, the M3 user's own", remedy)
    return ok("company", name, where)


def _check_time(session: Session, asker: Asker, facts: Facts) -> Finding:
    zone = facts.time_zone
    answer = asker.ask("GENERAL/GetServerTime")
    server = _moment(answer.rows[0], zone) if answer.outcome is Outcome.DONE and answer.rows else None
    if server is None:
        remedy = "set `time_zone` by hand if dates come out wrong"
        return warning("time", asker.connection, f"time zone {zone}; M3's clock cannot be read", remedy)
    drift = abs((server - to_datetime(session.clock.now())).total_seconds())
    if drift > _DRIFT:
        detail = f"in {zone} M3's clock differs from ours by {drift / 60:.0f} minutes"
        return failed(
            "time", asker.connection, detail, "set `time_zone`, or correct the clock of this machine"
        )
    return ok("time", asker.connection, f"time zone {zone}, clocks agree")


def _moment(row: Mapping[str, Any], zone: str) -> datetime | None:
    text = f"{row.get('DATE') or ''}{str(row.get('TIME') or '0').split('.')[0]:>06}"
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None


def _check_transactions(asker: Asker, used: list[UsedOperation]) -> Iterator[Finding]:
    """Compare what the pipelines call with what M3's repository says that there is."""
    ours = [one for one in used if not one.operation.name.startswith("table:")]
    programs = sorted({one.operation.name.partition("/")[0] for one in ours})
    answers = asker.ask_all("MRS001MI/LstTransactions", [{"MINM": program} for program in programs])
    for program, answer in zip(programs, answers, strict=True):
        mine = [one for one in ours if one.operation.name.startswith(f"{program}/")]
        if not was_let_in(answer):
            remedy = "let the M3 user call MRS001MI"
            yield warning("transactions", program, f"they could not be looked up: {said(answer)}", remedy)
            continue
        known = {str(row.get("TRNM") or "").strip() for row in answer.rows}
        missing = [one.operation.name for one in mine if one.operation.name.partition("/")[2] not in known]
        if missing:
            remedy = "correct the pipelines, or install it in M3 (MRS001)"
            yield failed("transactions", program, f"this M3 has no {', '.join(missing)}", remedy)
        else:
            yield from _check_fields(asker, program, mine)


def _check_fields(asker: Asker, program: str, used: list[UsedOperation]) -> Iterator[Finding]:
    names = [one.operation.name.partition("/")[2] for one in used]
    asked = [{"MINM": program, "TRNM": name, "TRTP": "I"} for name in names]
    for one, answer in zip(used, asker.ask_all("MRS001MI/LstFields", asked), strict=True):
        known = {str(row.get("FLNM") or "").strip() for row in answer.rows}
        unknown = sorted(one.fields - known)
        if answer.outcome is Outcome.DONE and unknown:
            detail = f"it takes no {', '.join(unknown)} (pipelines {', '.join(sorted(one.pipelines))})"
            yield failed(
                "fields", one.operation.name, detail, f"run `m3nop m3 describe {one.operation.name}`"
            )
    yield ok("transactions", program, ", ".join(names))


def _check_reads(session: Session, asker: Asker, used: list[UsedOperation]) -> Iterator[Finding]:
    """Call every transaction that reads with a key that nothing has."""
    for one in used:
        operation = one.operation
        if operation.effect is not Effect.READ or operation.name.startswith("table:"):
            continue
        fields = {
            name: asker.stranger(info)
            for name, info in (operation.inputs or {}).items()
            if name in one.fields
        }
        answer = session.connection(asker.connection).send([Call("1", operation, fields)])[0]
        if was_let_in(answer):
            yield ok("right", operation.name, "it may be called")
        else:
            yield failed("right", operation.name, said(answer), _RIGHTS)


def _check_probes(
    session: Session, asker: Asker, probes: list[UsedProbe], pipelines: list[Pipeline]
) -> Iterator[Finding]:
    """Try every probe: its answer must be complete, whatever it finds."""
    customers = codes_of(pipelines, frozenset({"CUNO"}), now=session.clock.now())
    tables = session.project.connections[asker.connection].table_reads
    for one in probes:
        target = one.probe.read.target
        fields = {rule.name: _key(asker, one, rule.name) for rule in one.probe.read.fields}
        if customers and "CUNO" in fields:
            fields["CUNO"] = customers[0].code
        answer = session.connection(target.connection).send([Call("1", target.operation, fields)])[0]
        subject = f"{one.pipeline}.{one.probe.name}"
        if was_let_in(answer):
            yield ok("probe", subject, f"{target.operation.name} answers")
        elif target.operation.name.startswith("table:"):
            remedy = "let the M3 user call EXPORTMI, or set `table_reads: false`"
            yield failed("probe", subject, f"the table cannot be read: {said(answer)}", remedy)
        else:
            yield failed("probe", subject, f"{target.operation.name}: {said(answer)}", _RIGHTS)
    if not tables:
        yield ok("table reads", asker.connection, "switched off: probes read lists")


def _key(asker: Asker, used: UsedProbe, name: str) -> str:
    inputs = used.probe.read.target.operation.inputs or {}
    return asker.stranger(inputs[name] if name in inputs else FieldInfo(name, type="A", length=12))
