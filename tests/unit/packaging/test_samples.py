"""Every sample in packaging/ is well formed, safe, and runs commands that there are."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cronsim import CronSim

from m3nop.app import scaffold
from m3nop.app.secret_uses import uses_of
from m3nop.core.clock import SystemClock, to_datetime
from tests.unit.docs.test_docs import unknown_in
from tests.unit.packaging import samples
from tests.unit.packaging.samples import FOLDER, ROOT, TASK_SCHEMA, TIMERS, UNITS, text_of, unit

SERVICE = FOLDER / "systemd" / "m3nop.service"
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes", "CapabilityBoundingSet": "", "UMask": "0077",
    "RestrictNamespaces": "yes", "SystemCallArchitectures": "native", "User": "m3nop",
}  # fmt: skip
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def name_of(path):
    return path.name


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """Name the secrets that the environment prod of a new project needs."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    scaffold.create(folder, environments=["prod"], dialect=None)
    return {use.name for use in uses_of(folder, ["prod"])}


# -- all of them


@pytest.mark.parametrize(("sample", "command"), list(samples.m3nop_commands()))
def test_every_command_that_a_sample_runs_exists_with_its_options(sample, command):
    assert unknown_in(command) == ""


def test_the_samples_run_what_they_are_for():
    by_sample = {}
    for sample, command in samples.m3nop_commands():
        by_sample.setdefault(sample, []).append(command.split(" --")[0])

    assert by_sample["m3nop.service"] == ["run"]
    assert by_sample["m3nop-sync.service"] == by_sample["m3nop-sync.xml"] == ["sync"]
    assert by_sample["Containerfile"] == by_sample["compose.yaml"] == ["run"]
    for pipeline in ("github.yml", "gitlab-ci.yml"):
        assert {"validate", "test", "plan", "diff qa prod"} <= set(by_sample[pipeline])


@pytest.mark.parametrize("path", [path for path in sorted(FOLDER.rglob("*")) if path.is_file()], ids=name_of)
def test_no_sample_names_a_host_but_those_of_examples(path):
    hosts = re.findall(r"https?://([\w-]+(?:\.[\w-]+)*)|@([\w-]+(?:\.[\w-]+)+)", text_of(path))
    named = {host or mail for host, mail in hosts} - {"schemas.microsoft.com", "HOST"}

    assert [name for name in named if not name.endswith("example.com") and name != "127.0.0.1"] == []


def test_an_installation_brings_the_samples_and_the_manual_page_along():
    wheel = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel["shared-data"] == {
        "packaging/m3nop.1": "share/man/man1/m3nop.1",
        "packaging": "share/m3nop",
    }
    assert (ROOT / "packaging" / "m3nop.1").is_file()


# -- systemd


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_a_service_of_systemd_may_do_no_more_than_it_has_to(path):
    service = unit(path)["Service"]

    assert {name: service[name][-1] for name in HARDENED} == HARDENED
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert service["StateDirectory"][0].split()[0] == "m3nop"


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_a_service_of_systemd_gets_the_secrets_that_a_new_project_names(path, secrets):
    given = dict(line.split(":") for line in unit(path)["Service"]["LoadCredential"])

    assert given == {name: f"/etc/m3nop/credentials/{name}" for name in secrets}


def test_the_service_tells_systemd_how_it_stands():
    service = unit(SERVICE)["Service"]

    assert (service["Type"], service["WatchdogSec"], service["Restart"]) == (
        ["notify"],
        ["2min"],
        ["on-failure"],
    )
    assert "-HUP" in service["ExecReload"][0]


@pytest.mark.parametrize("path", TIMERS, ids=name_of)
def test_a_timer_has_its_service(path):
    assert path.with_suffix(".service") in UNITS
    assert unit(path)["Timer"]["Persistent"] == ["yes"]


