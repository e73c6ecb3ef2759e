"""Makes one temporary order in M3 and deletes it: the only proof that orders can be entered."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from m3nop.app.actor import current_user
from m3nop.app.calls import is_production
from m3nop.app.doctor.findings import Finding, failed, ok
from m3nop.app.usage import codes_of, operations_of
from m3nop.core.clock import to_datetime
from m3nop.core.connector import Call, Outcome
from m3nop.core.errors import M3nopError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.app.session import Session
    from m3nop.core.connector import Answer
    from m3nop.mapping.pipeline import Pipeline

_HEAD, _DELETE = "OIS100MI/AddBatchHead", "OIS100MI/DelBatchHead"
_LIST = "OIS100MI/LstBatchHead"
_CHECK = "write test"
_ALONE = "no run and no service may go on in this environment meanwhile"


def refuse_in_production(session: Session) -> None:
    """Refuse to write where it is for real.

    Raises:
        UsageError: the environment is called so.
    """
    if is_production(session.place.environment):
        msg = f"--write-test enters an order, so never in {session.place.environment}; try a test environment"
        raise UsageError(msg)


def check_by_writing(session: Session, pipelines: list[Pipeline]) -> Iterator[Finding]:
    """Enter the head of an order, find it, and delete it, in each M3 that the pipelines enter orders in."""
    for used in operations_of(pipelines):
        if used.operation.name == _HEAD:
            yield _WriteTest(session, used.connection, pipelines).run()


class _WriteTest:
    def __init__(self, session: Session, connection: str, pipelines: list[Pipeline]) -> None:
        self._session = session
        self._connection = connection
        self._pipelines = pipelines
        self._reference = f"M3NOP-TEST-{secrets.token_hex(4).upper()}"

    def run(self) -> Finding:
        """Make the order and delete it, whatever happens in between."""
        fields = self._fields()
        if "CUNO" not in fields or "ORTP" not in fields:
            detail = "neither settings nor lookups name a customer and an order type"
            return self._failed(detail, "set guest_customer and the lookup order_types")
        try:
            self._note()
        except M3nopError as error:
            return self._failed(f"nothing was sent: the audit trail cannot note it: {error}", _ALONE)
        answer = self._call(_HEAD, fields)
        if answer.outcome is Outcome.IN_DOUBT:
            numbers = self._find(fields["CUNO"])
        elif answer.outcome is Outcome.DONE and answer.rows:
            numbers = [str(answer.rows[0].get("ORNO") or "")]
        else:
            return self._failed(
                f"{_HEAD}: {answer.failure}", "let the M3 user call it, and correct the codes"
            )
        return self._delete(numbers, fields["CUNO"])

    def _note(self) -> None:
        """Note who makes an order here, before it is sent.

        Raises:
            BusyError, StateError: the state cannot be written.
        """
        now = self._session.clock.now()
        with self._session.own_state().transaction() as tx:
            tx.audit(
                now=now, actor=current_user(), action="write test", subject=f"{self._connection}/{_HEAD}",
                detail={"reference": self._reference},
            )  # fmt: skip

    def _delete(self, numbers: list[str], customer: str) -> Finding:
        if not numbers:
            return self._failed(f"{_HEAD} was not answered, and left nothing", "try again")
        for number in numbers:
            self._call(_DELETE, {"ORNO": number})
        left = self._find(customer)
        if left:
            remedy = f"delete temporary order {', '.join(left)} in OIS275"
            return self._failed(f"{_DELETE} did not delete it", remedy)
        return ok(_CHECK, self._connection, f"temporary order {', '.join(numbers)} was made and deleted")

    def _find(self, customer: str) -> list[str]:
        found = self._call(_LIST, {"CUNO": customer})
        return [str(row.get("ORNO") or "") for row in found.rows if row.get("CUOR") == self._reference]

    def _fields(self) -> dict[str, str]:
        now = self._session.clock.now()
        fields = {"CUOR": self._reference, "RLDT": to_datetime(now).strftime("%Y%m%d")}
        for code in codes_of(self._pipelines, frozenset({"CUNO", "ORTP", "FACI", "WHLO"}), now=now):
            if code.connection == self._connection:
                fields.setdefault(code.field, code.code)
        return fields

    def _call(self, name: str, fields: dict[str, Any]) -> Answer:
        catalog = self._session.project.catalogs[self._connection]
        operation = catalog.operation(name) if catalog else None
        if operation is None:
            msg = f"the project's snapshot does not know {name}; take it again with `m3nop m3 snapshot`"
            raise UsageError(msg)
        return self._session.connection(self._connection).send([Call("1", operation, fields)])[0]

    def _failed(self, detail: str, remedy: str) -> Finding:
        return failed(_CHECK, self._connection, detail, remedy)
