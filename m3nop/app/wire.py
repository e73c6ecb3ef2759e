"""Keeps the exchange with both systems as a cassette, and plays it again without a network.

Logins, headers and payment card fields are never kept. Addresses become those of nowhere, one for each
connection.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3nop.app.cassettes import recorder, through, vcrpy
from m3nop.app.opening import Opener
from m3nop.app.scrubbing import replaced_texts, scrubbed
from m3nop.app.secrets import Secrets
from m3nop.app.session import Place, Session
from m3nop.core import json
from m3nop.core.errors import AccessError
from m3nop.core.secrets import Secret
from m3nop.http.response import without_cards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Catalog, Connection, ConnectorType
    from m3nop.spec.project import LoadedProject

NOWHERE = "http://127.0.0.1:9"
_LOGINS = ("/token", "/gettoken", "/token.oauth2", "/authenticate")
_MATCH = ("method", "uri", "raw_body")
_SHORTEST = 4
"""Characters of a text that is also replaced where it was sent."""


@contextmanager
def recording(session: Session, path: Path, *, scrub: bool) -> Iterator[None]:
    """Keep what is sent and answered meanwhile.

    Raises:
        UsageError: vcrpy is not installed.
    """
    texts: dict[str, str] = {}
    bases = {_base(session, name): name for name in session.project.connections}

    def kept_request(request: Any) -> Any:  # noqa: ANN401  vcrpy's
        if request.path.lower().endswith(_LOGINS):
            return None
        if request.uri.startswith(NOWHERE):
            # vcrpy asks again with what it was given.
            return request
        base = next((one for one in bases if request.uri.startswith(one)), None)
        if base is None:
            return None
        request.uri = f"{NOWHERE}/{bases[base]}{request.uri.removeprefix(base)}"
        request.headers = {}
        return request

    def kept_response(response: Any) -> Any:  # noqa: ANN401  vcrpy's
        content = response["body"]["string"]
        response["headers"] = {"Content-Type": ["application/json"]}
        if content:
            said = without_cards(json.loads(content))
            clean = scrubbed(said) if scrub else said
            texts.update(replaced_texts(said, clean))
            response["body"]["string"] = json.dumps(clean).encode()
        return response

    player = recorder(
        record_mode="all", before_record_request=kept_request, before_record_response=kept_response
    )
    path.unlink(missing_ok=True)
    with player.use_cassette(str(path)) as cassette:
        with through(cassette):
            yield
        for request, _ in cassette.data:
            _clean_request(request, texts)


def _base(session: Session, name: str) -> str:
    identity = session.connection(name).identity()
    return str(identity.get("base_url") or identity.get("url", "")).rstrip("/")


def _clean_request(request: Any, texts: Mapping[str, str]) -> None:  # noqa: ANN401  vcrpy's
    for old, new in texts.items():
        if len(old) >= _SHORTEST:
            request.uri = request.uri.replace(old, new)
            if request.body:
                request.body = request.body.replace(old.encode(), new.encode())


@contextmanager
def replaying(project: LoadedProject, path: Path, *, now: Instant) -> Iterator[Session]:
    """Open a session whose systems answer from a cassette; a request that it does not have is an error.

    Raises:
        UsageError: vcrpy is not installed.
    """
    player = recorder(record_mode="none")
    player.register_matcher("raw_body", lambda one, other: (one.body or b"") == (other.body or b""))
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), project.environment or "")
        replay = _Replay(Path(folder), Secrets(), now)
        with (
            player.use_cassette(str(path), match_on=_MATCH, allow_playback_repeats=True) as cassette,
            through(cassette),
            Session(place, project, command="test", opener=replay) as session,
        ):
            try:
                yield session
            except vcrpy().errors.CannotOverwriteExistingCassetteException as error:
                raise AccessError(_asked(error)) from None


def _asked(error: Any) -> str:  # noqa: ANN401  vcrpy's
    """Name the request that a cassette does not have."""
    request = error.failed_request
    return f"{request.method} {request.uri}"


class _Still:
    """A clock that stands."""

    def __init__(self, now: Instant) -> None:
        self._now = now

    def now(self) -> Instant:
        """Return the one instant."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Go on at once."""


class _Replay(Opener):
    """Opens connections that lead nowhere but to a cassette; they need no credentials."""

    def __init__(self, folder: Path, secrets: Secrets, now: Instant) -> None:
        super().__init__(folder, secrets)
        self._now = now

    def clock(self, configs: Mapping[str, Any]) -> Clock:
        """Return the clock of the test."""
        del configs
        return _Still(self._now)

    def open(
        self, name: str, kind: ConnectorType, config: BaseModel, *, clock: Clock, catalog: Catalog
    ) -> Connection:
        """Open one connection."""
        kept = config.model_dump(
            by_alias=True, exclude_unset=True, exclude={"credentials", "url", "rate_limit"}
        )
        login: dict[str, Any] = {"token": Secret("nothing")}
        if kind.name == "m3":
            login = {"username": "nobody", "password": Secret("nothing")}
        options = {**kept, "url": f"{NOWHERE}/{name}", "credentials": login}
        return super().open(name, kind, type(config).model_validate(options), clock=clock, catalog=catalog)
