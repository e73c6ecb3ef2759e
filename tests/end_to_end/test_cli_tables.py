"""Commands about links, the state database, lookups and mappings, over real HTTP."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from m3nop.core import json
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.sandbox.world import World

HEADER = "pipeline,key,shop,m3\n"


@pytest.fixture
def synced(make_project: MakeProject, world: World) -> Project:
    """A project with two delivered orders."""
    project = make_project()
    place(world)
    place(world, store_id=2)
    assert project.run("sync", "orders").code == 0
    return project


def document(project: Project, *arguments: str) -> object:
    ended = project.run(*arguments, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def pairs(project: Project, text: str, *, name: str = "pairs.csv") -> Path:
    path = project.folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- links


def test_links_are_listed_and_filtered(synced: Project, world: World) -> None:
    ended = synced.run("links", "list", "--pipeline", "orders")
    numbers = {row["CUOR"]: row["ORNO"] for row in rows(world, "m3.orders")}
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[:4] for line in ended.out.splitlines()] == [
        ["pipeline", "key", "shop", "m3"],
        ["orders", "1014", "1014", numbers["B2C-1014"]],
        ["orders", "1015", "1015", numbers["B2B-1015"]],
    ]
    (link,) = document(synced, "links", "list", "--m3", numbers["B2B-1015"])
    assert (link["key"], link["origin"]) == ("1015", "run")
    assert synced.run("links", "list", "--shop", "7").err == "there are no such links\n"
    some = synced.run("links", "list", "--limit", "1")
    assert len(some.out.splitlines()) == 2
    assert some.err == "there are more than 1: --limit shows more, `m3nop links export` gives them all\n"


def test_exported_links_are_what_import_takes(synced: Project, make_project: MakeProject) -> None:
    exported = synced.run("links", "export").out
    assert exported.startswith(HEADER)
    other = make_project()
    ended = other.run("links", "import", str(pairs(other, exported)))
    assert (ended.code, ended.out, ended.err) == (0, "4 links taken over\n", "")
    assert other.run("links", "export").out == exported
    again = other.run("links", "import", str(pairs(other, exported)))
    assert again.out == "0 links taken over, 4 were there already\n"
    assert document(other, "links", "import", str(pairs(other, exported))) == {"new": 0, "known": 4}


def test_an_import_can_be_tried_first(synced: Project, make_project: MakeProject) -> None:
    exported = synced.run("links", "export").out
    other = make_project()
    tried = other.run("links", "import", "--dry-run", str(pairs(other, exported)))
    assert (tried.code, tried.out) == (0, "4 links would be taken over\n")
    assert not other.state_file.exists()
    mixed = f"{exported}customers,99,99,A100\n"
    tried = synced.run("links", "import", "--dry-run", str(pairs(synced, mixed)))
    assert tried.out == "1 links would be taken over, 4 were there already\n"
    wrong = synced.run(
        "links", "import", "--dry-run", str(pairs(synced, f"{HEADER}orders,1014,1014,0000000001\n"))
    )
    assert (wrong.code, "links-conflict" in wrong.err) == (3, True)
    assert synced.run("links", "export").out == exported


def test_an_order_whose_link_was_imported_is_not_entered_again(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    number = place(world)
    # As a spreadsheet in Europe saves it: a byte order mark, semicolons, a blank line.
    text = f"\ufeffm3;key;pipeline;shop\r\n0000004711;{number};orders;{number}\r\n\r\n"
    assert project.run("links", "import", str(pairs(project, text))).code == 0
    before = project.run("trace", "0000004711")
    assert before.code == 1
    assert f"orders {number} is linked with M3 0000004711 (import, " in before.out
    assert project.run("sync", "orders").code == 0
    assert rows(world, "m3.orders") == []
    assert f"orders {number} (b2c) done: it is in M3 already" in project.run("trace", "0000004711").out


def test_an_imported_link_wakes_what_waits_for_it(make_project: MakeProject, world: World) -> None:
    project = make_project()
    order = place(world)
    customer = next(row["customer_id"] for row in rows(world, "shop.orders") if row["id"] == order)
    refusing = world.faults.add(Fault(kind="status", operation="CRS610MI/Add", status=401, times=None))
    assert project.run("sync", "orders").code == 4
    world.faults.remove(refusing)
    state = sqlite3.connect(project.state_file)
    state.execute("update records set state = 'review', attempt_id = null where pipeline = 'customers'")
    state.commit()
    state.close()
    text = f"{HEADER}customers,{customer},{customer},W9999\n"
    assert project.run("links", "import", str(pairs(project, text))).code == 0
    assert project.run("sync", "orders").code == 0
    assert [row["CUNO"] for row in rows(world, "m3.orders")] == ["W9999"]


def test_every_wrong_line_of_an_import_is_named_and_nothing_is_written(synced: Project, world: World) -> None:
    entered = next(row["ORNO"] for row in rows(world, "m3.orders") if row["CUOR"] == "B2C-1014")
    wrong = pairs(
        synced,
        f"{HEADER}orders,900,900,0000000900\norders,1014,1014,0000000001\norder,901,901,0000000901\n"
        f"orders,902,,0000000902\norders,903,903\norders,904,904,0000000900\norders,900,900,0000000905\n"
        f"customers,17,17,W0000001\ncustomers,18,18,W0000001\norders,906,906,{entered}\n",
    )
    ended = synced.run("links", "import", str(wrong))
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.replace(str(wrong), "pairs.csv") == snapshot("""\
pairs.csv:4:1: unknown-pipeline: there is no pipeline 'order'; did you mean 'orders'?
pairs.csv:5:1: links-blank: shop is blank
pairs.csv:6:1: links-row: the line has 3 cells, the header 4
pairs.csv:7:1: links-twice: orders: the M3 key 0000000900 is on line 2 already
pairs.csv:8:1: links-twice: orders: the key 900 is on line 2 already
m3nop: nothing was imported from pairs.csv: 5 problems
""")
    assert len(synced.run("links", "export").out.splitlines()) == 5
    fits = pairs(
        synced, f"{HEADER}orders,1014,1014,0000000001\norders,906,906,{entered}\norders,907,907,0000000907\n"
    )
    ended = synced.run("links", "import", str(fits))
    assert re.sub(r"00\d{8}", "<number>", ended.err.replace(str(fits), "pairs.csv")) == snapshot("""\
