from __future__ import annotations

import subprocess
import sys

import pytest

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.effects import effect_of
from m3nop.connectors.m3.transactions import shipped
from m3nop.core.connector import Effect
from m3nop.core.errors import ConfigurationError
from m3nop.sandbox.m3.programs import runner
from m3nop.sandbox.world import World

SNAPSHOT = {
    "program": "OIS100MI",
    "company": "100",
    "taken_at": "2026-11-23T09:00:00Z",
    "transactions": {
        "AddBatchHead": {
            "description": "Add batch order head",
            "many": False,
            "inputs": [
                {"name": "CUNO", "type": "A", "length": 10, "mandatory": True, "description": "Customer"},
                {"name": "ZZ01", "type": "N", "length": 5},
            ],
            "outputs": [{"name": "ORNO", "type": "A", "length": 10}],
        },
        "Brws": {"description": "Browse", "many": True, "inputs": [], "outputs": []},
        "UpdMany": {"many": True, "inputs": [], "outputs": []},
    },
}


def catalog(metadata=None, **options):
    return M3.catalog(M3.config(url="sandbox:", **options), metadata=metadata or {})


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("OIS100MI/AddBatchHead", Effect.UNSAFE),
        ("OIS100MI/AddBatchAddress", Effect.UNSAFE),
        ("OIS100MI/AddBatchLine", Effect.UNSAFE),
        ("OIS100MI/AddBatchHeadChg", Effect.UNSAFE),
        ("OIS100MI/Confirm", Effect.UNSAFE),
        ("OIS100MI/DelBatchHead", Effect.KEYED),
        ("CRS610MI/Add", Effect.KEYED),
        ("CRS610MI/AddAddress", Effect.KEYED),
        ("CRS610MI/ChgBasicData", Effect.IDEMPOTENT),
        ("CRS610MI/ChgFinancial", Effect.IDEMPOTENT),
        ("OIS300MI/ChgHeadInfo", Effect.UNSAFE),
        ("CRS610MI/ChgAddress", Effect.IDEMPOTENT),
        ("GLS840MI/AddBatchHead", Effect.KEYED),
        ("GLS840MI/AddBatchLine", Effect.KEYED),
        ("GLS840MI/AddBatchLineFld", Effect.KEYED),
        ("GLS840MI/CtrlBatch", Effect.IDEMPOTENT),
        ("GLS840MI/UpdBatch", Effect.UNSAFE),
        ("ARS040MI/AddBatchHead", Effect.KEYED),
        ("ARS040MI/AddBatchLine", Effect.KEYED),
        ("ARS040MI/ControlBatch", Effect.UNSAFE),
        ("OIS215MI/AddPayment", Effect.UNSAFE),
        ("GENERAL/ServerTimeZone", Effect.READ),
        ("MMS015MI/Lst", Effect.READ),
        ("CRS165MI/RtvNextNumber", Effect.UNSAFE),
        ("ZZS165MI/GetNextNumber", Effect.UNSAFE),
        ("OIS100MI/GetHead", Effect.READ),
        ("OIS100MI/LstHead", Effect.READ),
        ("MMS060MI/List", Effect.READ),
        ("CRS610MI/SearchCustomer", Effect.READ),
        ("CMS100MI/Lst_OXHEAD_CUOR", Effect.READ),
        ("MDBREADMI/SelMITBAL00", Effect.READ),
        ("EXPORTMI/Select", Effect.READ),
        ("XXX100MI/Selldown", Effect.UNSAFE),
        ("XXX100MI/Settle", Effect.UNSAFE),
        ("XXX100MI/Getaway", Effect.UNSAFE),
    ],
)
def test_what_is_not_known_to_be_harmless_is_unsafe(name, effect):
    assert effect_of(name, many=False) is effect


def test_a_transaction_that_answers_a_list_reads_unless_its_name_says_otherwise():
    known = catalog({"m3/OIS100MI.json": SNAPSHOT})

    assert known.operation("OIS100MI/Brws").effect is Effect.READ
    assert known.operation("OIS100MI/UpdMany").effect is Effect.UNSAFE


def test_a_keyed_transaction_names_the_key_that_refuses_a_repeat():
    operation = catalog().operation("CRS610MI/Add")

    assert (operation.key, operation.inputs["CUNO"].mandatory) == ("CUNO", False)
    assert catalog(effects={"CRS610MI/Add": "unsafe"}).operation("CRS610MI/Add").key == ""
    assert catalog().operation("OIS100MI/AddBatchHead").key == ""


def test_a_site_can_say_what_its_own_transactions_do():
    known = catalog(
        effects={"ZOR100MI/AddHead": "keyed"}, done_codes={"ZOR100MI/AddHead": ["ZOR0104"]}, group_size=7
    )

    operation = known.operation("ZOR100MI/AddHead")

    assert (operation.effect, operation.done_codes) == (Effect.KEYED, frozenset({"ZOR0104"}))
    assert (operation.inputs, operation.bulk, operation.group_size) == (None, "ZOR100MI", 7)


def test_what_the_pack_uses_is_known_without_a_snapshot():
    head = catalog().operation("OIS100MI/AddBatchHead")

    assert head.inputs["CUNO"].mandatory
    assert (head.inputs["CUOR"].type, head.inputs["CUOR"].length) == ("A", 20)
    assert head.inputs["ORDT"].length == 8
    assert (head.many, head.bulk, head.group_size) == (False, "OIS100MI", 50)
    assert catalog().operation("OIS100MI/LstBatchHead").many


