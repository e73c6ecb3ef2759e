"""Addresses of pages in the official dialect: a row that the API inserts has none until one is saved."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from m3nop.sandbox.shop.official.call import Refused

if TYPE_CHECKING:
    from m3nop.sandbox.shop.official.call import Call, Entry

_UNFIT = re.compile(r"[^a-z0-9]+")


def get_active(call: Call) -> str:
    """Answer ``GetActiveSlug``; an empty text where there is none."""
    call.require("entityName")
    row = call.shop.slugs.get(_key(call, call.text("entityName")))
    return str(row["slug"]) if row else ""


def validate(call: Call) -> str:
    """Answer ``ValidateSeName``: the name as an address that nothing else has."""
    call.require("entityName", "seName", "name", "ensureNotEmpty")
    text = unicodedata.normalize("NFKD", call.text("seName") or call.text("name") or "").lower()
    wanted = _UNFIT.sub("-", text.encode("ascii", "ignore").decode()).strip("-") or str(
        call.number("entityId")
    )
    own = (call.text("entityName"), call.number("entityId"))
    taken = {row["slug"] for row in call.shop.slugs.values() if (row["entity_name"], row["entity_id"]) != own}
    slug, number = wanted, 2
    while slug in taken:
        slug, number = f"{wanted}-{number}", number + 1
    return slug


def save(call: Call) -> None:
    """Answer ``SaveSlug``."""
    call.require("entityTypeName", "slug")
    entity = call.text("entityTypeName")
    if entity == "Product" and str(call.known_id("entityId")) not in call.shop.products:
        raise Refused(404, f"{entity} Id={call.known_id('entityId')} not found")
    row = {"entity_name": entity, "entity_id": call.known_id("entityId"), "slug": call.text("slug")}
    call.shop.slugs[_key(call, entity)] = row


def _key(call: Call, entity: str | None) -> str:
    return f"{entity}/{call.known_id('entityId')}/{call.path_number('languageId')}"


ENTRIES: list[Entry] = [
    ("GET", "UrlRecord/GetActiveSlug/{entityId}/{languageId}", get_active),
    ("POST", "UrlRecord/ValidateSeName/entityId", validate),
    ("POST", "UrlRecord/SaveSlug/{languageId}/{entityId}", save),
]
