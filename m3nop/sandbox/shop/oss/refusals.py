"""The shapes in which the oss dialect says no."""

from __future__ import annotations

from typing import Any


class Refused(Exception):  # noqa: N818 -- an answer, not an error of the sandbox
    """Ends a request: a JSON body, a plain text, or nothing at all."""

    def __init__(self, status: int, body: dict[str, Any] | str | None = None) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status}: {body}")


def wrong(status: int, field: str, message: str) -> Refused:
    """Return the plugin's own refusal."""
    return Refused(status, {"errors": {field: [message]}})


def problem(errors: dict[str, list[str]]) -> Refused:
    """Return the framework's refusal of a request that it could not bind."""
    body = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": errors,
        "traceId": "00-00000000000000000000000000000000-0000000000000000-00",
    }
    return Refused(400, body)


def thrown_in_read() -> Refused:
    """Return what a GET answers whose code threw."""
    return wrong(500, "internal_server_error", "please, contact the store owner")


def thrown_in_write() -> Refused:
    """Return what a POST or PUT answers whose code met a null."""
    return Refused(500, {"error": "Object reference not set to an instance of an object."})
