from __future__ import annotations

import pytest

from m3nop.core import json
from m3nop.core.connector import Effect
from m3nop.core.errors import ConfigurationError
from m3nop.mapping.lookups import Miss
from m3nop.mapping.pipeline import InDoubt, OnChange, OnFail
from m3nop.spec import compile_definition
from m3nop.spec.validate import validate
from tests.unit.spec.conftest import change
from tests.unit.spec.fake_systems import REGISTRY


@pytest.fixture
def orders(load):
    return load().pipeline("orders", "b2c")


def step(pipeline, name):
    return next(found for found in pipeline.steps if found.id == name)


def test_the_source_is_compiled(orders):
    source = orders.source

    assert (source.connection, source.resource, source.name) == ("shop", "orders", "order")
    assert (source.quiet, source.recheck_every, source.recheck_for) == (60.0, 900.0, 5184000.0)
    assert source.ready is not None
    assert source.ready.paths == (("settings", "ready_payment_statuses"), ("order", "payment_status"))


def test_only_what_the_mappings_use_is_wanted(orders, load):
    assert orders.source.wanted >= {"id", "items.sku", "shipping_address.city", "customer.is_guest"}
    assert "vat_number" not in orders.source.wanted
    assert "vat_number" in load().pipeline("orders", "b2b").source.wanted


def test_a_pipeline_that_uses_the_whole_record_wants_everything(load, folder):
    change(folder / "pipelines" / "orders.yaml", "vars:", "vars:\n  all: sha256(json(order))")

    assert load().pipeline("orders", "b2c").source.wanted is None


def test_fields_have_their_rules(orders):
    rules = {rule.name: rule for rule in step(orders, "head").call.fields}

    assert rules["CUNO"].required
    assert rules["ORTP"].lookup == "order_types"
    assert rules["ORTP"].missing is Miss.REJECT
    assert rules["TEPY"].column == "TEPY"
    assert rules["TEPY"].missing is Miss.REVIEW
    assert rules["FACI"].expression.text == "settings.facility"
    assert rules["FACI"].source == "settings.facility"


def test_a_block_is_included_and_what_stands_beside_it_is_added(orders):
    rules = {rule.name: rule for rule in step(orders, "address").call.fields}

    assert list(rules) == ["ADRT", "CUA1", "TOWN", "ORNO"]
    assert rules["ADRT"].value == "01"
    assert rules["CUA1"].truncate


def test_steps_have_their_parts(orders):
    head, lines, confirm = (step(orders, name) for name in ("head", "lines", "confirm"))

    assert str(head.call.target) == "erp/OIS100MI/AddBatchHead"
    assert head.undo.target.operation.name == "OIS100MI/DelBatchHead"
    assert (lines.for_each.name, lines.for_each.key.text) == ("item", "item.id")
    assert lines.verify.compare == ("CUPO", "ITNO", "ORQT", "SAPR")
    assert orders.commit_step is confirm
    assert confirm.call.outputs.names == {"order_number": "ORNO", "state": "STAT"}
    assert [check.on_fail for check in confirm.expect] == [OnFail.REJECT, OnFail.REVIEW]
    assert step(orders, "customer").requires.pipeline == "customers"
    assert orders.requires == {"customers"}


def test_pipeline_settings_take_defaults_of_the_project(orders):
    assert (orders.retry.retries, orders.retry.exponential) == (7, True)
    assert orders.on_change is OnChange.REVIEW


def test_a_table_probe_looks_by_reference(orders):
    probe = orders.probes["temporary_orders"]

    assert probe.exact
    assert probe.proves_absence
    assert probe.read.target.operation.name == "table:OXHEAD"
    assert probe.read.outputs.names == {"ORNO": "OAORNO", "CUNO": "OACUNO", "ORTP": "OAORTP"}
    assert set(probe.agree) == {"CUNO", "ORTP"}
    assert orders.double_check.always


def without_guests_and_tables(folder) -> None:
    change(folder / "m3nop.yaml", "company: 100", "company: 100, table_reads: false")
    change(folder / "m3nop.yaml", "guest_customer: W9999", "guest_customer: null")


