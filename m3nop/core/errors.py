"""Errors grouped by what the caller does about them.

M3nopError
├── UsageError              exit 2    the command line asks for something that cannot be
├── ConfigurationError      exit 3    the project is wrong; carries every problem found
├── AccessError             exit 4    a system cannot be reached or refuses the credentials
├── BusyError               exit 5    another run owns the state database
├── PausedError             exit 7    a maintenance window or an open circuit
├── StateError              exit 3    the state database is damaged, foreign, full or not writable
└── SourceError             exit 4    a system answered a read with rows that were not asked for
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.connector import Failure
    from m3nop.core.problems import Problem


class M3nopError(Exception):
    """Something a user can read and act on; the message names the remedy."""

    exit_code = 1


def let_go(error: BaseException) -> None:
    """Forget where an error came through, and what came before it: it is told by its text alone from here.

    The frames of a run that failed hold the run, which holds the error: all its records would stay in memory
    until the collector looks for such circles, and that may be long.
    """
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    error.__cause__ = error.__context__ = None


class UsageError(M3nopError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = 2


class ConfigurationError(M3nopError):
    """The project's files are wrong."""

    exit_code = 3

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class AccessError(M3nopError):
    """A system cannot be reached, or refuses who we are; ``failure`` says how, where one request failed."""

    exit_code = 4

    def __init__(self, message: str, *, failure: Failure | None = None) -> None:
        self.failure = failure
        super().__init__(message)


class SourceError(M3nopError):
    """A source answered with rows that were not asked for, so nothing it says can be trusted."""

    exit_code = 4


class BusyError(M3nopError):
    """Another process owns the state database."""

    exit_code = 5


class PausedError(M3nopError):
    """Work is paused on purpose: a maintenance window, or a circuit that is open."""

    exit_code = 7


class StateError(M3nopError):
    """The state database is damaged, belongs to another scope, or cannot be written."""

    exit_code = 3