pairs.csv:2:1: links-conflict: orders 1014 is linked already: shop 1014, M3 <number> (run)
pairs.csv:3:1: links-conflict: orders 1014 is linked already: shop 1014, M3 <number> (run)
m3nop: nothing was imported from pairs.csv: 2 problems
""")
    assert len(synced.run("links", "export").out.splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", 3, "the file is empty; its first line is pipeline,key,shop,m3"),
        (b"\n\n", 3, "the file is empty"),
        (b"key,m3\n1,2\n", 3, "pairs.csv:1:1: links-header: the first line is key, m3; it must name the columns"),
        (b"\x89PNG\r\n\x1a\n\x00", 3, "the file is not UTF-8 text; save it as CSV UTF-8"),
        (b"pipeline,key,shop,m3\0\n", 3, "the file is not text"),
        (b'pipeline,key,shop,m3\norders,"1,1,2\n', 3, "not-csv"),
        (None, 2, "cannot be read: No such file or directory"),
    ],
    ids=["empty", "blank", "header", "binary", "nul", "quotes", "missing"],
)  # fmt: skip
def test_a_file_that_holds_no_links_is_refused(
    make_project: MakeProject, content: bytes | None, code: int, message: str
) -> None:
    project = make_project()
    file = project.folder / "pairs.csv"
    if content is not None:
        file.write_bytes(content)
    ended = project.run("links", "import", "pairs.csv")
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert not project.state_file.exists()


def test_a_record_that_is_being_entered_takes_no_link(make_project: MakeProject, world: World) -> None:
    project = make_project()
    number = place(world)
    world.faults.add(Fault(kind="late_effect", operation="OIS100MI/AddBatchHead", seconds=60))
    project.run("sync", "orders", "--linger", "0s")
    ended = project.run(
        "links", "import", str(pairs(project, f"{HEADER}orders,{number},{number},0000004711\n"))
    )
    assert ended.code == 3
    assert f"orders {number} is being entered by m3nop itself (ready); let it settle first" in ended.err
    world.clock.advance(60)
    assert project.run("sync", "orders").code == 0
    assert judge(world, [f"B2C-{number}"]) == CLEAN


def test_with_no_links_the_list_is_empty(make_project: MakeProject) -> None:
    project = make_project()
    project.run("sync", "orders")
    ended = project.run("links", "list")
    assert (ended.code, ended.out, ended.err) == (0, "", "there are no links yet\n")
    assert document(project, "links", "list") == []
    assert project.run("links", "export").out == HEADER


# -- state


def test_the_state_says_what_it_belongs_to_and_holds(synced: Project) -> None:
    ended = synced.run("state", "show")
    assert (ended.code, ended.err) == (0, "")
    assert f"{synced.state_file}, " in ended.out
    assert '\norders: 2 done\n  read up to {"id":1015}\n' in ended.out
    assert "\nshipments: no records\n4 links, 0 open dead letters\nlast run 1: " in ended.out
    shown = document(synced, "state", "show")
    assert (shown["epoch"], shown["scope"]["environment"], shown["links"]) == (1, "sandbox", 4)
    assert shown["pipelines"]["customers"] == {"records": {"done": 2}, "watermarks": {}, "baseline": None}


def test_a_sound_state_is_verified_and_a_changed_one_is_not(synced: Project) -> None:
    ended = synced.run("state", "verify")
    assert (ended.code, ended.out) == (0, "everything fits\n")
    state = sqlite3.connect(synced.state_file)
    state.execute("update records set state = 'in_flight' where key = '1014'")
    state.commit()
    state.close()
    ended = synced.run("state", "verify")
    assert (ended.code, ended.out) == (3, "orders 1014 is in flight, but no run claims it\n")
    assert "has 1 fault; put back a backup" in ended.err
    assert json.loads(synced.run("state", "verify", "--json").out)["problems"] == [
        "orders 1014 is in flight, but no run claims it"
    ]


def test_a_state_that_is_no_database_is_refused_with_the_remedy(synced: Project) -> None:
    synced.state_file.write_bytes(b"not a database, but quite a bit of text")
    ended = synced.run("state", "verify")
    assert ended.code == 3
    assert "is not a state database; move it away, or put back a backup" in ended.err


def test_a_backup_is_a_complete_state(synced: Project, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    ended = synced.run("state", "backup", str(target))
    assert (ended.code, ended.out) == (0, f"{target}: {target.stat().st_size} bytes\n")
    again = synced.run("state", "backup", str(target))
    assert (again.code, again.err) == (3, f"m3nop: {target} exists already; name a new file for the backup\n")
    nowhere = synced.run("state", "backup", str(tmp_path / "no" / "backup.db"))
    assert nowhere.code == 3
    exported = synced.run("links", "export").out
    synced.state_file.write_bytes(target.read_bytes())
    assert synced.run("links", "export").out == exported


def test_older_orders_are_left_alone_from_a_baseline_on(make_project: MakeProject, world: World) -> None:
    project = make_project()
    waiting = place(world, payment_status="pending")
    project.run("sync", "orders")
    ended = project.run("state", "baseline", "orders", "--before", "2030-01-01T00:00:00Z")
    assert (ended.code, ended.out) == (
        0,
        (
            "orders: records created before 2030-01-01T00:00:00Z are left alone\n"
            "1 that were read and not touched yet are baselined\n"
        ),
    )
    assert "that instant is still to come" in ended.err
    place(world)
    assert project.run("sync", "orders").code == 0
    assert rows(world, "m3.orders") == []
    assert (
        f"orders {waiting} (b2c) baselined: older than the baseline" in project.run("trace", str(waiting)).out
    )
    done = document(project, "state", "baseline", "orders", "--before", "2026-01-01")
    assert done == {
        "pipeline": "orders", "before": "2026-01-01T00:00:00Z", "earlier": "2030-01-01T00:00:00Z", "baselined": 0
    }  # fmt: skip
    assert "  baseline 2026-01-01T00:00:00Z" in project.run("state", "show").out


def test_a_baseline_needs_a_pipeline_and_a_date(make_project: MakeProject) -> None:
    project = make_project()
    unknown = project.run("state", "baseline", "ordres", "--before", "2026-01-01")
    assert (unknown.code, unknown.err) == (
        2,
        "m3nop: there is no pipeline 'ordres'; did you mean 'orders'?\n",
    )
    undated = project.run("state", "baseline", "orders", "--before", "yesterday")
    assert (undated.code, "is no date" in undated.err) == (2, True)
    assert project.run("state", "baseline", "orders").code == 2


# -- lookup


def test_lookups_are_listed_with_their_files_and_users(make_project: MakeProject) -> None:
    project = make_project()
    ended = project.run("lookup", "list")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(
        r"^delivery_methods +lookups/delivery_methods\.csv +5 +MODL, TEDL +reject +all +orders$",
        ended.out,
        re.MULTILINE,
    )
    (table,) = [each for each in document(project, "lookup", "list") if each["lookup"] == "order_types"]
    assert table == {
        "lookup": "order_types", "file": "lookups/order_types.yaml", "rows": 3, "columns": ["value"],
        "missing": "reject", "default": None, "stores": ["b2c", "b2b"], "used_by": ["customers", "guests", "orders"],
    }  # fmt: skip


def test_a_lookup_is_shown_and_asked(make_project: MakeProject) -> None:
    project = make_project()
    shown = project.run("lookup", "show", "order_types")
    assert [line.split() for line in shown.out.splitlines()] == [
        ["from", "value"],
        ["1", "W01"],
        ["2", "W02"],
        ["wholesale", "W02"],
    ]
    assert "lookups/order_types.yaml: 3 rows; a record with such a code is refused" in shown.err
    assert document(project, "lookup", "show", "order_types")["values"] == {
        "1": {"value": "W01"},
        "2": {"value": "W02"},
        "wholesale": {"value": "W02"},
    }
    assert project.run("lookup", "get", "order_types", "2").out == "W02\n"
    assert project.run("lookup", "get", "delivery_methods", "Ground").out == "MODL = POS\nTEDL = DAP\n"
    assert project.run("lookup", "get", "delivery_methods", "Ground", "--column", "TEDL").out == "DAP\n"
    assert document(project, "lookup", "get", "delivery_methods", "Ground") == {"MODL": "POS", "TEDL": "DAP"}


def test_a_lookup_that_does_not_have_it_says_what_it_has(make_project: MakeProject) -> None:
    project = make_project()

    def refusal(*arguments: str) -> str:
        ended = project.run("lookup", *arguments)
        assert (ended.code, ended.out) == (2, "")
        return ended.err

    assert refusal("show", "ordertypes") == snapshot(
        "m3nop: there is no lookup 'ordertypes'; did you mean 'order_types'?\n"
    )
    assert refusal("get", "order_types", "3") == snapshot(
        "m3nop: lookups/order_types.yaml has no row '3'; a record with such a code is refused\n"
    )
    assert refusal("get", "delivery_methods", "Ground", "--column", "MODE") == snapshot(
        "m3nop: there is no column 'MODE'; did you mean 'MODL'?\n"
    )
    assert refusal("list", "--store", "b2d") == snapshot(
        "m3nop: there is no store 'b2d'; did you mean 'b2c'?\n"
    )
    assert refusal("gaps", "ordres") == "m3nop: there is no pipeline 'ordres'; did you mean 'orders'?\n"
    assert (
        refusal("gaps", "orders", "--store", "b2d") == "m3nop: there is no store 'b2d'; did you mean 'b2c'?\n"
    )


def test_a_store_may_have_a_lookup_of_its_own(make_project: MakeProject) -> None:
    own = "  b2b:\n    connection: shop\n    lookups: {order_types: lookups/b2b/order_types.csv}\n"
    project = make_project(change=lambda text: text.replace("  b2b:\n    connection: shop\n", own))
    (project.folder / "lookups" / "b2b").mkdir()
    (project.folder / "lookups" / "b2b" / "order_types.csv").write_text("from,ORTP\n2,B2B\n")
    tables = [each for each in document(project, "lookup", "list") if each["lookup"] == "order_types"]
    assert [(table["file"], table["stores"]) for table in tables] == [
        ("lookups/b2b/order_types.csv", ["b2b"]), ("lookups/order_types.yaml", ["b2c"])
    ]  # fmt: skip
    unsure = project.run("lookup", "get", "order_types", "2")
    assert (unsure.code, "stores have different lookups order_types" in unsure.err) == (2, True)
    assert project.run("lookup", "get", "order_types", "2", "--store", "b2b").out == "B2B\n"


def test_a_lookup_that_cannot_be_read_is_a_problem_with_its_place(make_project: MakeProject) -> None:
    project = make_project()
    (project.folder / "lookups" / "countries.csv").write_text("from,CSCD\nSE,SE\nSE,SE\n")
    ended = project.run("lookup", "show", "countries")
    assert (ended.code, ended.out) == (3, "")
    assert "countries.csv:3:1: lookup-table: the code 'SE' has a row already" in ended.err


def test_gaps_are_what_the_shop_has_and_no_lookup_covers(make_project: MakeProject, world: World) -> None:
    project = make_project()
    place(world)
    for _ in range(2):
        place(world, payment_method="Payments.New", shipping_method="Drone")
    place(world, shipping_method="Drone", payment_status="pending")
    project.run("sync", "orders")
    ended = project.run("lookup", "gaps", "orders")
    assert (ended.code, ended.out) == snapshot(
        (
            0,
            """\