def test_where_table_reads_are_forbidden_the_other_read_is_used(load, folder):
    without_guests_and_tables(folder)

    orders = load().pipeline("orders", "b2c")

    probe = orders.probes["temporary_orders"]
    assert probe.read.target.operation.name == "OIS100MI/LstBatchHead"
    assert probe.match.text == "row.CUOR == reference"
    assert not probe.exact
    assert not orders.double_check.always


def test_what_the_other_read_does_not_give_is_not_compared(load, folder):
    without_guests_and_tables(folder)
    change(folder / "pipelines" / "orders.yaml", "outputs: [ORNO, CUNO, ORTP]", "outputs: [ORNO, ORTP]")

    assert set(load().pipeline("orders", "b2c").probes["temporary_orders"].agree) == {"ORTP"}


def test_without_table_reads_and_without_another_read_a_table_probe_is_refused(load, folder):
    without_guests_and_tables(folder)
    text = (folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    before, _, rest = text.partition("    otherwise:\n      read: erp/OIS100MI/LstHead")
    (folder / "pipelines" / "orders.yaml").write_text(
        before + "  confirmed_order:" + rest.partition("  confirmed_order:")[2]
    )

    problems = {problem.code: problem for problem in load().compile("orders", "b2c").problems}

    assert problems["no-table-reads"].hint == "set `table_reads: true`"


def test_an_optional_step_is_left_out_where_the_dialect_cannot(load, folder):
    change(
        folder / "m3nop.yaml",
        'shop: {type: nopcommerce, url: "https://',
        'shop: {type: nopcommerce, dialect: oss, url: "https://',
    )

    assert "write_back" not in [found.id for found in load().pipeline("orders", "b2c").steps]


def test_a_step_that_the_dialect_cannot_do_says_the_remedy(load, folder):
    change(
        folder / "m3nop.yaml",
        'shop: {type: nopcommerce, url: "https://',
        'shop: {type: nopcommerce, dialect: oss, url: "https://',
    )
    change(folder / "pipelines" / "orders.yaml", "    optional: true\n", "")

    (problem,) = load().compile("orders", "b2c").problems

    assert (problem.code, problem.hint) == ("unknown-operation", "mark the step `optional: true`")


def test_without_a_snapshot_names_are_not_checked_and_that_is_said(load, folder):
    change(folder / "m3nop.yaml", "company: 100", "company: 100, snapshot: false")
    change(folder / "pipelines" / "orders.yaml", "      FACI:", "      SITE:")

    assert load().compile("orders", "b2c").problems == ()
    assert "erp/OIS100MI/AddBatchHead" in validate([folder], registry=REGISTRY, environ={}).unchecked


def test_a_definition_compiles_to_the_same_pipeline_again(load):
    project = load()
    for name in project.pipelines:
        for store in project.stores:
            pipeline = project.pipeline(name, store)

            again = compile_definition(pipeline.definition, catalogs=project.catalogs)

            assert again.definition == pipeline.definition
            assert again.probes == pipeline.probes
            assert again.vars == pipeline.vars
            assert again.source == pipeline.source


def test_a_definition_keeps_the_order_of_vars(load, folder):
    change(folder / "pipelines" / "orders.yaml", "vars:", "vars:\n  z: order.id\n  a: vars.z")
    project = load()

    again = project.compile_definition(project.pipeline("orders", "b2c").definition)

    assert [name for name, _ in again.vars] == ["z", "a", "subtotal"]


def test_a_definition_holds_only_what_the_pipeline_uses(orders):
    definition = json.loads(orders.definition)

    assert "tolerance" in definition["settings"]
    assert set(definition["lookups"]) == {"order_types", "payment_methods"}
    assert set(definition["pipeline"]["blocks"]) == {"address_fields"}


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (("pipelines/orders.yaml", "Paid shop orders", "All shop orders"), True),
        (("pipelines/orders.yaml", "every 5m", "every 7m"), True),
        (("m3nop.yaml", "tolerance: 0.05", "tolerance: 0.050"), True),
        (("m3nop.yaml", "settings:\n  facility", "settings:\n  unused: 1\n  facility"), True),
        (("m3nop.yaml", "tolerance: 0.05", "tolerance: 0.06"), False),
        (("lookups/order_types.yaml", "W01", "W03"), False),
        (("pipelines/orders.yaml", "upper(item.sku)", "item.sku"), False),
    ],
)
def test_the_digest_changes_with_the_mapping_only(load, folder, edit, same):
    before = load().pipeline("orders", "b2c").digest

    change(folder / edit[0], *edit[1:])

    assert (load().pipeline("orders", "b2c").digest == before) is same


