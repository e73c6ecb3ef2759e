"""Texts in other languages in the official dialect: one value for entity, field and language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.rows import existing

if TYPE_CHECKING:
    from m3nop.sandbox.shop.official.call import Call, Entry


def get_value(call: Call) -> str:
    """Answer ``GetLocalizedValue``; an empty text when there is none."""
    row = call.shop.localized.get(_key(call))
    return "" if row is None else str(row["locale_value"])


def save_value(call: Call) -> None:
    """Answer ``SaveLocalizedValue``: the body is the value as a JSON text, a blank one removes it."""
    key, value = _key(call), call.body_text("localeValue")
    language = existing(entities.LANGUAGE, call.shop.languages, call.known_id("languageId"))
    known = call.shop.localized.get(key)
    if not value.strip():
        call.shop.localized.pop(key, None)
        return
    call.shop.localized[key] = entities.LOCALIZED.row(
        id=known["id"] if known else call.shop.draw(entities.LOCALIZED), entity_id=call.known_id("entityId"),
        language_id=language["id"], locale_key_group=call.text("localeKeyGroup"),
        locale_key=call.text("localeKey"), locale_value=value,
    )  # fmt: skip


def _key(call: Call) -> str:
    call.require("localeKeyGroup", "localeKey")
    group, field = call.text("localeKeyGroup"), call.text("localeKey")
    return f"{group}/{call.known_id('entityId')}/{call.known_id('languageId')}/{field}"


ENTRIES: list[Entry] = [
    ("GET", "LocalizedEntity/GetLocalizedValue/{languageId}/{entityId}", get_value),
    ("POST", "LocalizedEntity/SaveLocalizedValue/{languageId}/{entityId}", save_value),
]
