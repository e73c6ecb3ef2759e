from __future__ import annotations

import copy
import pickle

import pytest

from m3nop.core.secrets import Secret, SecretRef, redact


def test_a_secret_shows_itself_only_when_it_is_asked():
    secret = Secret("open sesame")

    assert "sesame" not in f"{secret} {secret!r} {[secret]} {vars_of(secret)}"
    assert secret.reveal() == "open sesame"


def vars_of(secret):
    return getattr(secret, "__dict__", {})


def test_secrets_are_equal_when_their_texts_are():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret("x")


def test_a_secret_is_never_written_to_a_file():
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(Secret("a"))


def test_a_secret_can_be_a_part_of_a_copied_configuration():
    assert copy.deepcopy({"key": Secret("a")}) == {"key": Secret("a")}
    assert copy.copy(Secret("a")) == Secret("a")


def test_a_reference_prints_as_it_was_written():
    assert str(SecretRef("M3_IONAPI")) == "${secret:M3_IONAPI}"


@pytest.mark.parametrize(
    ("text", "blotted"),
    [
        ("Authorization: Bearer eyJhbGciOi.J9", "Authorization: Bearer ***"),
        ("basic dXNlcjpwYXNz", "basic ***"),
        ('{"access_token": "abc", "ok": 1}', '{"access_token": ***, "ok": 1}'),
        ("client_secret=abc&x=1", "client_secret=***&x=1"),
        ("password: hunter2, user: me", "password: ***, user: me"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_looks_like_a_credential_is_blotted_out(text, blotted):
    assert redact(text) == blotted