def test_a_definition_that_the_connections_cannot_do_any_more_is_refused(load):
    project = load()
    definition = project.pipeline("orders", "b2c").definition

    with pytest.raises(ConfigurationError) as refused:
        compile_definition(
            definition.replace("OIS100MI/Confirm", "OIS100MI/Approve"), catalogs=project.catalogs
        )

    assert [problem.code for problem in refused.value.problems] == ["unknown-operation"]


def test_the_key_of_a_keyed_call_must_have_a_value(load):
    (create,) = load().pipeline("customers", "b2c").steps

    assert {rule.name for rule in create.call.fields if rule.required} == {"CUNO", "CUNM"}


def test_an_optional_upsert_is_left_out_where_nothing_can_be_upserted(load, folder):
    text = SWITCH.replace("upsert: shop/products", "upsert: shop/orders/note\n    optional: true")
    text = text.replace("sku:", "order_id:").replace("{name: order.order_status", "{note: order.order_status")
    (folder / "pipelines" / "states.yaml").write_text(text, encoding="utf-8")

    assert [found.id for found in load().pipeline("states", "b2c").steps] == ["state", "pieces"]


SWITCH = """pipeline: states
source: {read: shop/orders, as: order, watermark: {by: id}}
key: order.id
steps:
  - id: state
    switch: {from: order.order_status, lookup: order_types}
    cases:
      complete:
        - id: note
          call: shop/orders/note
          fields: {order_id: order.id, note: {value: done}}
          in_doubt: review
    default: []
  - id: pieces
    for_each: {in: order.items, as: item, key: item.id}
    steps:
      - {id: stat, read: erp/OIS275MI/GetTmpOrderStat, fields: {ORNO: item.sku}, outputs: {rows: [STAT]}}
      - id: say
        call: shop/orders/note
        fields: {order_id: order.id, note: "steps.stat.rows[0].STAT"}
        in_doubt: review
  - id: product
    upsert: shop/products
    match: {sku: "default(steps.note.fields.note, order.order_status)"}
    fields: {name: order.order_status, published: {value: true}}
    on_create: {published: {value: false}}
    missing: skip
remember: {status: order.order_status}
"""


def test_switches_nested_steps_and_upserts_are_compiled(load, folder):
    (folder / "pipelines" / "states.yaml").write_text(SWITCH, encoding="utf-8")

    states = load().pipeline("states", "b2c")

    switch = step(states, "state").switch
    assert switch.lookup == "order_types"
    assert [found.id for found in switch.cases["complete"]] == ["note"]
    assert switch.default == ()
    pieces = step(states, "pieces")
    assert [found.id for found in pieces.steps] == ["stat", "say"]
    assert pieces.steps[0].read.outputs.rows
    assert pieces.steps[1].in_doubt is InDoubt.REVIEW
    product = step(states, "product").upsert
    assert product.target.operation.effect is Effect.OVERWRITE
    assert product.missing == "skip"
    assert product.on_create[0].value is False
    assert [name for name, _ in states.remember] == ["status"]


def test_a_step_of_one_case_may_not_be_relied_on(load, folder):
    text = SWITCH.replace("default(steps.note.fields.note, order.order_status)", "steps.note.fields.note")
    (folder / "pipelines" / "states.yaml").write_text(text, encoding="utf-8")

    (problem,) = load().compile("states", "b2c").problems

    assert problem.code == "maybe-skipped"
    assert problem.message == "step 'note' may be skipped: it is in a case of 'state'"


def test_steps_with_the_same_condition_may_rely_on_each_other(load, folder):
    text = """pipeline: states
source: {read: shop/orders, as: order}
key: order.id
steps:
  - {id: stat, when: order.customer.is_guest, read: erp/OIS275MI/GetTmpOrderStat, fields: {ORNO: {value: X}}, outputs: [STAT]}
  - id: note
    when: order.customer.is_guest
    call: shop/orders/note
    fields: {order_id: order.id, note: steps.stat.STAT}
    in_doubt: review
"""
    (folder / "pipelines" / "states.yaml").write_text(text, encoding="utf-8")

    assert load().compile("states", "b2c").problems == ()


