"""After a run of the whole pack both systems are equal, in both dialects, and no comparison says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.app.reconcile.registry import SUBJECTS, pipelines_of
from m3nop.core.errors import UsageError
from tests.end_to_end.conftest import MakeProject, place
from tests.end_to_end.reconciling import Reconciler

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_run_of_everything_leaves_nothing_to_reconcile(
    make_project: MakeProject, world: World, dialect: str
) -> None:
    project = make_project(dialect=dialect)
    place(world)
    place(world, store_id=2, customer_id=8)
    ended = project.run("sync", "--all")
    assert ended.code == 0, ended.err
    reconciler = Reconciler(project)
    with reconciler.session() as session:
        there = [subject for subject in SUBJECTS if _has(session, subject)]
    assert {"orders", "customers", "products", "payments"} <= set(there)

    for subject in there:
        found = reconciler.compare(subject)
        assert [(one.kind, one.pipeline, one.key, one.message, one.details) for one in found] == []
        assert sum(reconciler.found[-1].tally.compared.values()) > 0


def _has(session: object, subject: str) -> bool:
    try:
        return bool(pipelines_of(session, subject))
    except UsageError:
        return False
