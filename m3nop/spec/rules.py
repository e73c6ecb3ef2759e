"""Every code that a problem can have, and what it means; the codes are stable, the messages are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "alias": "A YAML alias; expressions that begin with `*` need quotes.",
    "anchor": "A YAML anchor; expressions that begin with `&` need quotes.",
    "bad-metadata": "A file of the snapshot in `m3/` cannot be used.",
    "bad-variable": "`${...}` that is none of the four forms.",
    "binary-file": "A file that is not text.",
    "control-character": "A character that YAML does not allow.",
    "cut-value": "A value that YAML ended at a comma of a flow map, or at ` #`.",
    "duplicate-file": "Two pipelines or lookups of the same name.",
    "duplicate-key": "A key that a mapping has already.",
    "empty-file": "A file without content.",
    "fixture": "A fixture of a test that cannot be used.",
    "file-too-large": "A file of more than 2 MB or 50,000 values.",
    "key-not-text": "A list or mapping as a key.",
    "missing-file": "A file that is named and not there.",
    "outside-file": "A file outside of the project's folder is named.",
    "missing-variable": "An environment variable that is not set and has no default.",
    "not-utf8": "A file in another encoding.",
    "secret-here": "A secret where it would be stored and shown.",
    "several-documents": "More than one YAML document in a file.",
    "tab": "A tab as indentation.",
    "tag": "A YAML tag; expressions that begin with `!` need quotes.",
    "too-deep": "A file or an expression with too many levels.",
    "unreadable-file": "A file that cannot be opened.",
    "yaml-syntax": "Text that is not YAML.",
}
"""What is wrong with a file before it is understood."""

FORM: Mapping[str, str] = {
    "address": "An address that requests or mail cannot go to.",
    "channel-form": "A channel with several ways to tell somebody, or none.",
    "clear-secret": "A secret that is written into the file.",
    "duration": "A duration that is not written as `60s`, `15m`, `2h` or `60d`.",
    "duplicate-test": "Two tests of the same name in a file.",
    "enabled-form": "A pipeline that is switched on by something else than settings.",
    "expression": "Something else where an expression is needed.",
    "field-form": "A field whose keys do not go together.",
    "id-form": "A name that is not made of small letters, digits and `_`.",
    "instant": "An instant that is not ISO 8601.",
    "key-form": "A key that does not depend on the record.",
    "lookup-name": "A lookup file that calls itself something else.",
    "lookup-table": "A lookup whose rows do not fit its columns.",
    "misplaced-key": "A key that does not go with what the step does.",
    "missing-key": "A key that must be there.",
    "pipeline-name": "A pipeline in a file of another name.",
    "probe-form": "A probe with two ways to read, or none.",
    "reference-form": (
        "A reference with other characters than capitals, digits and `-`, that can be longer than its field, "
        "or that all records share."
    ),
    "reserved-name": "A name that has a meaning of its own, or is taken.",
    "schedule": "Neither `every 5m` (1 s at least) nor a cron expression, or a day that never comes.",
    "source-form": "A source with two things to read, or none, or a watermark that does not fit it.",
    "step-action": "A step with several actions, or none.",
    "store-form": "A store whose `connection`, `as` or `store_id` does not fit the other stores.",
    "switch-default": "A switch without `default`.",
    "target-form": "An operation that is not written as `CONNECTION/OPERATION`.",
    "test-form": "A test whose keys do not go together.",
    "unknown-key": "A key that does not exist here.",
    "unknown-value": "A word that is not one of those allowed.",
    "ion-form": "A source of ION messages that cannot be received, or documents that cannot wake a pipeline.",
    "webhook-form": "A source of webhooks that cannot be received, or whose keys do not go together.",
    "wrong-value": "A value of the wrong kind.",
}
"""What is wrong with the shape of a file."""

EXPRESSIONS: Mapping[str, str] = {
    "arity": "A function with too many or too few arguments.",
    "bad-literal": "Text in backticks that is not JSON.",
    "bare-literal": "`true`, `false` or `null` without backticks, which names a field.",
    "bare-number": "A number without backticks.",
    "empty": "An expression without text.",
    "incomplete": "An expression that ends too early.",
    "later-step": "A step used before it is done.",
    "maybe-skipped": "A step that may be skipped, used without `coalesce` or `default`.",
    "misplaced-reference": "An expression reference (`&`) outside of a function that takes one.",
    "missing-operator": "Two values without an operator or comma between them.",
    "missing-reference": "An argument that must be an expression reference (`&`).",
    "negation": "`!a.b`, which binds as `(!a).b`.",
    "pattern": "A regular expression that is wrong or unsafe.",
    "root-not-here": "A root name that is known in other places only.",
    "syntax": "Text that is not JMESPath.",
    "too-long": "An expression of more than 10,000 characters.",
    "unknown-field": "A field that the record is not known to have.",
    "unknown-function": "A function that does not exist.",
    "unknown-member": "A name that `store`, `link` or `remembered` does not have.",
    "unknown-output": "An output that a step or probe does not declare.",
    "unknown-root": "A root name that does not exist.",
    "unknown-setting": "A setting that the project does not have.",
    "unknown-step": "A step that does not exist before this.",
    "unknown-var": "A var that does not exist before this.",
    "whole-root": "The whole root object, of which only parts can be used.",
}
"""What is wrong with an expression."""

NAMES: Mapping[str, str] = {
    "ignored-call": "`on_fail: ignore` on the answer of a call that acts.",
    "call-reads": "`call` of an operation that only reads.",
    "duplicate-id": "Two steps of the same name.",
    "missing-input": "A mandatory field of an operation that is not given.",
    "missing-output": "An output of a probe that its `otherwise` does not give.",
    "may-be-too-long": "A value that can be longer than its field, and is not cut.",
    "no-link": "A pipeline that others require and that has no `link`.",
    "no-upsert": "An upsert of something that the connection cannot find, merge and write.",
    "no-table-reads": "A table probe where the connection allows none, without `otherwise`.",
    "not-in-dialect": "A field that the configured shop API does not tell.",
    "read-acts": "`read` of an operation that acts.",
    "requires-cycle": "Pipelines that wait for each other.",
    "unknown-answer": "A field that an operation does not answer.",
    "unknown-block": "A block of fields that does not exist.",
    "unknown-call": "A call that no step of the tested pipeline makes.",
    "unknown-channel": "A channel that `alerts` does not have.",
    "unknown-column": "A column that a lookup does not have, or that must be named.",
    "unknown-compare": "A field to compare that the step does not send.",
    "unknown-connection": "A connection that does not exist.",
    "unknown-connector": "A type of connection that does not exist.",
    "unknown-environment": "An environment that does not exist.",
    "unknown-given": "Something given to a test that it cannot have, or a record that is not given.",
    "unknown-input": "A field that an operation does not have.",
    "unknown-lookup": "A lookup that does not exist.",
    "unknown-operation": "An operation that a connection does not have.",
    "unknown-override": "A store's change of a step that does not exist.",
    "unknown-pipeline": "A pipeline that does not exist.",
    "unknown-probe": "A probe that does not exist, or is needed.",
    "unknown-resource": "A source that a connection does not have.",
    "unknown-store": "A store that does not exist, or that the pipeline does not serve.",
    "unknown-program": "An MI program that the snapshot of the tenant does not have.",
    "unused-block": "A block of fields that nothing includes.",
    "unused-lookup": "A lookup that nothing uses.",
    "unused-probe": "A probe that nothing uses.",
    "value-too-long": "A constant or code that is longer than its field.",
    "wrong-type": "A value that is no number or date where its field takes one, or a list or flag.",
}
"""What does not fit together."""

SAFETY: Mapping[str, str] = {
    "collective-customer": "A probe that lists by a customer whom many orders share.",
    "commit-form": "A commit that can be skipped, repeated or forgotten.",
    "commit-only": "A key that belongs to the commit, or before one.",
    "inexact-double-check": "A double check that does not look by reference.",
    "mutable-field": "A key, reference, filter or watermark made of something that can change.",
    "no-start": "An environment that does not say from when on records are entered.",
    "no-key": "A call that is repeated by its own key, and does not always send it.",
    "several-commits": "More than one commit in a pipeline.",
    "undo-after-commit": "An undo of something that is real already.",
    "unsafe-step": "A call that doubles its effect, and nothing settles a lost answer.",
}
"""What could enter something twice, or never."""

_FOLLOWING = frozenset(
    {
        "later-step",
        "maybe-skipped",
        "root-not-here",
        "unknown-field",
        "unknown-member",
        "unknown-output",
        "unknown-root",
        "unknown-step",
        "unknown-var",
    }
)
INDEPENDENT = frozenset(EXPRESSIONS) - _FOLLOWING | {
    "duplicate-id",
    "unknown-column",
    "unknown-connection",
    "unknown-input",
    "unknown-lookup",
    "unknown-operation",
    "unknown-pipeline",
    "unknown-program",
    "value-too-long",
}
"""Codes of problems that stay true when something else in the file is mended."""

RULES: Mapping[str, str] = {**FILES, **FORM, **EXPRESSIONS, **NAMES, **SAFETY}
"""Every code and its meaning."""
