"""Sends bulletins to chats: Slack by an incoming webhook, Teams by a workflow that takes adaptive cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.alerts.book import CRITICAL, Kind
from m3nop.app.alerts.posting import ask
from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.app.alerts.book import Notice
    from m3nop.app.alerts.messages import Bulletin
    from m3nop.core.json import Json
    from m3nop.core.secrets import Secret

_JSON = {"content-type": "application/json"}
_SLACK_HEADER = 150
_SLACK_TEXT = 3000
_CARD = "application/vnd.microsoft.card.adaptive"


class Slack(Struct, frozen=True):
    """An incoming webhook of Slack."""

    name: str
    address: Secret

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin.

        Raises:
            AccessError: it was not taken.
        """
        document = {"text": _escaped(bulletin.title), "blocks": list(_blocks(bulletin))}
        body = json.dumps(document).encode()
        ask(f"channel {self.name}", self.address.reveal(), body=body, headers=_JSON)
        return ""


class Teams(Struct, frozen=True):
    """A workflow of Teams that posts what comes to its webhook."""

    name: str
    address: Secret

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin.

        Raises:
            AccessError: it was not taken.
        """
        body = json.dumps(_card_message(bulletin)).encode()
        ask(f"channel {self.name}", self.address.reveal(), body=body, headers=_JSON)
        return ""


def _blocks(bulletin: Bulletin) -> Iterator[Json]:
    header = bulletin.title[:_SLACK_HEADER]
    yield {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}}
    for notice in bulletin.shown:
        details = "\n".join(f"{name}: {_escaped(value)}" for name, value in bulletin.details(notice))
        text = f"*{_escaped(bulletin.headline(notice))}*\n{details}"[:_SLACK_TEXT]
        yield {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    if bulletin.rest:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": _escaped(bulletin.rest)}}


def _escaped(text: str) -> str:
    """Keep a text from calling people or leading elsewhere (``<!channel>``, ``<https://…|…>``)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card_message(bulletin: Bulletin) -> Json:
    body: list[Json] = [
        {
            "type": "TextBlock",
            "text": _unlinked(bulletin.title),
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
        }
    ]
    for notice in bulletin.shown:
        body.append(
            {
                "type": "TextBlock", "text": _unlinked(bulletin.headline(notice)), "wrap": True,
                "separator": True, "color": _colour(notice),
            }
        )  # fmt: skip
        facts = [{"title": name, "value": _unlinked(value)} for name, value in bulletin.details(notice)]
        body.append({"type": "FactSet", "facts": facts})
    if bulletin.rest:
        body.append({"type": "TextBlock", "text": _unlinked(bulletin.rest), "wrap": True})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
        "version": "1.4", "body": body, "msteams": {"width": "Full"},
    }  # fmt: skip
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def _unlinked(text: str) -> str:
    """Keep a text from becoming a link where Markdown is read."""
    return text.replace("](", "] (")


def _colour(notice: Notice) -> str:
    if notice.kind is Kind.OVER:
        return "Good"
    return "Attention" if notice.alert.severity == CRITICAL else "Warning"
