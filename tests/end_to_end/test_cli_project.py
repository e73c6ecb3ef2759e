"""Commands about projects and their files, as a user types them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import typer
import yaml

from m3nop.app.session import Place, open_session
from m3nop.cli.main import app
from m3nop.core import json
from tests.end_to_end.shops import NewProject, make, typed

ROOT = Path(__file__).parents[2]
HEAVY = frozenset(
    {
        "alembic",
        "jmespath",
        "keyring",
        "pydantic",
        "sqlalchemy",
        "starlette",
        "urllib3",
        "uvicorn",
        "yaml",
    }
)


IONAPI = {
    "ti": "QA_TST", "cn": "qa", "dt": "12", "ci": "qa", "cs": "qa", "ot": "token.oauth2", "saak": "qa", "sask": "qa",
    "iu": "https://mingle.example.com", "pu": "https://mingle.example.com/QA_TST/as/", "oa": "authorization.oauth2",
    "or": "revoke.oauth2",
}  # fmt: skip


def outside(tmp_path: Path) -> NewProject:
    return NewProject(tmp_path, tmp_path / "scratch")


def wrong(tmp_path: Path) -> NewProject:
    """Return a project with several errors and a warning."""
    shop = make(tmp_path)
    shop.change("company: 100 ", "compny: 100 ")
    shop.change("FACI: settings.facility", "FACI: setings.facility", file="pipelines/orders.yaml")
    return shop


# -- help


def commands(group, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_and_each_of_its_options_say_what_they_do(path):
    command = ALL[path]
    assert (command.help or "").strip().endswith("."), path
    for parameter in command.params:
        if parameter.name != "help":
            assert parameter.help, (path, parameter.name)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_prints_its_help(path, capsys):
    with pytest.raises(SystemExit) as ended:
        app([*path, "--help"])
    assert ended.value.code == 0
    assert f"{' '.join(path)} [OPTIONS]" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "by_typer"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["sync", "--help"], {"pydantic"}),
        (["m3", "call", "--help"], {"pydantic"}),
    ],
)
def test_help_loads_none_of_the_heavy_packages(arguments, by_typer):
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-X", "importtime", "-m", "m3nop", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded(ran.stderr) & HEAVY == by_typer


def test_validating_loads_neither_database_nor_network_nor_keyring(tmp_path):
    shop = make(tmp_path)
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-X", "importtime", "-m", "m3nop", "validate", str(shop.folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded(ran.stderr) & HEAVY == {"yaml", "pydantic", "jmespath"}


def test_what_is_refused_is_listed_without_network_keyring_or_migrations(tmp_path, monkeypatch):
    shop = make(tmp_path)
    shop.run("init", ".", "--with", "qa")
    monkeypatch.setenv("SHOP_PASSWORD_QA", "secret")
    monkeypatch.setenv("M3_IONAPI_QA", json.dumps(IONAPI))
    with open_session(Place(shop.folder, "qa"), command="test") as session:
        session.state()

    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-X", "importtime", "-m", "m3nop", "dead-letters", "list", "--env", "qa", "--project", str(shop.folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "there are no open dead letters" in ran.stderr
    assert loaded(ran.stderr) & HEAVY == {"yaml", "pydantic", "jmespath", "sqlalchemy"}


def test_what_is_refused_is_listed_without_starting_a_sandbox(tmp_path):
    shop = make(tmp_path)
    shop.run("sync", "orders")

    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-X", "importtime", "-m", "m3nop", "dead-letters", "list", "--project", str(shop.folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert loaded(ran.stderr) & HEAVY == {"yaml", "pydantic", "jmespath", "sqlalchemy"}


@pytest.mark.parametrize(("dialect", "other"), [("oss", "official"), ("official", "oss")])
def test_a_run_loads_nothing_that_it_does_not_use(make_project, dialect, other):
    project = make_project(dialect=dialect)
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-X", "importtime", "-m", "m3nop", "sync", "orders", "--project", str(project.folder)],
        capture_output=True, text=True, check=True, env={**os.environ, **project.environ},
    )  # fmt: skip

    modules = modules_of(ran.stderr)
    assert {f"m3nop.connectors.nopcommerce.{dialect}", "m3nop.engine.run", "sqlalchemy"} <= modules
    needless = modules & {
        "alembic", "keyring", "rich.console", "starlette", "uvicorn", "click", "pygments",
        "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "multiprocessing",
        f"m3nop.connectors.nopcommerce.{other}",
    }  # fmt: skip
    assert needless == set()


def modules_of(importtime: str) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in importtime.splitlines() if "|" in line}


def loaded(importtime: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_of(importtime)}


# -- init


def test_a_new_project_is_valid_and_syncs_at_once(tmp_path):
    shop = make(tmp_path)
    assert shop.run("validate").code == 0
    synced = shop.run("sync", "orders")
    assert (synced.code, synced.err) == (0, "")
    assert (shop.folder / ".gitignore").read_text(encoding="utf-8").splitlines()[1] == ".m3nop/"


def test_what_is_made_says_what_to_do_next(tmp_path):
    made = outside(tmp_path).run("init", "shop")
    assert "cd shop" in made.out
    assert "m3nop sync orders --env sandbox" in made.out
    document = outside(tmp_path / "other").folder
    document.mkdir()
    assert outside(document).read("init", ".", "--with", "qa")["environments"] == ["qa"]


def test_the_schemas_are_where_the_files_look_for_them(tmp_path):
    shop = make(tmp_path)
    wanted = [
        (path, found[1])
        for path in shop.folder.rglob("*.yaml")
        if (found := re.match(r"# yaml-language-server: \$schema=(\S+)", path.read_text(encoding="utf-8")))
    ]
    assert len(wanted) >= 5
    for path, schema in wanted:
        jsonschema.Draft202012Validator.check_schema(
            json.loads((path.parent / schema).read_text(encoding="utf-8"))
        )


def test_nothing_is_overwritten(tmp_path):
    shop = make(tmp_path)
    shop.change("company: 100 ", "company: 200 ")
    before = (shop.folder / "m3nop.yaml").read_text(encoding="utf-8")
    again = outside(tmp_path).run("init", "shop")
    assert again.code == 2
    assert "nothing was written" in again.err
    assert (shop.folder / "m3nop.yaml").read_text(encoding="utf-8") == before


def test_a_file_that_is_in_the_way_stays(tmp_path):
    (tmp_path / "lookups").mkdir()
    (tmp_path / "lookups" / "countries.csv").write_text("mine", encoding="utf-8")
    refused = outside(tmp_path).run("init")
    assert refused.code == 2
    assert "lookups/countries.csv" in refused.err
    assert not (tmp_path / "m3nop.yaml").exists()


def test_a_gitignore_keeps_its_lines(tmp_path):
    (tmp_path / ".gitignore").write_text("*.bak", encoding="utf-8")
    assert outside(tmp_path).run("init").code == 0
    assert {"*.bak", ".m3nop/", "*.ionapi"} <= set(
        (tmp_path / ".gitignore").read_text(encoding="utf-8").splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--with", "QA"), "'QA' cannot name an environment"),
        (("--dialect", "shopware"), "official or oss"),
    ],
)
def test_a_name_that_cannot_be_used_leaves_nothing_behind(tmp_path, arguments, said):
    refused = outside(tmp_path).run("init", "shop", *arguments)
    assert refused.code == 2
    assert said in refused.err
    assert not (tmp_path / "shop").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "shop").write_text("", encoding="utf-8")
    refused = outside(tmp_path).run("init", "shop")
    assert (refused.code, "is a file" in refused.err) == (2, True)


def test_environments_are_added_with_secrets_of_their_own(tmp_path):
    shop = make(tmp_path, "--with", "qa,prod")
    assert [one["secret"] for one in shop.read("secrets", "list")] == [
        "M3_IONAPI_QA", "SHOP_PASSWORD_QA", "M3_IONAPI_PROD", "SHOP_PASSWORD_PROD",
    ]  # fmt: skip
    guessing = shop.run("sync", "orders")
    assert guessing.code == 2
    assert "--env sandbox | qa | prod" in guessing.err
    assert shop.run("sync", "orders", "--env", "sandbox").code == 0
    checked = shop.run("validate")
    assert checked.code == 0
    assert "warning: no-start: environment prod" in checked.out


def test_environments_are_added_to_a_project_that_is_there(tmp_path):
    shop = make(tmp_path, "--with", "qa")
    added = shop.read("init", ".", "--with", "qa,prod")
    assert (added["created"], added["environments"]) == (False, ["prod"])
    assert {one["environment"] for one in shop.read("secrets", "list")} == {"qa", "prod"}
    again = shop.run("init", ".", "--with", "prod")
    assert "nothing was added" in again.out


def test_a_project_that_ends_otherwise_is_left_as_it_is(tmp_path):
    shop = make(tmp_path)
    with (shop.folder / "m3nop.yaml").open("a", encoding="utf-8") as file:
        file.write("defaults: {quiet: 30s}\n")
    before = (shop.folder / "m3nop.yaml").read_bytes()
    refused = shop.run("init", ".", "--with", "qa")
    assert refused.code == 2
    assert "nothing was added" in refused.err
    assert (shop.folder / "m3nop.yaml").read_bytes() == before


def test_the_other_dialect_is_a_word_of_init(tmp_path):
    shop = make(tmp_path, "--dialect", "oss")
    assert "dialect: oss " in (shop.folder / "m3nop.yaml").read_text(encoding="utf-8")
    assert shop.run("validate").code == 0
    assert shop.read("show", "orders")["skipped"].keys() == {"write_back"}


def test_the_pack_in_the_folder_configs_is_a_project_of_the_folder_above(tmp_path):
    pack = shutil.ignore_patterns(".m3nop")
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=pack)
    assert outside(tmp_path).run("sync", "orders").code == 0
    assert (tmp_path / "configs" / ".m3nop" / "sandbox" / "state.db").exists()
    copied = outside(tmp_path).run("init", "shop")
    assert copied.code == 0


# -- validate


def test_every_problem_is_named_at_its_place(tmp_path):
    ended = wrong(tmp_path).run("validate")
    assert ended.code == 3
    places = [line.split(": ")[0].rpartition(":")[0].rpartition(":")[0] for line in ended.out.splitlines()]
    assert {"m3nop.yaml", "pipelines/orders.yaml"} <= set(places)
    assert "did you mean 'company'" in ended.out
    assert "did you mean 'settings'" in ended.out
    assert "errors" in ended.err


def test_problems_are_written_for_the_tools_that_show_them(tmp_path):
    shop = wrong(tmp_path)
    lines = shop.run("validate").out.splitlines()
    document = shop.read("validate", code=3)
    assert (document["failed"], len(document["problems"])) == (True, len(lines))

    github = shop.run("validate", "--format", "github").out.splitlines()
    assert len(github) == len(lines)
    assert github[0].startswith("::error file=m3nop.yaml,line=")

    gitlab = json.loads(shop.run("validate", "--format", "gitlab").out)
    assert len({one["fingerprint"] for one in gitlab}) == len(lines)
    assert gitlab[0]["location"]["path"] == "m3nop.yaml"

    (sarif,) = json.loads(shop.run("validate", "--format", "sarif").out)["runs"]
    assert len(sarif["results"]) == len(lines)
    assert {one["ruleId"] for one in sarif["results"]} == {
        rule["id"] for rule in sarif["tool"]["driver"]["rules"]
    }

    suite = ElementTree.fromstring(shop.run("validate", "--format", "junit").out)  # noqa: S314  our own
    errors = [one for one in document["problems"] if one["severity"] == "error"]
    assert (suite.attrib["tests"], suite.attrib["failures"]) == (str(len(lines)), str(len(errors)))


def test_where_all_is_well_the_tools_are_told_so(tmp_path):
    shop = make(tmp_path)
    assert shop.run("validate", "--format", "github").out == ""
    suite = ElementTree.fromstring(shop.run("validate", "--format", "junit").out)  # noqa: S314  our own
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", "0")
    assert shop.read("validate")["problems"] == []


def test_an_unknown_format_is_refused(tmp_path):
    refused = make(tmp_path).run("validate", "--format", "yaml")
    assert (refused.code, "sarif" in refused.err) == (2, True)


def test_yaml_in_markdown_is_checked(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```yaml\npipeline: x\nsource: {read: shop/orders}\n```\n", encoding="utf-8")
    ended = outside(tmp_path).run("validate", "page.md")
    assert ended.code == 3
    assert all(line.startswith("page.md:") for line in ended.out.splitlines())


def test_what_is_not_there_cannot_be_checked(tmp_path):
    assert outside(tmp_path).run("validate", "nowhere").code == 2
    assert outside(tmp_path).run("validate").code == 2


def test_what_the_project_ships_is_valid():
    ended = NewProject(ROOT, ROOT).folder
    ran = typed("validate", "configs", "examples", folder=ended, text="")
    assert (ran.returncode, ran.stdout) == (0, "")


# -- schema and show


def test_schemas_are_printed_and_written(tmp_path):
    shop = make(tmp_path)
    printed = shop.read("schema", "project")
    jsonschema.Draft202012Validator.check_schema(printed)
    assert "erp/OIS100MI/Confirm" in shop.run("schema").out
    assert shop.read("schema", "--write", "editor") == [
        f"editor/{kind}.schema.json" for kind in ("project", "pipeline", "lookup", "test")
    ]
    anywhere = outside(tmp_path).run("schema", "lookup")
    jsonschema.Draft202012Validator.check_schema(json.loads(anywhere.out))
    assert shop.run("schema", "order").code == 2


def test_a_pipeline_is_shown_with_the_origin_of_each_line(tmp_path):
    shop = make(tmp_path)
    lines = shop.run("show", "orders", "--store", "b2b").out.splitlines()
    (override,) = [line for line in lines if "OREF" in line]
    assert re.search(r"OREF: order.vat_number +# m3nop.yaml:\d+ \(store b2b\)", override)
    assert re.search(
        r"key: order.id +# pipelines/orders.yaml:\d+$",
        next(line for line in lines if line.startswith("key:")),
    )
    assert not [line for line in shop.run("show", "orders").out.splitlines() if "OREF" in line]


def test_what_is_shown_can_be_read_again(tmp_path):
    shop = make(tmp_path)
    shown = yaml.safe_load(shop.run("show", "orders").out)
    written = yaml.safe_load((shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8"))
    assert shown["steps"] == written["steps"]
    document = shop.read("show", "orders")
    assert (document["store"], document["environment"]) == ("b2c", "sandbox")
    assert yaml.safe_load("\n".join(line["text"] for line in document["lines"])) == shown


def test_what_is_not_in_the_project_cannot_be_shown(tmp_path):
    shop = make(tmp_path)
    unknown = shop.run("show", "oders")
    assert (unknown.code, "did you mean 'orders'" in unknown.err) == (2, True)
    assert shop.run("show", "orders", "--store", "b3c").code == 2


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x01", b"a: [1, 2", b"just text"])
@pytest.mark.parametrize(
    "command", ["validate", "show orders", "sync orders", "doctor", "secrets list", "init . --with qa"]
)
def test_a_project_file_that_cannot_be_read_is_named(tmp_path, content, command):
    (tmp_path / "m3nop.yaml").write_bytes(content)
    ended = outside(tmp_path).run(*command.split())
    assert ended.code == 3
    assert "m3nop.yaml" in ended.out + ended.err


# -- secrets


def test_secrets_are_found_and_never_shown(tmp_path):
    shop = make(tmp_path, "--with", "qa")
    missing = shop.run("secrets", "check", "--env", "qa")
    assert missing.code == 3
    assert "m3nop secrets set SHOP_PASSWORD_QA" in missing.out
    file = tmp_path / "qa.ionapi"
    file.write_text('{"ti": "TOP-SECRET"}', encoding="utf-8")
    places = {"M3NOP_SECRET_M3_IONAPI_QA_FILE": str(file), "SHOP_PASSWORD_QA": "TOP-SECRET"}
    found = shop.run("secrets", "check", "--env", "qa", **places)
    assert found.code == 0
    assert f"file {file}" in found.out
    assert "environment variable SHOP_PASSWORD_QA" in found.out
    listed = shop.run("secrets", "list", "--json", **places)
    assert [one["found"] for one in json.loads(listed.out)] == [True, True]
    assert "TOP-SECRET" not in found.out + found.err + listed.out + listed.err


def test_the_sandbox_needs_no_secrets(tmp_path):
    shop = make(tmp_path)
    assert shop.read("secrets", "check") == []


def test_a_secret_is_stored_in_the_keyring_and_found_there(tmp_path):
    shop = make(tmp_path, "--with", "qa")
    keyring = {
        "PYTHON_KEYRING_BACKEND": "tests.end_to_end.keyring_in_a_file.Keyring",
        "KEYRING_OF_THE_TEST": str(tmp_path / "keyring"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    stored = typed("secrets", "set", "SHOP_PASSWORD_QA", folder=shop.folder, text="TOP-SECRET\n", **keyring)
    assert stored.returncode == 0, stored.stderr
    assert "TOP-SECRET" not in stored.stdout + stored.stderr
    assert json.loads((tmp_path / "keyring").read_text(encoding="utf-8")) == {
        "m3nop/SHOP_PASSWORD_QA": "TOP-SECRET"
    }
    checked = shop.run("secrets", "check", "--env", "qa", "--json", **keyring)
    found = {one["secret"]: one["place"] for one in json.loads(checked.out)}
    assert found["SHOP_PASSWORD_QA"] == "keyring"  # noqa: S105  a place
    blank = typed("secrets", "set", "SHOP_PASSWORD_QA", folder=shop.folder, text="\n", **keyring)
    assert blank.returncode == 2


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
def test_a_keyring_that_does_not_encrypt_is_refused(tmp_path, backend):
    refused = typed("secrets", "set", "X", folder=tmp_path, text="TOP-SECRET", PYTHON_KEYRING_BACKEND=backend)
    assert refused.returncode == 3
    assert "no keyring that encrypts" in refused.stderr
    assert "TOP-SECRET" not in refused.stderr
