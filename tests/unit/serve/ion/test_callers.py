"""Who a request is from. The signatures were made by oauthlib 3.3 with the same key, secret, time and nonce."""

from __future__ import annotations

import base64

import pytest

from m3nop.serve.ion.callers import Asked, Password, Signed, Token

KEY = "s3cret+/="
AT = 1_796_000_000
OTHER = "something else"
MESSAGE = "https://m3nop.example.com/ion/m3/service/v3/multipartMessage"
WITH_QUERY = "https://M3nop.example.com:443/ion/m3/service/v3/message/multipart?documentName=Sync.ItemMaster&messageId=a%20b&x="
PING = "http://127.0.0.1:8480/ion/m3/service/ping"


def authorization(made: str, *, method: str = "HMAC-SHA1", stamp: int = AT, key: str = "consumer-1") -> str:
    return (
        f'OAuth oauth_nonce="n0nce", oauth_timestamp="{stamp}", oauth_version="1.0", '
        f'oauth_signature_method="{method}", oauth_consumer_key="{key}", oauth_signature="{made}"'
    )


def caller(*secrets: str, key: str = "consumer-1") -> Signed:
    return Signed(key, secrets or (KEY,), window=300)


@pytest.mark.parametrize(
    ("verb", "url", "method", "made"),
    [
        ("POST", MESSAGE, "HMAC-SHA1", "RPFBNW7govadwXlUNZiMI2RP3t4%3D"),
        ("POST", WITH_QUERY, "HMAC-SHA1", "xIuvxwC9AGKJw3TrF1TDFo4193s%3D"),
        ("GET", PING, "HMAC-SHA1", "iJMKyx2o%2FSWNQYD2QYlGtYHfbL8%3D"),
        ("POST", MESSAGE, "HMAC-SHA256", "cHeqDTAzUFpaEjCai5ddRav%2FF3Th58AhgLZ%2F1Tq7jtg%3D"),
        ("POST", WITH_QUERY, "HMAC-SHA256", "T4xgyVqL%2Bfzfwjg%2BxlXYCFRGXr2slc%2BHU1r2AfzRkXo%3D"),
        ("GET", PING, "HMAC-SHA256", "095TidiGj2DaOehZoV2BgwcNJ4EkRblGHLHt7Q6bopo%3D"),
    ],
)
def test_a_signature_of_another_implementation_is_accepted(
    verb: str, url: str, method: str, made: str
) -> None:
    asked = Asked(verb, url, authorization(made, method=method))
    assert caller().accepts(asked, now=AT)
    assert caller("old", KEY).accepts(asked, now=AT + 299)


@pytest.mark.parametrize(
    "asked",
    [
        Asked("GET", MESSAGE, authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D")),
        Asked("POST", MESSAGE + "?a=1", authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D")),
        Asked("POST", MESSAGE, authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D", stamp=AT + 1)),
        Asked("POST", MESSAGE, authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D", method="PLAINTEXT")),
        Asked("POST", MESSAGE, authorization("s3cret%2B%2F%3D&", method="PLAINTEXT")),
        Asked("POST", MESSAGE, authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D", key="another")),
        Asked("POST", MESSAGE, authorization("")),
        Asked("POST", MESSAGE, authorization("%C3%A4")),
        Asked("POST", MESSAGE, "OAuth"),
        Asked("POST", MESSAGE, "OAuth " + 'a="b",' * 5_000),
        Asked("POST", MESSAGE, ""),
    ],
)
def test_any_other_signature_is_refused(asked: Asked) -> None:
    assert not caller().accepts(asked, now=AT)


def test_a_signature_holds_for_its_window_and_with_its_secret() -> None:
    asked = Asked("POST", MESSAGE, authorization("RPFBNW7govadwXlUNZiMI2RP3t4%3D"))
    assert not caller().accepts(asked, now=AT + 301)
    assert not caller().accepts(asked, now=AT - 301)
    assert not caller(OTHER).accepts(asked, now=AT)
    assert not caller(key="consumer-2").accepts(asked, now=AT)


def basic(pair: str) -> Asked:
    return Asked("GET", PING, "Basic " + base64.b64encode(pair.encode()).decode())


def test_a_user_is_known_by_any_of_the_passwords() -> None:
    known = Password("iön", ("new:pass", "old"))
    assert known.accepts(basic("iön:new:pass"), now=0)
    assert known.accepts(basic("iön:old"), now=0)
    for pair in ("iön:", "iön", "ion:old", "iön:old ", ":", ""):
        assert not known.accepts(basic(pair), now=0)
    for text in ("", "Basic", "Basic ***", "Basic 4pyT4p", "Bearer old"):
        assert not known.accepts(Asked("GET", PING, text), now=0)


def test_a_token_is_one_of_those_given() -> None:
    known = Token(("a", "tökén"))
    assert known.accepts(Asked("GET", PING, "Bearer tökén"), now=0)
    assert known.accepts(Asked("GET", PING, "bearer a"), now=0)
    for text in ("Bearer b", "Bearer ", "a", "Basic a", "Bearer \ud800"):
        assert not known.accepts(Asked("GET", PING, text), now=0)