def here(path, folder):
    """Copy a unit, with programs that this machine has."""
    copy = folder / path.name
    copy.write_text(re.sub(r"(?m)^(Exec\w+)=\S+", r"\1=/bin/sh", text_of(path)), encoding="utf-8")
    return copy


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    copies = [here(path, tmp_path) for path in (*UNITS, *TIMERS)]

    ended = subprocess.run(  # noqa: S603  the system's own
        [ANALYZE, "verify", "--man=no", *copies], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_systemd_rates_the_units_as_well_protected(path, tmp_path):
    ended = subprocess.run(  # noqa: S603  the system's own
        [ANALYZE, "security", "--offline=true", "--threshold=15", "--no-pager", here(path, tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    # 10 is a service without any protection, 0 one that can do nothing; the threshold is 1.5.
    assert ended.returncode == 0, ended.stdout[-300:] + ended.stderr


# -- cron


def test_each_line_of_the_crontab_has_a_schedule_that_comes_and_the_user_of_the_service():
    lines = list(samples.crontab())

    assert len(lines) == 5
    for schedule, user, command in lines:
        assert next(CronSim(schedule, to_datetime(SystemClock().now()))) is not None
        assert user == "m3nop"
        # Cron makes a line break of a percent sign.
        assert "%" not in command.replace("\\%", "")


def test_the_crontab_gives_the_secrets_that_a_new_project_names(secrets):
    given = re.findall(r"^M3NOP_SECRET_(\w+)_FILE=(.+)$", text_of(samples.CRONTAB), flags=re.MULTILINE)

    assert dict(given) == {name: f"/etc/m3nop/credentials/{name}" for name in secrets}


# -- containers


def test_the_image_is_built_in_stages_by_the_constraints_and_runs_as_nobody_of_importance():
    steps = samples.containerfile()
    stages = [value for name, value in steps if name == "FROM"]
    last = steps[max(at for at, (name, _) in enumerate(steps) if name == "FROM") :]
    runs = " ".join(value for name, value in steps if name == "RUN")

    assert len(stages) == 2
    assert "-c constraints.txt" in runs
    assert [value for name, value in last if name == "USER"] == ["10001:10001"]
    assert any(name == "HEALTHCHECK" for name, _ in last)
    assert not any(value.startswith(("pip", "apt")) for name, value in last if name == "RUN")


def test_everything_that_the_image_copies_is_there_and_not_ignored():
    ignored = text_of(ROOT / ".containerignore")
    assert text_of(ROOT / ".dockerignore") == ignored
    kept = re.findall(r"^!(.+)$", ignored, flags=re.MULTILINE)
    copied = [value.split()[:-1] for name, value in samples.containerfile() if name == "COPY"]
    sources = {source for sources in copied for source in sources if "--from" not in sources[0]}

    assert sources == set(kept)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_compose_defines_all_that_its_services_use():
    document = samples.parsed(samples.COMPOSE)
    for service in document["services"].values():
        assert set(service.get("secrets", ())) <= document["secrets"].keys()
        named = {volume.split(":")[0] for volume in service.get("volumes", ()) if volume[0] not in "./"}
        assert named <= document["volumes"].keys()
        assert set(service.get("depends_on", ())) <= document["services"].keys()
    built = document["services"]["m3nop"]["build"]
    folder = (samples.COMPOSE.parent / built["context"]).resolve()
    assert folder / built["dockerfile"] == samples.CONTAINERFILE


def test_compose_lets_the_service_do_no_more_than_it_has_to(secrets):
    service = samples.parsed(samples.COMPOSE)["services"]["m3nop"]

    assert service["read_only"] is True
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert secrets <= set(service["secrets"])
    assert [port for port in service["ports"] if not port.startswith("127.0.0.1:")] == []


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def test_the_health_check_is_content_as_long_as_the_service_answers(monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("M3NOP_HEALTH_PORT", str(server.server_port))
    try:
        with pytest.raises(SystemExit) as well:
            runpy.run_path(str(FOLDER / "container" / "health.py"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with pytest.raises(SystemExit) as gone:
        runpy.run_path(str(FOLDER / "container" / "health.py"))

    assert (well.value.code, gone.value.code) == (0, 1)


# -- Windows


def test_the_task_of_windows_has_its_parts_in_the_order_of_the_schema():
    found = samples.task()
    order = ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]

    assert found.tag == f"{TASK_SCHEMA}Task"
    assert found.get("version") == "1.3"
    assert [part.tag.removeprefix(TASK_SCHEMA) for part in found] == order


def test_the_task_of_windows_runs_every_five_minutes_one_at_a_time_and_not_as_administrator():
    found = samples.task()

    def text(path):
        return found.findtext(path.replace("/", f"/{TASK_SCHEMA}"))

    repetition = "./Triggers/CalendarTrigger/Repetition"
    assert (text(f"{repetition}/Interval"), text(f"{repetition}/Duration")) == ("PT5M", "P1D")
    assert text("./Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text("./Principals/Principal/RunLevel") == "LeastPrivilege"
    assert found.find(f"{TASK_SCHEMA}Actions").get("Context") == found.find(f".//{TASK_SCHEMA}Principal").get(
        "id"
    )
    durations = [part.text for part in found.iter() if part.text and part.text.startswith("P")]
    assert [
        one
        for one in durations
        if re.match(r"P[\dT]", one) and not re.fullmatch(r"P(\d+D)?(T(\d+H)?(\d+M)?)?", one)
    ] == []


# -- CI


def test_the_pipelines_need_no_secret():
    for path in samples.PIPELINES:
        assert "secret" not in re.sub(r"(?m)#.*$", "", text_of(path)).lower()
    assert samples.parsed(samples.PIPELINES[0])["permissions"] == {"contents": "read"}


def test_the_pipelines_report_problems_in_the_form_of_their_host():
    github, gitlab = ("\n".join(samples.scripts(path)) for path in samples.PIPELINES)

    assert "m3nop validate --format github" in github
    assert "m3nop validate --format gitlab > quality.json" in gitlab
    assert samples.parsed(samples.PIPELINES[1])["m3nop"]["artifacts"]["reports"] == {
        "codequality": "quality.json"
    }
