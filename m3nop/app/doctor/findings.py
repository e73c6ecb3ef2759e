"""What an examination finds: one line each, with its remedy."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Result(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should look at it."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Something before it failed, so it could not be made."""


class Finding(Struct, frozen=True):
    """One check; ``access`` marks a failure to reach a system or to sign in to it."""

    check: str
    subject: str
    result: Result
    detail: str = ""
    remedy: str = ""
    access: bool = False


def ok(check: str, subject: str, detail: str = "") -> Finding:
    """Report that all is well."""
    return Finding(check, subject, Result.OK, detail)


def warning(check: str, subject: str, detail: str, remedy: str) -> Finding:
    """Report what somebody should look at."""
    return Finding(check, subject, Result.WARNING, detail, remedy)


def failed(check: str, subject: str, detail: str, remedy: str, *, access: bool = False) -> Finding:
    """Report what has to be mended."""
    return Finding(check, subject, Result.FAILED, detail, remedy, access)


def skipped(check: str, subject: str, because: str) -> Finding:
    """Report what could not be checked."""
    return Finding(check, subject, Result.SKIPPED, because)
