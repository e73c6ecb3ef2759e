"""The HTTP routes of the M3 double: through the gateway with a token, and on premise with a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from m3nop.core import json
from m3nop.sandbox import access
from m3nop.sandbox.m3 import envelopes, refusal
from m3nop.sandbox.m3.programs import finish_in_background, runner
from m3nop.sandbox.m3.runner import Outcome, Runner
from m3nop.sandbox.m3.tokens import Tokens, basic
from m3nop.sandbox.m3.wire import Bulk, MalformedError, bulk, single

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

_GATEWAY = "/{tenant}/M3"
_SERVICES = ("/m3api-rest", "/m3/api-rest")
"""The REST service, and where a site that published it elsewhere has it (the connection's ``api_path``)."""


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of token endpoint, v1 and v2, through the gateway and on premise."""
    service = _Service(world)
    found: list[BaseRoute] = [
        Route(f"/{access.TENANT}/as/token.oauth2", service.token, methods=["POST"]),
    ]
    bases = [(_GATEWAY + path, service.gateway) for path in _SERVICES]
    bases += [(path, service.on_premise) for path in _SERVICES]
    for base, guard in bases:
        found += [
            Route(f"{base}/v2/execute", _endpoint(guard, service.bulk), methods=["POST"]),
            Route(
                f"{base}/v2/execute/{{program}}/{{rest:path}}", _endpoint(guard, service.v2), methods=["GET"]
            ),
            Route(f"{base}/execute/{{program}}/{{rest:path}}", _endpoint(guard, service.v1), methods=["GET"]),
        ]
    return found


Guard = Callable[[Request], Response | None]
Action = Callable[[Request, bytes], Response]


class _Service:
    def __init__(self, world: World) -> None:
        self._world = world
        self._runner: Runner = runner(world)
        self._tokens = Tokens(world, self._runner.tables)
        finish_in_background(world, self._runner.tables)

    async def token(self, request: Request) -> Response:
        form = (await request.body()).decode("latin-1")
        headers = request.headers
        status, body = self._tokens.grant(
            form, headers.get("content-type", ""), headers.get("authorization", "")
        )
        return _json(body, status)

    def gateway(self, request: Request) -> Response | None:
        if request.path_params["tenant"] != access.TENANT:
            return _json({"error": "unknown tenant"}, 404)
        if self._world.replaying or self._tokens.valid(request.headers.get("authorization", "")):
            return None
        body = {"error": "invalid_token", "error_description": "the access token is missing or expired"}
        response = _json(body, 401)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def on_premise(self, request: Request) -> Response | None:
        if basic(request.headers.get("authorization", "")) == (access.M3_USER, access.M3_PASSWORD):
            return None
        page = "<html><head><title>401</title></head><body>Unauthorized</body></html>"
        return HTMLResponse(page, 401, {"WWW-Authenticate": 'Basic realm="M3"'})

    def v1(self, request: Request, _body: bytes) -> Response:
        program, rest = request.path_params["program"], request.path_params["rest"]
        try:
            asked = single(program, rest, request.url.query, version=1)
        except MalformedError as error:
            return HTMLResponse(f"<html><body>Bad request: {error.reason}</body></html>", 400)
        if not self._runner.knows(program):
            refused = refusal.RefusalError(
                f"Program {program} is not found", kind=refusal.UNKNOWN_TRANSACTION
            )
            return _json(envelopes.v1(program, Outcome(rest, refused=refused)))
        outcome = self._runner.run(asked.asks[0], asked.options)
        return _json(envelopes.v1(program, outcome, metadata=";metadata=false" not in rest))

    def v2(self, request: Request, _body: bytes) -> Response:
        def read() -> Bulk:
            params, position = request.path_params, self._position(request)
            return single(params["program"], params["rest"], request.url.query, version=2, position=position)

        response, outcomes = self._answer(read)
        # Errors of the MI layer in a single GET are said to arrive as 400, those of a program as 200.
        if any(outcome.refused and outcome.refused.kind != refusal.NOT_OK for outcome in outcomes):
            response.status_code = 400
        return response

    def bulk(self, request: Request, body: bytes) -> Response:
        return self._answer(lambda: bulk(body, request.url.query, position=self._position(request)))[0]

    def _answer(self, read: Callable[[], Bulk]) -> tuple[Response, list[Outcome]]:
        if not self._runner.tables.feature("v2"):
            return HTMLResponse("<html><body>Not found</body></html>", 404), []
        try:
            asked = read()
        except MalformedError as error:
            return _json(envelopes.v2_terminated(error.reason, error.kind, transactions=0), 400), []
        program, count = asked.asks[0].program, len(asked.asks)
        if not self._runner.knows(program):
            reason = f"Program {program} is not found"
            return _json(envelopes.v2_terminated(reason, "ProgramNotFound", transactions=count), 400), []
        if self._world.fault("terminated"):
            body = envelopes.v2_terminated("Refused by script", "Terminated", transactions=count)
            return _json(body, 400), []
        return self._processed(asked)

    def _processed(self, asked: Bulk) -> tuple[Response, list[Outcome]]:
        asks = asked.asks
        dropped, flagged = self._world.fault("drop_after"), self._world.fault("not_processed")
        stop = dropped or flagged
        outcomes = [self._runner.run(ask, asked.options) for ask in asks[: stop.count if stop else None]]
        unprocessed = [ask.transaction for ask in asks[flagged.count :]] if flagged and not dropped else []
        cut = self._world.fault("truncate_bulk")
        return _json(
            envelopes.v2(outcomes, shown=cut.count if cut else None, unprocessed=unprocessed)
        ), outcomes

    def _position(self, request: Request) -> str:
        if not self._runner.tables.feature("position_key"):
            return ""
        return str(request.headers.get("positionkey", ""))


def _endpoint(guard: Guard, action: Action) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        refused = guard(request)
        return action(request, await request.body()) if refused is None else refused

    return endpoint


def _json(body: json.Json, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")
