"""Several processes on one PostgreSQL database: claims, turns, leases, and what becomes of those that are gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from m3nop.core.errors import BusyError, StateError
from m3nop.core.records import CallState, Link, LoggedCall, RecordState
from m3nop.state.store import SqlState, open_state
from tests.contract.state.conftest import SCOPE, Desk, SteadyClock, set_up
from tests.contract.state.test_work import opened as opened_attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.postgres import Databases

SHORT = 0.3
"""Seconds of a lease that a test lets end."""


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    """The address of a set up database that several processes may use."""
    copy = postgres.copy("tables", set_up)
    yield copy
    postgres.drop(copy)


@pytest.fixture
def join(url: str, clock: SteadyClock) -> Iterator[Callable[..., Desk]]:
    """Open the state as one more process does."""
    states: list[SqlState] = []

    def open_one(**options: object) -> Desk:
        given = {"scope": SCOPE, "clock": clock, "command": "m3nop sync orders", **options}
        states.append(open_state(url, **given))
        return Desk(states[-1], clock)

    yield open_one
    for state in states:
        state.close()


def execute(url: str, statement: str) -> None:
    """Do something to a database, as its administrator."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


def cut_off(url: str, desk: Desk) -> None:
    """End the sessions of a process, as a network that fails does."""
    fence = desk.state._fence
    execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "  # noqa: S608
        f"AND objid = {fence} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )


def end_lease(url: str, desk: Desk) -> None:
    """Let a lease end that nobody renews: its owner stands still."""
    desk.state._lease.close()
    execute(url, f"UPDATE owners SET expires_at = 1 WHERE fence = {desk.state._fence}")  # noqa: S608


def test_two_processes_work_on_one_database_and_no_record_is_claimed_twice(join):
    one, other = join(), join()
    one.arrive(*map(str, range(300)))
    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(lambda desk: [desk.claim(7) for _ in range(30)], (one, other)))

    keys = [record.key for claims in taken for claim in claims for record in claim]
    assert sorted(keys, key=int) == [str(number) for number in range(300)]
    assert all(any(claim for claim in claims) for claims in taken)
    assert one.state.verify() == []


def test_the_first_of_two_that_find_no_tables_makes_them(postgres_url, clock):
    def start(_: int) -> SqlState:
        return open_state(postgres_url, scope=SCOPE, clock=clock, command="m3nop sync orders")

    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(start, range(2)))

    assert [state.epoch for state in states] == [1, 1]
    assert sorted(row["fence"] for row in states[0].stream("owners")) == [1, 2]
    for state in states:
        state.close()


def test_tables_are_not_changed_beside_a_process_that_works(join):
    one, other = join(), join()

    with pytest.raises(BusyError, match=r"in use by process \d+ \(m3nop sync orders\).*--wait"):
        one.state.begin_epoch(now=1, actor="me", reason="why")
    with pytest.raises(BusyError, match="in use by process"):
        one.state.prune(before=1, now=1, actor="me")
    with pytest.raises(BusyError, match="in use by process"), one.state.alone():
        pytest.fail("it was not alone")
    other.state.close()

    assert one.state.begin_epoch(now=1, actor="me", reason="why") == 2


def test_a_process_that_closes_leaves_no_owner_and_its_claims_to_others(join):
    one, other = join(), join()
    one.arrive("1")
    one.claim()
    one.state.close()

    assert [row["fence"] for row in other.state.stream("owners")] == [other.state._fence]
    with other.state.transaction() as tx:
        assert tx.release_all(now=1) == 1
    assert other.record("1").state is RecordState.READY


def test_the_work_of_a_process_that_lives_is_left_alone(join):
    one = join()
    one.arrive("1", "2")
    one.claim(1)
    other = join()
    with other.state.transaction() as tx:
        assert tx.release_all(now=1) == 0

    assert one.record("1").state is RecordState.IN_FLIGHT
    assert [record.key for record in other.claim()] == ["2"]
    assert [run.result for run in other.state.runs()] == ["running", "running"]


def test_the_work_of_a_process_that_was_cut_off_is_taken_over_at_once(url, join):
    one, other = join(), join()
    one.arrive("1")
    one.claim()
    cut_off(url, one)
    with other.state.transaction() as tx:
        assert tx.release_all(now=1) == 1

    assert [record.key for record in other.claim()] == ["1"]
    assert sorted(run.result for run in other.state.runs()) == ["killed", "running"]
    assert other.state.verify() == []


def test_whoever_was_taken_over_neither_sends_nor_writes_any_more(url, join):
    one, other = join(), join()
    one.arrive("1")
    [record] = one.claim()
    end_lease(url, one)
    with other.state.transaction() as tx:
        tx.release_all(now=1)

    with pytest.raises(BusyError, match=r"lease of 30 s, and another one has taken over"):
        one.save(record, state=RecordState.DONE)
    with pytest.raises(BusyError, match="another one has taken over"):
        one.state._lease.ask()
    with pytest.raises(BusyError, match="another one has taken over"):
        one.state.assure()
    assert other.record("1").state is RecordState.READY


def test_a_lease_that_ended_and_was_not_taken_goes_on(url, join):
    one = join()
    end_lease(url, one)

    one.state._lease.ask()
    one.arrive("1")

    assert [record.key for record in one.claim()] == ["1"]
    [owner] = one.state.stream("owners")
    assert owner["expires_at"] > owner["started_at"]


