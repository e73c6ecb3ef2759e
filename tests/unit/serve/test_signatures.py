"""Who a message is from: each scheme, its examples, and what is not accepted."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.serve.signatures import Header, Standard, key_of, nopcommerce

NOW = 1_795_000_000.0
KEY = b"0123456789abcdef0123456789abcdef"
BODY = b'{"type": "order.placed"}'


def signed(body: bytes = BODY, *, key: bytes = KEY, at: float = NOW, number: str = "msg_1") -> dict[str, str]:
    content = f"{number}.{int(at)}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return {"webhook-id": number, "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{signature}"}


def test_the_example_of_standard_webhooks_is_accepted() -> None:
    # From the specification's own example: secret, id, time stamp, body and signature.
    scheme = Standard([key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], 300)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip
    assert scheme.accepts(headers, b'{"test": 2432232314}', now=1614265330)


def test_any_of_several_keys_and_any_of_several_signatures_will_do() -> None:
    scheme = Standard([b"new", KEY], 300)
    headers = signed()
    headers["webhook-signature"] = f"v1a,AAAA v1,AAAA {headers['webhook-signature']}"
    assert scheme.accepts(headers, BODY, now=NOW)
    assert not Standard([b"new"], 300).accepts(headers, BODY, now=NOW)


@pytest.mark.parametrize("shift", [-301, 301])
def test_a_message_of_another_time_is_not_accepted(shift: float) -> None:
    assert not Standard([KEY], 300).accepts(signed(at=NOW + shift), BODY, now=NOW)
    assert Standard([KEY], 300).accepts(signed(at=NOW + shift * 0.9), BODY, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW) + 1)}, {"webhook-signature": ""},
        {"webhook-signature": "v1,"}, {"webhook-id": ""}, {"webhook-timestamp": "-5"}, {"webhook-timestamp": ""},
        {"webhook-timestamp": "9" * 40}, {"webhook-timestamp": "²"}, {"webhook-signature": "v1,\udcff"},
    ],
)  # fmt: skip
def test_a_message_with_something_changed_is_not_accepted(change: dict[str, str]) -> None:
    assert not Standard([KEY], 300).accepts({**signed(), **change}, BODY, now=NOW)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_is_of_its_own_body_alone(body: bytes, other: bytes) -> None:
    scheme = Standard([KEY], 300)
    assert scheme.accepts(signed(body), body, now=NOW)
    assert scheme.accepts(signed(body), other, now=NOW) == (body == other)


def test_the_signature_of_the_nopcommerce_plugin_is_hexadecimal_in_capitals_or_not() -> None:
    scheme = nopcommerce([b"another", KEY])
    text = hmac.digest(KEY, BODY, "sha256").hex()
    for signature in (f"sha256={text.upper()}", f"sha256={text}", f"SHA256={text}"):
        assert scheme.accepts({"ms-signature": signature}, BODY, now=NOW)
    for signature in (text, f"sha1={text}", "sha256=", "", f"sha256={text[:-1]}0x"):
        assert not scheme.accepts({"ms-signature": signature}, BODY, now=NOW)
    assert not scheme.accepts({}, BODY, now=NOW)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("prefix", ["", "v0="])
def test_a_header_of_ones_own_is_read_as_it_is_configured(algorithm: str, prefix: str) -> None:
    mac = hmac.digest(KEY, BODY, getattr(hashlib, algorithm))
    written = {"hex": mac.hex(), "base64": base64.b64encode(mac).decode()}
    for encoding, text in written.items():
        scheme = Header([KEY], "X-Shop-Signature", algorithm, encoding, prefix)
        assert scheme.accepts({"x-shop-signature": prefix + text}, BODY, now=NOW)
        assert not scheme.accepts({"x-shop-signature": prefix + text}, BODY + b" ", now=NOW)


def test_keys_are_not_shown() -> None:
    assert "0123" not in repr(Standard([KEY], 300)) + repr(nopcommerce([KEY]))


def test_a_secret_that_only_looks_like_base64_is_taken_as_it_is() -> None:
    assert key_of("whsec_MfKQ") == base64.b64decode("MfKQ")
    assert key_of("whsec_é") == "whsec_é".encode()
    assert key_of("plain") == b"plain"
