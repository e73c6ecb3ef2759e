from __future__ import annotations

from typing import Any

from m3nop.core import json
from m3nop.core.records import Record, RecordState
from m3nop.serve.log import LineLog, RunLog


class Standing:
    def now(self) -> int:
        return 1_795_000_000_000_000

    def wait(self, seconds: float) -> None:
        """Wait for nothing."""


def record(key: str = "1042") -> Record:
    return Record(1, "orders", key, "b2c", RecordState.READY, None, "", None, 0, 1)


def lines(*, as_json: bool, every: bool = False) -> tuple[list[str], RunLog, LineLog]:
    written: list[str] = []
    log = LineLog(written.append, clock=Standing(), as_json=as_json)
    return written, RunLog(log, every=every), log


def documents(written: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written]


def test_a_line_of_json_has_time_level_run_pipeline_key_and_message():
    written, run, _ = lines(as_json=True)
    run.began(12, ["orders"])
    run.moved(record(), RecordState.DEAD, "M3 refuses it")

    assert documents(written) == [
        {
            "time": "2026-11-18T11:06:40Z", "level": "warning", "event": "record",
            "message": "orders 1042: dead: M3 refuses it", "run": 12, "pipeline": "orders", "key": "1042",
            "store": "b2c", "state": "dead", "reason": "M3 refuses it",
        }
    ]  # fmt: skip


def test_a_line_of_text_has_time_level_and_run_in_front_of_the_message():
    written, run, log = lines(as_json=False, every=True)
    run.began(12, ["orders"])
    run.moved(record(), RecordState.DONE, "")
    log.say("reload_refused", "the old configuration goes on")

    assert written == [
        "2026-11-18T11:06:40Z INFO run 12: orders began",
        "2026-11-18T11:06:40Z INFO run 12: orders 1042: done",
        "2026-11-18T11:06:40Z ERROR the old configuration goes on",
    ]


def test_a_service_says_nothing_of_records_that_went_well():
    written, run, _ = lines(as_json=False)
    run.began(12, ["orders"])
    run.read("orders", 5)
    run.moved(record(), RecordState.DONE, "")

    assert written == []


def test_neither_credentials_nor_commands_for_terminals_come_through():
    for as_json in (False, True):
        written, run, log = lines(as_json=as_json)
        run.moved(record("\x1b]0;owned\x07"), RecordState.REVIEW, "it said Bearer abcdefgh12345678 \x1b[2J")
        log.say("note", "password=hunter2 and more", detail="api_key: hunter2")

        whole = "\n".join(written)
        assert "abcdefgh" not in whole
        assert "hunter2" not in whole
        assert whole.replace("\n", "").isprintable()
