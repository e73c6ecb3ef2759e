from __future__ import annotations

import base64
import email
import hashlib
import hmac
import sys
import time
from datetime import UTC, datetime
from email import policy
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.app.alerts.anywhere import Anywhere
from m3nop.app.alerts.book import Kind, Notice
from m3nop.app.alerts.chat import Slack, Teams
from m3nop.app.alerts.findings import Finding
from m3nop.app.alerts.hook import Hook
from m3nop.app.alerts.mail import Mail
from m3nop.app.alerts.messages import MOST, Bulletin
from m3nop.app.alerts.pings import Pings
from m3nop.app.alerts.smtp import Impatient
from m3nop.app.secrets import Secrets
from m3nop.core import json
from m3nop.core.alerts import Alert
from m3nop.core.clock import HOUR, to_instant
from m3nop.core.errors import AccessError, ConfigurationError
from m3nop.core.secrets import Secret, SecretRef
from m3nop.spec.alert_model import EmailSpec, PingSpec
from tests.contract.alerts.conftest import PASSWORD, USER, MailBox, Server, saying

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.alerts.conftest import Authority
    from tests.receiver import Receiver

NOW = to_instant(datetime(2026, 11, 23, 12, tzinfo=UTC))
FOUND = Finding(
    "late", "lag_over", "critical", "orders", "orders is behind: Größe <!channel> [x](http://evil)", "run it",
    "m3nop status",
)  # fmt: skip


def bulletin(*kinds: Kind, text: str = FOUND.text) -> Bulletin:
    some = [
        Notice(kind, Alert("late", "orders", "ops", "critical", text, NOW - HOUR, NOW, NOW if kind is Kind.OVER else None),
               FOUND)
        for kind in kinds or (Kind.NEW,)
    ]  # fmt: skip
    return Bulletin("prod", some, NOW)


def mail(
    server: Server, security: str, authority: Authority | None, *, password: bytes = PASSWORD, **spec: Any
) -> Mail:
    given = {"host": "127.0.0.1", "port": server.port, "security": security, "from": "m3nop@example.com",
             "to": ["ops@example.com"], "username": USER.decode(), "password": SecretRef("SMTP"), **spec}  # fmt: skip
    file = None if authority is None else str(authority.file)
    return Mail("ops", EmailSpec.model_validate(given), Secret(password.decode()), file)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_comes_by_tls_and_says_what_is_the_matter(
    security: str, mail_server: Callable, authority: Authority
):
    server = mail_server(security)

    said = mail(server, security, authority).send(bulletin(Kind.NEW))

    assert said == ""
    (envelope,) = server.box.mails
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert envelope.rcpt_tos == ["ops@example.com"]
    assert message["Subject"].startswith("m3nop prod: new: orders is behind: Größe")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    text = message.get_content()
    assert "what helps: run it" in text
    assert "look closer: m3nop status --env prod" in text


def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(mail_server: Callable):
    server = mail_server("starttls")

    with pytest.raises(AccessError, match="certificate verify failed") as refused:
        mail(server, "starttls", None).send(bulletin())

    assert PASSWORD.decode() not in str(refused.value)
    assert server.box.mails == []


def test_a_server_that_offers_no_tls_gets_no_mail(mail_server: Callable, authority: Authority):
    server = mail_server("none", sign_in=False)

    with pytest.raises(AccessError, match="STARTTLS"):
        mail(server, "starttls", authority).send(bulletin())
    assert server.box.mails == []


def test_a_wrong_password_and_a_refusal_are_said_without_the_password(
    mail_server: Callable, authority: Authority
):
    server = mail_server("starttls")

    with pytest.raises(AccessError, match=r"channel ops \(127\.0\.0\.1:\d+\): it answered 535") as refused:
        mail(server, "starttls", authority, password=b"guessed-wrong").send(bulletin())
    assert "guessed-wrong" not in str(refused.value)

    server.box.refuse = "554 no mail today"
    with pytest.raises(AccessError, match="it answered 554 no mail today"):
        mail(server, "starttls", authority).send(bulletin())


