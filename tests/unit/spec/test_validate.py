from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from m3nop.core.errors import UsageError
from m3nop.core.problems import Severity
from m3nop.spec.validate import validate
from tests.unit.spec.conftest import change
from tests.unit.spec.fake_systems import REGISTRY

GOOD = """pipeline: good
source: {read: shop/orders, as: order}
key: order.id
steps:
  - {id: note, call: shop/orders/note, fields: {order_id: order.id, note: settings.note}}
"""


def check(*paths: Path, environment: str | None = None, **environ: str):
    return validate(paths, registry=REGISTRY, environ=environ, environment=environment)


def lines(report) -> list[str]:
    return [
        f"{Path(p.position.file).name}:{p.position.line}:{p.position.column} {p.code}"
        for p in report.problems
    ]


def test_a_valid_project_has_no_problems(folder):
    report = check(folder)

    assert report.problems == ()
    assert report.unchecked == ()
    assert not report.failed
    assert report.files == 5


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="nowhere does not exist"):
        check(tmp_path / "nowhere")


def test_projects_are_found_below_a_folder(folder):
    change(folder / "pipelines" / "customers.yaml", "customer.email", "customer.email.")

    report = check(folder.parent)

    assert lines(report) == ["customers.yaml:11:28 incomplete"]
    assert report.failed


def test_one_file_of_a_project_is_checked_in_its_project(folder):
    change(folder / "pipelines" / "customers.yaml", "customer.email", "settings.email")
    change(folder / "pipelines" / "orders.yaml", "settings.currency", "settings.curency")

    assert lines(check(folder / "pipelines" / "customers.yaml")) == ["customers.yaml:11:13 unknown-setting"]
    assert check(folder / "lookups" / "order_types.yaml").problems == ()
    assert len(check(folder / "m3nop.yaml").problems) == 2


def test_each_problem_is_said_once_though_stores_and_environments_share_it(folder):
    change(folder / "pipelines" / "orders.yaml", "settings.currency", "settings.curency")

    assert lines(check(folder)) == ["orders.yaml:33:13 unknown-setting"]


def test_every_environment_is_checked_unless_one_is_named(folder):
    change(folder / "m3nop.yaml", "settings: {currency: NOK}", "settings: {curency: NOK}\n    conections: {}")

    assert lines(check(folder)) == ["m3nop.yaml:19:5 unknown-key"]
    assert check(folder, environment="sandbox").problems == ()


def test_a_variable_of_an_environment_that_was_not_named_is_only_a_warning(folder):
    change(folder / "m3nop.yaml", "settings: {currency: NOK}", 'connections: {erp: {url: "${QA_URL}"}}')

    everywhere, there = check(folder), check(folder, environment="qa")

    assert [p.severity for p in everywhere.problems] == [Severity.WARNING]
    assert [p.severity for p in there.problems] == [Severity.ERROR]
    assert check(folder, environment="qa", QA_URL="https://x.example.com").problems == ()


def test_tests_of_mappings_are_checked(folder):
    (folder / "tests").mkdir()
    (folder / "tests" / "orders.yaml").write_text("pipeline: orders\npipeline: orders\n", encoding="utf-8")

    found = lines(check(folder))
    assert "orders.yaml:2:1 duplicate-key" in found
    assert "orders.yaml:1:1 missing-key" in found