def test_every_shipped_field_has_a_type_a_length_and_a_meaning():
    for info in shipped().values():
        assert info.description
        for fields in (info.inputs, info.outputs):
            for name in fields:
                field = fields[name]
                assert field.type, (info.name, name)
                assert field.length, (info.name, name)
                assert field.description, (info.name, name)


def test_a_keyed_transaction_has_a_key_that_is_an_input_and_codes_that_say_done():
    known = catalog()
    for name in shipped():
        operation = known.operation(name)
        if operation.effect is Effect.KEYED:
            assert operation.key in set(operation.inputs), name
            assert operation.done_codes, name
        if operation.effect is Effect.READ:
            assert "XRE0103" in operation.done_codes, name


def test_the_item_behind_an_alias_is_found_without_a_snapshot():
    item = catalog().operation("MMS025MI/GetItem")

    assert (item.effect, item.inputs["POPN"].mandatory, item.outputs["ITNO"].length) == (
        Effect.READ,
        True,
        15,
    )


def test_the_sandbox_takes_every_shipped_input():
    both = {
        f"{program.name}/{name}": (set(shipped()[f"{program.name}/{name}"].inputs), set(transaction.inputs))
        for program in runner(World()).programs.values()
        for name, transaction in program.transactions.items()
        if f"{program.name}/{name}" in shipped()
    }
    assert {"OIS100MI/AddBatchAddress", "CRS610MI/Add", "MMS025MI/GetItem"} <= set(both)
    assert {name: ours - taken for name, (ours, taken) in both.items() if ours - taken} == {}


def test_the_shipped_fields_are_not_all_there_are():
    inputs = catalog().operation("OIS100MI/AddBatchHead").inputs

    assert inputs["OFNO"].type is None
    assert "OFNO" in inputs
    assert "CUNOO" not in inputs
    assert "cuno" not in inputs
    assert "OFNO" not in list(inputs)


def test_a_snapshot_takes_the_place_of_what_is_shipped():
    known = catalog({"m3/OIS100MI.json": SNAPSHOT})

    assert set(known.operation("OIS100MI/AddBatchHead").inputs) == {"CUNO", "ZZ01"}
    assert known.operation("OIS100MI/Confirm") is None
    assert "OIS100MI/Brws" in known.operations()
    assert "OIS100MI/Confirm" not in known.operations()
    assert "CRS610MI/Add" in known.operations()


def test_every_program_answers_the_general_transactions():
    known = catalog({"m3/OIS100MI.json": SNAPSHOT})

    assert known.operation("OIS100MI/GetServerTime").outputs["LMTS"].type == "N"
    assert known.operation("XXX999MI/GetServerTime").outputs["LMTS"].type == "N"
    assert known.operation("OIS100MI/FpwVersion").outputs is None


@pytest.mark.parametrize(
    "name", ["orders/attribute", "OIS100MI", "ois100mi/Confirm", "OIS100MI/", "table:oxhead"]
)
def test_what_is_no_transaction_does_not_exist(name):
    assert catalog().operation(name) is None
    assert "PROGRAM/Transaction" in catalog().remedy(name)


def test_confirm_goes_in_small_groups():
    assert catalog(confirm_group=3).operation("OIS100MI/Confirm").group_size == 3


def test_version_1_knows_no_groups():
    operation = catalog(api="v1").operation("OIS100MI/AddBatchLine")

    assert (operation.bulk, operation.group_size) == (None, 1)


def test_tables_can_be_read_unless_the_site_forbids_it():
    table = catalog().operation("table:OXHEAD")

    assert (table.effect, table.many, table.bulk) == (Effect.READ, True, "table:OXHEAD")
    forbidden = catalog(table_reads=False)
    assert forbidden.operation("table:OXHEAD") is None
    assert forbidden.operation("EXPORTMI/Select") is None
    assert "`otherwise`" in forbidden.remedy("table:OXHEAD")
    assert not any(name.startswith("table:") for name in forbidden.operations())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("OIS100MI/AddHead", "standard M3 has OIS100MI/AddBatchHead"),
        ("OIS100MI/AddLine", "standard M3 has OIS100MI/AddBatchLine"),
        ("OIS100MI/Frobnicate", "m3nop m3 snapshot OIS100MI"),
        ("OIS100MI/AddBatchHead", ""),
    ],
)
def test_what_the_snapshot_lacks_gets_a_remedy(name, said):
    remedy = catalog({"m3/OIS100MI.json": SNAPSHOT}).remedy(name)

    assert said in remedy
    assert bool(remedy) is bool(said)


def test_m3_has_no_sources_of_its_own():
    assert catalog().resource("orders") is None
    assert catalog().resources() == ()


@pytest.mark.parametrize(
    "document", [None, [], {}, {"program": "X"}, {"program": "X", "transactions": {"Get": {"inputs": []}}}]
)
def test_a_file_that_is_no_snapshot_is_named(document):
    with pytest.raises(ConfigurationError, match=r"m3/X\.json is not a snapshot"):
        catalog({"m3/X.json": document})


def test_validation_loads_no_http_library():
    program = (
        "import sys; from m3nop.connectors.m3 import M3;"
        "M3.catalog(M3.config(url='sandbox:'), metadata={}).operation('OIS100MI/Confirm');"
        "assert 'urllib3' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # noqa: S603
