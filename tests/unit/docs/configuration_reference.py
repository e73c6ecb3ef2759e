"""Writes docs/reference/configuration.md from the models: ``python tests/unit/docs/configuration_reference.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3nop.app.registry import CONNECTORS
from m3nop.core import json
from m3nop.spec.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
HEAD = """# Configuration

Every key of `m3nop.yaml`, written from the models that read it. [The language](language.md#m3nopyaml) shows the file as a
whole and says how environments and stores are laid over the base; [connect a tenant](../how-to/connect-a-tenant.md) takes
you through a first one. Keys of pipelines are in [the language](language.md#a-pipeline).

A **duration** is `60s`, `15m`, `2h`, `60d` or a number of seconds. An **instant** is `2026-12-01T00:00:00+01:00`. A
**name** is small letters, digits and `_`, a letter first. A **secret** is `${secret:NAME}`: never the text itself.
`by name: text` is a mapping of names to texts, `list: text` a list of them.

The `schedule` of a pipeline is for
[the service](../how-to/run-as-a-service.md); [cron](../how-to/run-from-cron.md) has its own.
"""
TITLES = {
    "ProjectSpec": "m3nop.yaml",
    "m3": "A connection of type m3",
    "m3.M3Credentials": "credentials of an m3 connection",
    "m3.MaintenanceWindow": "not_during",
    "m3.RateLimit": "rate_limit",
    "m3.CircuitOptions": "circuit",
    "nopcommerce": "A connection of type nopcommerce",
    "nopcommerce.ShopCredentials": "credentials of a nopcommerce connection",
    "EnvironmentSpec": "environments.NAME",
    "StoreSpec": "stores.CODE",
    "StoreOverride": "environments.NAME.stores.CODE",
    "StateSpec": "state",
    "ListenSpec": "listen",
    "TlsSpec": "listen.tls",
    "HookSourceSpec": "webhooks.NAME",
    "IonSpec": "ion.NAME",
    "DefaultsSpec": "defaults",
    "RetrySpec": "defaults.on_error",
    "PrivacySpec": "privacy",
    "AlertsSpec": "alerts",
    "ChannelSpec": "alerts.channels.NAME",
    "EmailSpec": "alerts.channels.NAME.email",
    "WebhookSpec": "alerts.channels.NAME.webhook",
    "RuleSpec": "alerts.rules.NAME",
    "PingSpec": "alerts.pings.PIPELINE",
    "QuietSpec": "alerts.quiet",
    "MetricsSpec": "metrics",
}
_PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def models() -> dict[str, Mapping[str, Any]]:
    """Return the schema of each part that has a section of its own, by its name."""
    schema = json_schema("project", registry=CONNECTORS)
    parts: dict[str, Mapping[str, Any]] = {"ProjectSpec": schema, **schema["$defs"]}
    (choices,) = schema["properties"]["connections"]["patternProperties"].values()
    for option in choices["anyOf"]:
        parts[option["properties"]["type"]["const"]] = option
    return parts


def keys() -> Iterator[tuple[str, str]]:
    """Yield every part and key of the page."""
    parts = models()
    for part in TITLES:
        for name in parts[part]["properties"]:
            yield part, name


def _kind(schema: Mapping[str, Any]) -> str:
    """Say what a value is, in the words of the page."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if {option.get("type") for option in options} == {"string", "number"}:
        return "duration"
    if options:
        return " or ".join(map(_kind, options))
    if "$ref" in schema:
        return _link(schema["$ref"])
    if "const" in schema or "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"list: {_kind(schema['items'])}"
    if schema.get("type") == "object":
        return _mapping(schema)
    return (
        "instant" if schema.get("format") == "date-time" else _PLAIN.get(schema.get("type", ""), "anything")
    )


def _mapping(schema: Mapping[str, Any]) -> str:
    (value,) = schema.get("patternProperties", {"": schema.get("additionalProperties")}).values()
    inner = _kind(value) if isinstance(value, dict) and value else "anything"
    return "by name" if inner == "anything" else f"by name: {inner}"


def _link(ref: str) -> str:
    name = ref.rpartition("/")[2]
    title = TITLES.get(name) or TITLES.get(f"m3.{name.rpartition('.')[2]}")
    if title is None:
        return {"m3.Effect": "effect", "FieldSpec": "[fields](language.md#fields)"}[name]
    anchor = "".join(
        letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_"
    )
    return f"[{title}](#{anchor})"


def _limits(schema: Mapping[str, Any]) -> str:
    parts = [schema, *schema.get("anyOf", ())]
    least = next((part["minimum"] for part in parts if part.get("minimum")), None)
    most = next((part["maximum"] for part in parts if "maximum" in part), None)
    if most is not None:
        return f", {least or 0} to {most}"
    return f", at least {least}" if least is not None else ""


def _unless_given(name: str, schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if name in part.get("required", ()):
        return "needed"
    if default in (None, "") or isinstance(default, (dict, list)):
        return ""
    if _kind(schema) == "duration":
        return f"`{_duration(int(default))}`"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _duration(seconds: int) -> str:
    unit, size = next(pair for pair in (("h", 3600), ("m", 60), ("s", 1)) if seconds % pair[1] == 0)
    return f"{seconds // size}{unit}"


def _meaning(schema: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> str:
    text = schema.get("description") or parts.get(schema.get("$ref", "").rpartition("/")[2], {}).get(
        "description"
    )
    return (text or "The kind of system.").replace("``", "`").replace("\n", " ")


def _table(part: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> str:
    rows = ["| key | value | unless given | meaning |", "|---|---|---|---|"]
    for name, schema in part["properties"].items():
        value = (
            "one of the two below, by name"
            if name == "connections" and part is parts["ProjectSpec"]
            else _kind(schema)
        )
        cells = (
            f"`{name}`",
            value + _limits(schema),
            _unless_given(name, schema, part),
            _meaning(schema, parts),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def render() -> str:
    """Return the page."""
    parts = models()
    pages = [HEAD]
    for name, title in TITLES.items():
        described = parts[name]["description"].replace("``", "`")
        pages.append(f"\n## {title}\n\n{described}\n\n{_table(parts[name], parts)}\n")
    return "".join(pages)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
