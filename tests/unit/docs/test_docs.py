"""The documentation says what the program does: every page is current, every link and every command exists."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer

from m3nop.app.registry import CONNECTORS
from m3nop.cli.main import app
from m3nop.spec.validate import validate
from tests.unit.docs import cli_reference, configuration_reference, fault_reference, man_page, shop_reference

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
GUIDES = [*PAGES, *sorted((ROOT / "configs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
COMMANDS = [(" ".join(path), command) for path, command in cli_reference.commands()]
# Written in pieces, so that this file does not name what it forbids.
FORBIDDEN = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "/" + "work/",
    "/" + "root/",
)


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def text_of(page):
    return page.read_text(encoding="utf-8")


def prose_of(page):
    return FENCE.sub("", text_of(page))


# -- commands


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_every_parameter_of_it_says_what_it_is(name, command):
    assert command.help
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_the_page_of_commands_is_that_of_the_program():
    assert text_of(cli_reference.PAGE) == cli_reference.render(), (
        "run: python tests/unit/docs/cli_reference.py"
    )


def called(page):
    """Yield what a page tells to type: the words after ``m3nop``, in code of any kind."""
    shell = [body for _, kind, body in FENCE.findall(text_of(page)) if kind in ("sh", "console", "bash")]
    for line in "\n".join(shell).replace("\\\n", " ").splitlines():
        yield from re.findall(r"(?:^|[\s/;(])m3nop +([^|;&<>#)]+)", line)
    for code in INLINE.findall(prose_of(page)):
        if code.startswith("m3nop "):
            yield re.split(r"[|;&<>]", code.removeprefix("m3nop "))[0]


def resolve(words):
    """Follow words down the tree of commands; return the command and the words that are left."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def unknown_in(text):
    """Say what of a command line the program does not know, or ``""``."""
    command, words = resolve(shlex.split(text))
    placeholder = not words or words[0].isupper() or words[0].startswith("-")
    if hasattr(command, "commands") and not (placeholder and (words or command.invoke_without_command)):
        return f"no command: m3nop {text}"
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    strange = [word for word in words if word.startswith("-") and word.split("=")[0] not in options]
    return f"no option {' '.join(strange)}: m3nop {text}" if strange else ""


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_every_command_that_a_page_names_exists_with_its_options(page):
    assert [problem for problem in map(unknown_in, called(page)) if problem] == []


# -- generated pages


def test_the_manual_page_is_that_of_the_program():
    assert man_page.PAGE.read_text(encoding="utf-8") == man_page.render(), (
        "run: python tests/unit/docs/man_page.py"
    )


def test_the_page_of_configuration_is_that_of_the_models():
    found = text_of(configuration_reference.PAGE)
    assert found == configuration_reference.render(), "run: python tests/unit/docs/configuration_reference.py"


def test_every_part_of_the_configuration_has_a_section():
    shapes = {"FieldSpec", "FieldsSpec", "ConnectionSpec", "m3.Effect"}
    # The same in both connectors.
    shapes |= {"nopcommerce.RateLimit", "nopcommerce.CircuitOptions"}

    assert set(configuration_reference.models()) - shapes == set(configuration_reference.TITLES)


def test_the_page_of_shop_operations_is_that_of_the_catalog():
    assert text_of(shop_reference.PAGE) == shop_reference.render(), (
        "run: python tests/unit/docs/shop_reference.py"
    )


def test_the_page_of_faults_is_that_of_the_catalogue():
    assert text_of(fault_reference.PAGE) == fault_reference.render(), (
        "run: python tests/unit/docs/fault_reference.py"
    )


def test_every_code_of_a_refusal_by_the_shops_connector_is_explained():
    modules = (ROOT / "m3nop" / "connectors" / "nopcommerce").glob("*.py")
    used = {code for module in modules for code in re.findall(r'\bcode="([a-z_]+)"', text_of(module))}

    assert used == set(shop_reference.CODES)


# -- what pages point at


def anchors_of(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), flags=re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_link(page, target):
    if re.match(r"https?:|mailto:", target):
        return False
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    if not found.exists():
        return True
    return bool(anchor) and anchor not in anchors_of(found)


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_every_link_leads_somewhere(page):
    assert [target for target in LINK.findall(prose_of(page)) if broken_link(page, target)] == []


def test_every_page_can_be_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        targets = [target.partition("#")[0] for target in LINK.findall(prose_of(page))]
        todo += [(page.parent / target).resolve() for target in targets if target and ":" not in target]

    assert {name_of(page) for page in PAGES} - {name_of(page) for page in seen} == set()


@cache
def names_of_tests(path):
    return set(re.findall(r"^ *def (test_\w+)\(", text_of(path), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_a_page_names_exists_in_the_file_beside_it(page):
    missing = []
    for line in prose_of(page).splitlines():
        named = [code for code in INLINE.findall(line) if re.fullmatch(r"test_[a-z]\w+", code)]
        files = [(page.parent / target).resolve() for target in LINK.findall(line) if target.endswith(".py")]
        known = set().union(*(names_of_tests(path) for path in files if path.is_file()))
        missing += [name for name in named if name not in known]

    assert missing == []


def test_yaml_in_the_documentation_is_valid():
    report = validate([ROOT / "README.md", DOCS], registry=CONNECTORS, environ={})

    assert report.problems == ()
    assert report.files > len(list(DOCS.rglob("*.md")))


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_no_page_names_a_registry_or_a_path_of_one_machine(page):
    assert [name for name in FORBIDDEN if name in text_of(page)] == []