def test_before_a_request_leaves_the_database_is_asked_only_when_little_of_the_lease_is_left(url, join):
    one = join(lease=3600)
    execute(url, "DELETE FROM owners")
    one.state.assure()

    short = join(lease=SHORT)
    short.state._lease.close()
    execute(url, "DELETE FROM owners")
    short.state.assure()
    execute(url, f"SELECT pg_sleep({SHORT})")
    with pytest.raises(BusyError):
        short.state.assure()


def test_a_database_that_is_away_when_little_of_the_lease_is_left_keeps_requests_from_leaving(
    postgres, clock
):
    url = postgres.copy("tables", set_up)
    state = open_state(url, scope=SCOPE, clock=clock, command="m3nop sync orders", lease=SHORT)
    state._lease.close()
    execute(url, f"SELECT pg_sleep({SHORT})")
    postgres.drop(url)

    with pytest.raises(StateError, match="cannot be used"):
        state.assure()
    state.close()


def test_a_lease_is_renewed_while_its_process_lives(url, join):
    one, other = join(lease=SHORT), join()
    one.arrive("1")
    one.claim()
    with one.state._writer.begin():
        # Longer than the lease, by the database's clock.
        one.state._writer.exec_driver_sql("SELECT pg_sleep(0.5)")
    with other.state.transaction() as tx:
        assert tx.release_all(now=1) == 0


def test_a_process_that_stops_while_it_writes_keeps_its_turn_no_longer_than_a_lease(join):
    one, other = join(lease=SHORT), join()

    with pytest.raises(StateError, match="stopped while it wrote"), one.state.transaction() as tx:
        tx.set_watermark("orders", "", "1", now=1)
        other.arrive("1")
        tx.set_watermark("orders", "", "2", now=1)

    assert other.record("1").state is RecordState.READY
    assert other.state.watermark("orders", "") is None


def test_a_call_of_a_lost_owner_may_have_left_until_its_lease_ended(url, join, clock):
    one, other = join(lease=60), join()
    one.arrive("1")
    [record] = one.claim()
    attempt = opened_attempt(one, record)
    line = LoggedCall(
        "c1", record.id, attempt.id, one.run_id, "head", "erp", "X/Y", "unsafe", {}, CallState.SENT, 1
    )
    with one.state.transaction() as tx:
        tx.log_calls([line])
    cut_off(url, one)
    now = clock.now()
    with other.state.transaction() as tx:
        tx.release_all(now=now)

    [found] = other.state.calls(attempt.id)
    assert found.left_by is not None
    assert now + 50_000_000 < found.left_by <= now + 60_000_000


def test_a_clock_that_differs_from_the_databases_is_named(url, clock):
    name = url.rpartition("/")[2]
    execute(
        url,
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "'SELECT pg_catalog.clock_timestamp() - interval ''1 hour'''",
    )
    execute(url, f"ALTER DATABASE {name} SET search_path = public, pg_catalog")

    with pytest.raises(StateError, match=r"clock of this machine is 3\d\d\d s ahead of that of the state"):
        open_state(url, scope=SCOPE, clock=clock, command="m3nop sync orders")


def test_a_record_that_another_process_works_on_is_not_written_by_who_read_it_before(join):
    one, other = join(), join()
    one.arrive("1", state=RecordState.WAITING, not_before=1)
    seen = one.record("1")
    other.save(other.record("1"), state=RecordState.READY)
    other.claim()
    seen.reason = "looked at again"
    with one.state.transaction() as tx:
        assert not tx.save_if_unchanged(seen)
        assert not tx.save_if_unchanged(one.record("1"))

    assert one.record("1").state is RecordState.IN_FLIGHT


def test_a_record_that_was_changed_and_rests_again_is_not_written_by_who_read_it_before(join):
    one, other = join(), join()
    one.arrive("1", state=RecordState.WAITING, not_before=1)
    seen, again = one.record("1"), one.record("1")
    other.save(other.record("1"), reason="by the other")
    with one.state.transaction() as tx:
        assert not tx.save_if_unchanged(seen)
    assert one.record("1").reason == "by the other"

    again = one.record("1")
    again.reason = "by this one"
    with one.state.transaction() as tx:
        assert tx.save_if_unchanged(again)
    assert one.record("1").reason == "by this one"


def test_a_record_whose_orphans_are_swept_is_claimed_by_nobody_until_that_is_done(join):
    one, other = join(), join()
    one.arrive("1", state=RecordState.REVIEW)
    record = one.record("1")
    with one.state.transaction() as tx:
        assert tx.claim_sweeps([record.id, record.id], now=1, run_id=one.run_id) == {record.id}
    with other.state.transaction() as tx:
        assert tx.claim_sweeps([record.id], now=1, run_id=other.run_id) == set()
        record.state = RecordState.READY
        assert tx.save_if_unchanged(record)
    assert other.claim() == []

    with one.state.transaction() as tx:
        tx.unclaim(record.id)
    assert [found.key for found in other.claim()] == ["1"]


def test_a_record_blocked_by_one_that_was_delivered_meanwhile_is_ready_at_once(join):
    one, other = join(), join()
    one.arrive("order")
    [order] = one.claim()
    with other.state.transaction() as tx:
        tx.put_link(Link("customers", "7", "7", "CUST7", 1))
        tx.wake("customers", ["7"])
    order.state, order.blocked_by = RecordState.BLOCKED, ("customers", "7")
    with one.state.transaction() as tx:
        tx.save_record(order)
        tx.wake_if_linked("customers", "8")
        tx.wake_if_linked("customers", "7")

    assert one.record("order").state is RecordState.READY