def test_a_pipeline_alone_is_checked_as_far_as_it_speaks_for_itself(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(GOOD.replace("order.id,", "oder.id,"), encoding="utf-8")

    assert lines(check(tmp_path)) == ["bad.yaml:5:59 unknown-root"]


def test_a_lookup_alone_is_checked(tmp_path):
    (tmp_path / "codes.yaml").write_text("lookup: codes\nvalues: {1: [x]}\n", encoding="utf-8")
    (tmp_path / "lookups").mkdir()
    (tmp_path / "lookups" / "terms.csv").write_text("from,value\na,b,c\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("nothing to do with us\n", encoding="utf-8")

    assert lines(check(tmp_path)) == [
        "codes.yaml:2:13 wrong-value",
        "terms.csv:2:1 lookup-table",
    ]


def test_a_project_in_a_file_of_another_name_is_checked(tmp_path):
    text = "version: 1\nconnections: {shop: {type: nopcommerce, dialect: ofical, url: x}}\n"
    (tmp_path / "environment.template.yaml").write_text(text, encoding="utf-8")

    assert lines(check(tmp_path)) == ["environment.template.yaml:2:50 unknown-value"]


def test_other_yaml_is_only_read(tmp_path):
    (tmp_path / "ci.yaml").write_text("jobs: {test: {steps: [a]}}\n", encoding="utf-8")

    assert check(tmp_path).problems == ()


MARKDOWN = """# Title

```yaml
pipeline: good
source: {read: shop/orders, as: order}
key: order.id
steps:
  - {id: note, call: shop/orders/note, fields: {order_id: oder.id}}
```

1. In a list:

   ```yaml
   steps:
     - id: a
       id: b
   ```

```python
a: [
```

~~~yml
lookup: codes
values: {a: b}
~~~
"""


def test_yaml_in_markdown_is_checked_at_its_place(tmp_path):
    (tmp_path / "guide.md").write_text(MARKDOWN, encoding="utf-8")

    report = check(tmp_path)

    assert lines(report) == ["guide.md:8:59 unknown-root", "guide.md:16:8 duplicate-key"]
    assert report.files == 1


def test_markdown_that_is_not_text_is_a_problem(tmp_path):
    (tmp_path / "guide.md").write_bytes(b"\xff\xfe")

    assert lines(check(tmp_path)) == ["guide.md:1:1 not-utf8"]


def test_hidden_folders_are_left_alone(folder):
    hidden = folder / ".m3nop" / "sandbox"
    hidden.mkdir(parents=True)
    (hidden / "x.yaml").write_text("a: [", encoding="utf-8")

    assert check(folder).problems == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"\x00\x01\x02", "binary-file"),
        (b"[" * 5000, "too-deep"),
        (b"\xff\xfea\x00", "not-utf8"),
        (b"5", "wrong-value"),
        (b"pipeline: [\n", "yaml-syntax"),
    ],
)
@pytest.mark.parametrize("file", ["m3nop.yaml", "pipelines/orders.yaml", "lookups/order_types.yaml"])
def test_a_file_that_is_no_spec_at_all_is_a_problem_and_no_crash(folder, file, data, code):
    (folder / file).write_bytes(data)

    report = check(folder)

    assert code in {p.code for p in report.problems if p.position.file == (folder / file).as_posix()}


def test_a_csv_lookup_that_is_no_text_is_a_problem(folder):
    (folder / "lookups" / "payment_methods.csv").write_bytes(b"\x00")

    assert lines(check(folder)) == ["payment_methods.csv:1:1 binary-file"]


def test_lookups_and_blocks_that_nothing_uses_are_warnings(folder):
    (folder / "lookups" / "spare.yaml").write_text("lookup: spare\nvalues: {a: b}\n", encoding="utf-8")
    change(folder / "m3nop.yaml", "blocks:\n", "blocks:\n  spare: {ORNO: order.id}\n")

    report = check(folder)

    assert lines(report) == ["spare.yaml:1:1 unused-lookup", "m3nop.yaml:32:3 unused-block"]
    assert not report.failed


def test_pipelines_that_wait_for_each_other_are_refused(folder):
    change(
        folder / "pipelines" / "customers.yaml", "steps:\n",
        "steps:\n  - {id: first, requires: {pipeline: orders, key: customer.id}}\n",
    )  # fmt: skip

    report = check(folder)

    assert [p.message for p in report.problems] == [
        "the pipelines wait for each other: customers -> orders -> customers"
    ]


START = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import time
before = time.process_time()
from m3nop.spec.validate import validate
from tests.unit.spec.fake_systems import REGISTRY
report = validate([Path(sys.argv[1])], registry=REGISTRY, environ={})
took = time.process_time() - before
heavy = [name for name in ("sqlalchemy", "alembic", "urllib3", "keyring", "rich", "typer", "starlette") if name in sys.modules]
print(json.dumps({"problems": len(report.problems), "heavy": heavy, "took": took}))
"""


def test_validation_loads_no_heavy_library_and_takes_less_than_a_second_of_work(folder):
    root = Path(__file__).parents[3]

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", START, str(folder), str(root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )

    said = json.loads(done.stdout)
    assert (said["problems"], said["heavy"]) == (0, [])
    assert said["took"] < 1