lookup            value         records  undelivered  fields                such as
delivery_methods  Drone         3        3            head.MODL, head.TEDL  1015, 1016, 1017
payment_methods   Payments.New  2        2            head.PYCD, head.TEPY  1015, 1016
""",
        )
    )
    assert "more values have no row and need none (--all shows them)" in ended.err
    gaps = document(project, "lookup", "gaps", "orders", "--all")
    assert {"lookup": "delivery_methods", "value": "Drone"}.items() <= gaps[0].items()
    assert (gaps[0]["records"], gaps[0]["undelivered"], gaps[0]["examples"]) == (
        3,
        3,
        ["1015", "1016", "1017"],
    )
    assert {"item_numbers", "warehouses"} <= {gap["lookup"] for gap in gaps if not gap["refuses"]}
    assert project.run("lookup", "gaps", "customers").err.startswith(
        "every value that customers looks up has a row"
    )
    assert document(project, "lookup", "gaps", "orders", "--store", "b2b") == []


def test_gaps_are_found_in_the_shop_before_anything_was_ever_run(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    place(world, shipping_method="Drone")
    assert project.run("lookup", "gaps", "orders").code == 3
    (gap,) = document(project, "lookup", "gaps", "orders", "--read")
    assert (gap["value"], gap["records"]) == ("Drone", 1)
    assert not project.state_file.exists()
    project.run("sync", "orders")
    place(world, shipping_method="Drone")
    (gap,) = document(project, "lookup", "gaps", "orders", "--read")
    assert (gap["value"], gap["records"]) == ("Drone", 2)


# -- map


def test_a_record_is_mapped_with_the_expression_of_each_value(synced: Project) -> None:
    ended = synced.run("map", "orders", "--key", "1014")
    assert (ended.code, ended.err) == (0, "")
    assert re.match(r"orders 1014 \(b2c\), as read \S+Z\n  reference B2C-1014\n  vars\n", ended.out)
    assert "      buyer           = Erika Mustermann    <- trim(" in ended.out
    assert (
        "  + head: erp/OIS100MI/AddBatchHead\n      CUNO = W0000005    <- coalesce(steps.customer.m3"
        in ended.out
    )
    mapped = document(synced, "map", "orders", "--key", "1014")
    assert (mapped["reference"], mapped["checks"], mapped["problem"]) == ("B2C-1014", [], "")
    head = next(call for call in mapped["calls"] if call["step"] == "head")
    assert (head["fields"]["ORTP"], head["from"]["ORTP"]) == ("W01", "vars.order_type -> lookup order_types")


def test_an_expression_is_tried_on_a_record(synced: Project, world: World) -> None:
    def value(expression: str) -> str:
        ended = synced.run("map", "orders", "--key", "1014", "--expr", expression)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    assert value("upper(vars.buyer)") == "ERIKA MUSTERMANN\n"
    assert value("order.items[].quantity") == "[1, 2]\n"
    assert value("sum_by(order.items, &price_excl_tax)") == "59.8000\n"
    assert value("order.vat_number") == "null\n"
    assert value("''") == "\n"
    entered = next(row["ORNO"] for row in rows(world, "m3.orders") if row["CUOR"] == "B2C-1014")
    assert value("steps.confirm.order_number") == f"{entered}\n"
    assert value("steps.lines[0].fields.ITNO") == "LAMP-HEAD\n"
    assert document(synced, "map", "orders", "--key", "1014", "--expr", "steps")["freight"] is None


def test_a_wrong_expression_is_refused(synced: Project) -> None:
    def refusal(expression: str) -> tuple[int, str]:
        ended = synced.run("map", "orders", "--key", "1014", "--expr", expression)
        assert ended.out == ""
        return ended.code, ended.err

    assert refusal("order.items[?") == snapshot(
        (
            2,
            "m3nop: --expr, character 14: the expression ends too early; in a flow map {...}, or with ` #` in it, put the whole expression in quotes\n",
        )
    )
    assert refusal("item.sku") == snapshot(
        (
            2,
            "m3nop: there is no name 'item'; there are environment, link, order, reference, remembered, settings, steps, store, vars; for a constant write 'item' in single quotes\n",
        )
    )
    assert refusal("uper(order.id)") == snapshot(
        (2, "m3nop: --expr, character 1: unknown function uper; did you mean upper?\n")
    )
    assert refusal("add(order.id, 'x')") == snapshot(
        (1, "m3nop: add() needs number as `numbers`, not text 'x', in `add(order.id, 'x')`\n")
    )


def test_a_record_from_a_file_is_mapped_without_any_system(make_project: MakeProject, world: World) -> None:
    project = make_project()
    number = place(world)
    order = project.run("map", "orders", "--key", str(number), "--expr", "order")
    (project.folder / "record.json").write_text(order.out, encoding="utf-8")
    nobody = "http://127.0.0.1:9"
    text = (project.folder / "m3nop.yaml").read_text(encoding="utf-8")
    (project.folder / "m3nop.yaml").write_text(
        re.sub(r"http://127\.0\.0\.1:\d+", nobody, text), encoding="utf-8"
    )
    ended = project.run("map", "orders", "--file", "record.json")
    assert ended.code == 0
    assert f"orders {number} (b2c), from record.json\n  reference B2C-{number}\n" in ended.out
    assert "dates are those of UTC, because M3's time zone is not known" in ended.err
    assert "CUNO = <new>    <- coalesce(steps.customer.m3" in ended.out
    other = project.run("map", "orders", "--file", "record.json", "--store", "b2b", "--expr", "reference")
    assert other.out == f"B2B-{number}\n"


def test_what_cannot_be_mapped_is_said(make_project: MakeProject, world: World) -> None:
    project = make_project()

    def refusal(*arguments: str) -> str:
        ended = project.run("map", *arguments)
        assert (ended.code, ended.out) == (2, "")
        return ended.err

    (project.folder / "list.json").write_text("[]")
    (project.folder / "cut.json").write_text('{"id": 1')
    (project.folder / "strange.json").write_text('{"id": 1, "store_id": 9}')
    assert refusal("orders") == snapshot("m3nop: say which record: --key KEY, or --file record.json\n")
    assert refusal("orders", "--key", "1", "--file", "list.json") == snapshot(
        "m3nop: say which record: --key KEY, or --file record.json\n"
    )
    assert refusal("ordres", "--key", "1") == snapshot(
        "m3nop: there is no pipeline 'ordres'; did you mean 'orders'?\n"
    )
    assert refusal("orders", "--key", "77777") == snapshot("m3nop: the shop has no orders 77777\n")
    assert refusal("orders", "--file", "none.json") == snapshot(
        "m3nop: none.json cannot be read: No such file or directory\n"
    )
    assert refusal("orders", "--file", "list.json") == snapshot(
        "m3nop: list.json holds no record: it must be a JSON object, as `m3nop nop get` prints one\n"
    )
    assert refusal("orders", "--file", "cut.json") == snapshot(
        "m3nop: cut.json is not JSON: Expecting ',' delimiter: line 1 column 9 (char 8)\n"
    )
    assert refusal("orders", "--file", "strange.json") == snapshot(
        "m3nop: the record names no store that orders serves; say which: --store b2c | b2b\n"
    )
    assert refusal("orders", "--file", "strange.json", "--store", "b2d") == snapshot(
        "m3nop: there is no store 'b2d'; did you mean 'b2c'?\n"
    )


def test_a_record_without_the_least_is_mapped_as_far_as_it_goes(make_project: MakeProject) -> None:
    project = make_project()
    (project.folder / "bare.json").write_text('{"id": 1, "store_id": 1}')
    ended = project.run("map", "orders", "--file", "bare.json")
    assert ended.code == 0
    assert "  ! " in ended.out


def test_a_mapping_follows_the_shop_when_it_is_asked_to(synced: Project, world: World) -> None:
    orders = world.books.table("shop.orders")
    with world.books.change():
        orders["1014"] = {**orders["1014"], "shipping_method": "Next Day Air"}
    method = ("map", "orders", "--key", "1014", "--expr", "order.shipping_method")
    assert synced.run(*method).out == "Ground\n"
    assert synced.run(*method, "--read").out == "Next Day Air\n"