@pytest.mark.parametrize(
    "field",
    ["{from: steps.stat.STAT, default: none}", '"coalesce(steps.stat.STAT, order.order_status)"'],
)
def test_a_default_takes_care_of_a_step_that_may_be_skipped(load, folder, field):
    text = f"""pipeline: states
source: {{read: shop/orders, as: order}}
key: order.id
steps:
  - {{id: stat, when: order.customer.is_guest, read: erp/OIS275MI/GetTmpOrderStat, fields: {{ORNO: {{value: X}}}}, outputs: [STAT]}}
  - id: note
    call: shop/orders/note
    fields: {{order_id: order.id, note: {field}}}
    in_doubt: review
"""
    (folder / "pipelines" / "states.yaml").write_text(text, encoding="utf-8")

    assert load().compile("states", "b2c").problems == ()


def test_blocks_may_include_blocks(load, folder):
    change(
        folder / "m3nop.yaml",
        "blocks:\n  address_fields:\n",
        "blocks:\n  place: {TOWN: order.shipping_address.city}\n  address_fields:\n    include: [place]\n",
    )
    change(folder / "m3nop.yaml", "    TOWN: {from: order.shipping_address.city, truncate: true}\n", "")

    orders = load().pipeline("orders", "b2c")

    assert {rule.name for rule in step(orders, "address").call.fields} == {"ADRT", "CUA1", "TOWN", "ORNO"}


CHOSEN = """
pipeline: chosen
enabled_when: settings.currency == 'EUR'
source: {read: shop/orders, as: order, watermark: {by: id}}
key: order.id
reference: upper(concat(store.code, '-', order.id))
vars: {text: "concat(reference, ' ', order.id)"}
steps:
  - id: plain
    when: settings.price_from == 'shop'
    call: erp/OIS100MI/AddBatchHead
    fields: {CUNO: settings.guest_customer, CUOR: reference}
    outputs: [ORNO]
    commit: true
    probe: found
  - id: other
    when: settings.price_from != 'shop'
    call: erp/OIS100MI/AddBatchHead
    fields: {CUNO: settings.guest_customer, CUOR: reference}
    outputs: {ORNO: ORNO, type: ORTP}
    commit: true
    pending_when: is_blank(result.type)
    probe: found
probes:
  found: {table: erp/OXHEAD, where: {OACUOR: vars.text}, outputs: {ORNO: OAORNO, type: OAORTP}}
link: {shop: order.id, m3: "coalesce(steps.plain.ORNO, steps.other.ORNO)"}
"""


@pytest.mark.parametrize(("price_from", "commit"), [("shop", "plain"), ("m3", "other")])
def test_settings_choose_one_of_several_commits(load, folder, price_from, commit):
    (folder / "pipelines" / "chosen.yaml").write_text(CHOSEN, encoding="utf-8")
    change(folder / "m3nop.yaml", "price_from: shop", f"price_from: {price_from}")
    pipeline = load().pipeline("chosen", "b2c")

    assert [(step.id, step.when) for step in pipeline.steps] == [(commit, None)]
    assert pipeline.commit_step.id == commit


def test_an_output_that_only_the_probe_tells_is_not_asked_of_the_call(load, folder):
    (folder / "pipelines" / "chosen.yaml").write_text(CHOSEN, encoding="utf-8")
    change(folder / "m3nop.yaml", "price_from: shop", "price_from: m3")

    assert load().pipeline("chosen", "b2c").commit_step.call.outputs.later == {"type"}


def test_a_probe_looks_by_reference_also_through_a_var(load, folder):
    (folder / "pipelines" / "chosen.yaml").write_text(CHOSEN, encoding="utf-8")

    assert load().pipeline("chosen", "b2c").probes["found"].exact


@pytest.mark.parametrize("currency", ["EUR", "SEK"])
def test_a_pipeline_is_switched_off_by_settings_and_comes_back_from_its_definition(load, folder, currency):
    (folder / "pipelines" / "chosen.yaml").write_text(CHOSEN, encoding="utf-8")
    change(folder / "m3nop.yaml", "currency: EUR", f"currency: {currency}")
    project = load()
    pipeline = project.pipeline("chosen", "b2c")

    assert pipeline.enabled is (currency == "EUR")
    assert project.compile_definition(pipeline.definition).enabled is pipeline.enabled