def test_one_of_several_who_cannot_be_told_is_named_and_the_others_are_told(
    mail_server: Callable, authority: Authority
):
    server = mail_server("tls")
    both = mail(server, "tls", authority, to=["ops@example.com", "nobody@example.com"])

    said = both.send(bulletin())

    assert said.endswith("did not take mail for nobody@example.com")
    assert server.box.mails[0].rcpt_tos == ["ops@example.com"]


def test_a_text_with_line_ends_becomes_no_header(mail_server: Callable, authority: Authority):
    server = mail_server("tls")

    mail(server, "tls", authority).send(bulletin(Kind.NEW, text="x\r\nBcc: evil@example.com"))

    message = email.message_from_bytes(server.box.mails[0].content, policy=policy.default)
    assert message["Subject"] == "m3nop prod: new: x Bcc: evil@example.com"
    assert message["Bcc"] is None


def test_a_server_that_is_not_there_is_said(mail_server: Callable, authority: Authority):
    server = mail_server("none", sign_in=False)
    gone = mail(server, "tls", authority, port=1)

    with pytest.raises(AccessError, match=r"channel ops \(127\.0\.0\.1:1\): .*refused"):
        gone.send(bulletin())


LATE = "timed out|takes too long"


@pytest.mark.parametrize(
    ("says", "heard"),
    [
        (b"", LATE), (b"2", LATE), (b"220-hello\r\n", LATE),
        (b"220-" + b"x" * 500 + b"\r\n", "says more than"), (b"x" * 9_000, "Line too long"),
        (b"\xff\x00\r\n", "it answered -1"), (b"554 go away\r\n", "it answered 554 go away"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_dawdles_or_talks_nonsense_holds_nobody_up(
    says: bytes, heard: str, security: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Impatient, "patience", 0.5)
    with saying(says, authority.server if security == "tls" else None, fast=len(says) > 100) as port:
        odd = mail(Server(port, MailBox()), security, authority)
        begun = time.monotonic()
        with pytest.raises(AccessError, match=f"channel ops .*{heard}"):
            odd.send(bulletin())
    assert time.monotonic() - begun < 5


def test_a_password_that_smtp_cannot_say_is_no_riddle(mail_server: Callable, authority: Authority):
    server = mail_server("starttls")

    with pytest.raises(AccessError, match="no other signs than ASCII in addresses, user and password"):
        mail(server, "starttls", authority, password="pässwört".encode()).send(bulletin())


def test_slack_gets_blocks_that_call_nobody(receiver: Receiver):
    Slack("chat", Secret(f"{receiver.url}/services/T0/B0/xyz")).send(bulletin(Kind.NEW, Kind.OVER))

    ((method, path, headers, body),) = receiver.requests
    assert (method, path, headers["content-type"]) == ("POST", "/services/T0/B0/xyz", "application/json")
    document = json.loads(body)
    assert document["text"] == "m3nop prod: 1 new, 1 over"
    assert document["blocks"][0]["text"]["type"] == "plain_text"
    assert b"<!channel>" not in body
    assert "&lt;!channel&gt;" in document["blocks"][1]["text"]["text"]


def test_teams_gets_an_adaptive_card_at_the_address_of_its_workflow_with_the_query(receiver: Receiver):
    address = f"{receiver.url}/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=a%2Fb"
    receiver.status = 202

    Teams("team", Secret(address)).send(bulletin())

    ((_, path, _, body),) = receiver.requests
    assert path == "/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=a%2Fb"
    (attachment,) = json.loads(body)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {"title": "look closer", "value": "m3nop status --env prod"} in card["body"][2]["facts"]
    assert b"](http" not in body


@pytest.mark.parametrize("key", ["a plain key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_webhook_is_signed_as_standard_webhooks_are(key: str, receiver: Receiver):
    Hook("hook", Secret(f"{receiver.url}/m3nop"), Secret(key)).send(bulletin())

    ((_, _, headers, body),) = receiver.requests
    raw = base64.b64decode(key.removeprefix("whsec_")) if key.startswith("whsec_") else key.encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    seal = base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{seal}"
    assert headers["webhook-timestamp"] == str(NOW // 1_000_000)
    (entry,) = json.loads(body)["alerts"]
    assert (entry["status"], entry["when"], entry["subject"]) == ("new", "lag_over", "orders")
    assert entry["command"] == "m3nop status --env prod"


def test_a_webhook_without_a_key_is_not_signed(receiver: Receiver):
    Hook("hook", Secret(receiver.url)).send(bulletin())

    assert "webhook-signature" not in receiver.requests[0][2]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:1/services/T0/secret", r"channel chat \(127\.0\.0\.1\): no connection"),
        ("http://chat.example.com/services/T0/secret", "channel chat: its address cannot be used"),
        ("not an address with a secret", "channel chat: its address cannot be used"),
        ("https://me:secret@chat.example.com", "channel chat: its address cannot be used"),
    ],
)
def test_what_fails_is_said_without_the_address_which_is_a_secret(address: str, said: str):
    with pytest.raises(AccessError, match=said) as failed:
        Slack("chat", Secret(address)).send(bulletin())

    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_an_answer_that_is_no_success_is_a_failure(status: int, receiver: Receiver):
    receiver.status = status

    with pytest.raises(AccessError, match=rf"channel chat \(127\.0\.0\.1\) answered HTTP {status}"):
        Slack("chat", Secret(f"{receiver.url}/x")).send(bulletin())


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_sends_to_what_it_knows(receiver: Receiver):
    address = receiver.url.replace("http://", "json://")

    Anywhere("phone", Secret(f"{address}/alerts")).send(bulletin())

    ((method, path, _, body),) = receiver.requests
    assert (method, path) == ("POST", "/alerts")
    assert json.loads(body)["title"].startswith("m3nop prod: new")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_says_what_it_cannot_do_and_no_address(receiver: Receiver):
    receiver.status = 500
    for address in (receiver.url.replace("http://", "json://") + "/secret", "no-such-thing://secret"):
        with pytest.raises(AccessError) as failed:
            Anywhere("phone", Secret(address)).send(bulletin())
        assert "secret" not in str(failed.value)


def test_without_the_extra_apprise_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'm3nop\[apprise\]'"):
        Anywhere("phone", Secret("json://127.0.0.1")).send(bulletin())


def test_very_many_things_are_one_message_that_says_how_many_more_there_are(receiver: Receiver):
    many = bulletin(*[Kind.NEW] * (MOST + 7))

    Slack("chat", Secret(receiver.url)).send(many)

    blocks = json.loads(receiver.requests[0][3])["blocks"]
    assert len(blocks) == 1 + MOST + 1
    assert "and 7 more: `m3nop alerts list --env prod`" in blocks[-1]["text"]["text"]


def pings(receiver: Receiver, warned: list[str], **spec: Any) -> Pings:
    secrets = Secrets({"PING": f"{receiver.url}/secret-uuid"})
    return Pings({"orders": PingSpec.model_validate(spec)}, secrets=secrets, warn=warned.append)


def test_pings_say_that_a_pipeline_begins_and_how_it_ended(receiver: Receiver):
    warned: list[str] = []
    for moment in ("success", "fail"):
        one = pings(receiver, warned, url=SecretRef("PING"))
        one.began(["orders", "products"])
        one.ended({"orders": moment, "products": moment})

    asked = [(method, path) for method, path, _, _ in receiver.requests]
    assert asked == [
        ("GET", "/secret-uuid/start"), ("GET", "/secret-uuid"), ("GET", "/secret-uuid/start"), ("GET", "/secret-uuid/fail"),
    ]  # fmt: skip
    assert warned == []


def test_pings_go_to_addresses_of_their_own_and_keep_their_queries(receiver: Receiver):
    warned: list[str] = []
    one = pings(receiver, warned, url=f"{receiver.url}/push?key=1", success=f"{receiver.url}/up?status=up")
    one.began(["orders@outlet"])
    one.ended({"orders@outlet": "success"})

    assert [path for _, path, _, _ in receiver.requests] == ["/push/start?key=1", "/up?status=up"]


def test_a_ping_that_fails_is_only_said_and_without_its_address(receiver: Receiver):
    warned: list[str] = []
    receiver.status = 503
    one = pings(receiver, warned, url=SecretRef("PING"))
    one.began(["orders"])
    one.ended({"orders": "success"})

    assert warned == ["the ping of orders (127.0.0.1) answered HTTP 503"] * 2
