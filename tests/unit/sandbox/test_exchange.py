from __future__ import annotations

import asyncio

import pytest

from m3nop.sandbox.exchange import Answer, Call, perform


def test_a_request_survives_the_books():
    call = Call("POST", "/a;b=1", "x=1", (("authorization", "Bearer å"),), b"\x00\xff")

    assert Call.from_document(call.document()) == call
    assert call.header("authorization") == "Bearer å"
    assert call.header("cookie") == ""


def test_an_application_runs_to_its_end_without_an_event_loop():
    async def echo(scope, receive, send):
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x", b"y")]})
        await send({"type": "http.response.body", "body": scope["path"].encode(), "more_body": True})
        await send({"type": "http.response.body", "body": body})

    assert perform(echo, Call("POST", "/p", body=b"!")) == Answer(201, b"/p!", [(b"x", b"y")])


def test_an_application_that_waits_is_told_so():
    async def waits(scope, receive, send):
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="never wait"):
        perform(waits, Call("GET", "/p"))
