from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from m3nop.core.clock import SECOND
from m3nop.core.connector import Failure, Remedy
from m3nop.core.secrets import Secret
from m3nop.http.response import Response
from m3nop.http.tokens import Token, TokenFailure, TokenKeeper


class Watch:
    def __init__(self):
        self.instant = 0

    def now(self):
        return self.instant

    def wait(self, seconds):
        self.instant += round(seconds * SECOND)


class Issuer:
    """Gives out t1, t2, t3 …"""

    def __init__(self, *, lifetime=None):
        self.issued = 0
        self.lifetime = lifetime

    def __call__(self):
        self.issued += 1
        return Token(Secret(f"t{self.issued}"), self.lifetime)


@pytest.fixture
def watch():
    return Watch()


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(watch):
    issuer = Issuer(lifetime=7200)
    keeper = TokenKeeper(issuer, clock=watch)

    first = keeper.token()
    watch.instant = 7079 * SECOND
    second = keeper.token()
    watch.instant = 7080 * SECOND
    third = keeper.token()

    assert [token.reveal() for token in (first, second, third)] == ["t1", "t1", "t2"]


def test_a_short_lived_token_is_used_for_three_quarters_of_its_life(watch):
    keeper = TokenKeeper(Issuer(lifetime=60), clock=watch)
    keeper.token()

    watch.instant = 44 * SECOND
    assert keeper.token().reveal() == "t1"
    watch.instant = 45 * SECOND
    assert keeper.token().reveal() == "t2"


def test_a_token_without_an_end_is_kept(watch):
    keeper = TokenKeeper(Issuer(), clock=watch)
    keeper.token()
    watch.instant = 10**15

    assert keeper.token().reveal() == "t1"


def test_a_refused_token_is_renewed_once_and_the_request_made_again(watch):
    keeper = TokenKeeper(Issuer(), clock=watch)
    used = []

    def request(token):
        used.append(token.reveal())
        return Response(401 if token.reveal() == "t1" else 200)

    assert keeper.send(request).status == 200
    assert used == ["t1", "t2"]


def test_a_second_refusal_is_the_answer(watch):
    issuer = Issuer()
    keeper = TokenKeeper(issuer, clock=watch)

    assert keeper.send(lambda _: Response(401)).status == 401
    assert issuer.issued == 2


def test_a_token_that_another_thread_renewed_is_not_renewed_again(watch):
    issuer = Issuer()
    keeper = TokenKeeper(issuer, clock=watch)
    old = keeper.token()

    assert keeper.renewed(old) == keeper.renewed(old)
    assert issuer.issued == 2


def test_threads_that_need_a_token_at_once_fetch_one(watch):
    entered = threading.Event()
    release = threading.Event()
    issuer = Issuer()

    def slow():
        entered.set()
        release.wait(5)
        return issuer()

    keeper = TokenKeeper(slow, clock=watch)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(keeper.token) for _ in range(8)]
        entered.wait(5)
        release.set()
        tokens = {future.result(5).reveal() for future in waiting}

    assert tokens == {"t1"}


def test_a_failure_to_get_a_token_is_told_and_not_kept(watch):
    answers = [TokenFailure(Failure(Remedy.TRANSIENT, "busy")), Token(Secret("t1"))]

    def fetch():
        answer = answers.pop(0)
        if isinstance(answer, TokenFailure):
            raise answer
        return answer

    keeper = TokenKeeper(fetch, clock=watch)
    with pytest.raises(TokenFailure, match="busy"):
        keeper.token()
    assert keeper.token().reveal() == "t1"
