from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.app.registry import CONNECTORS
from m3nop.core.secrets import SecretRef
from m3nop.spec.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.spec.project import LoadedProject

HEAD = """\
version: 1
connections:
  shop: {type: nopcommerce, url: "sandbox:"}
environments:
  prod: {}
  quiet: {alerts: null}
  other: {alerts: {channels: {ops: {slack: "${secret:OTHER}"}}}}
alerts:
"""
CHANNELS = """\
  channels:
    ops: {slack: "${secret:SLACK}"}
"""


def load(folder: Path, alerts: str, environment: str = "prod") -> LoadedProject:
    (folder / "m3nop.yaml").write_text(HEAD + alerts, encoding="utf-8")
    pipelines = folder / "pipelines"
    pipelines.mkdir(exist_ok=True)
    (pipelines / "orders.yaml").write_text("pipeline: orders\n", encoding="utf-8")
    return load_project(folder, environment=environment, registry=CONNECTORS, environ={})


def problems(folder: Path, alerts: str) -> list[str]:
    project = load(folder, alerts)
    return [str(one).removeprefix(f"{folder.as_posix()}/") for one in project.problems]


def test_what_is_written_as_the_reference_says_is_read(tmp_path: Path):
    project = load(
        tmp_path,
        """\
  channels:
    ops: {email: {host: smtp.example.com, from: m3nop@example.com, to: [ops@example.com], username: m3nop,
          password: "${secret:SMTP}"}}
    hook: {webhook: {url: "https://hooks.example.com/m3nop?kind=alert", key: "${secret:KEY}"}}
  rules:
    late: {when: lag_over, over: 30m, pipelines: [orders], severity: critical, to: [ops, hook], repeat: 1h}
  pings:
    orders: {url: "${secret:PING}"}
  repeat: 0s
  quiet: {from: "22:00", until: "06:30", time_zone: Europe/Oslo}
""",
    )

    assert project.problems == ()
    alerts = project.spec.alerts
    assert alerts.channels["ops"].email.password == SecretRef("SMTP")
    assert alerts.rules["late"].over == 1800.0
    assert alerts.quiet.from_ == "22:00"


WRONG = {
    "a channel that does not exist": (
        CHANNELS + "  rules:\n    late: {when: review_waiting, to: [opps]}\n",
        "m3nop.yaml:12:39: unknown-channel: there is no channel 'opps'; did you mean 'ops'?",
    ),
    "a pipeline that does not exist": (
        CHANNELS + "  rules:\n    late: {when: review_waiting, to: [ops], pipelines: [order]}\n",
        "m3nop.yaml:12:57: unknown-pipeline: there is no pipeline 'order'; did you mean 'orders'?",
    ),
    "an event that does not exist": (
        CHANNELS + "  rules:\n    late: {when: review_waits, to: [ops]}\n",
        "m3nop.yaml:12:18: unknown-value: 'review_waits' is not known here; did you mean 'review_waiting'?",
    ),
    "a time that is missing": (
        CHANNELS + "  rules:\n    late: {when: lag_over, to: [ops]}\n",
        "m3nop.yaml:12:5: missing-key: the key 'over' is missing",
    ),
    "a time that means nothing": (
        CHANNELS + "  rules:\n    late: {when: review_waiting, over: 5m, to: [ops]}\n",
        "m3nop.yaml:12:34: misplaced-key: 'over' means nothing for review_waiting",
    ),
    "pipelines of something else": (
        CHANNELS + "  rules:\n    down: {when: circuit_open, pipelines: [orders], to: [ops]}\n",
        "m3nop.yaml:12:32: misplaced-key: 'pipelines' means nothing for circuit_open",
    ),
    "a secret in the clear": (
        "  channels:\n    ops: {slack: https://hooks.example.com/T0/B0/x}\n",
        (
            "m3nop.yaml:10:18: clear-secret: a secret stands here in the clear; write ${secret:NAME} and store it by "
            "that name"
        ),
    ),
    "an address that is none": (
        "  channels:\n    ops: {webhook: {url: hooks.example.com}}\n",
        "m3nop.yaml:10:26: address: `hooks.example.com` is not an address; it should look like https://host/path",
    ),
    "plain http to another machine": (
        "  channels:\n    ops: {webhook: {url: http://hooks.example.com/}}\n",
        (
            "m3nop.yaml:10:26: address: `http://hooks.example.com/` is plain http, which would send credentials in the "
            "clear; use https"
        ),
    ),
    "an address with a password": (
        "  channels:\n    ops: {webhook: {url: https://me:hunter2@hooks.example.com/}}\n",
        (
            "m3nop.yaml:10:26: address: the address of hooks.example.com holds credentials; put them under "
            "`credentials`"
        ),
    ),
    "an e-mail address that is none": (
        "  channels:\n    ops: {email: {host: h, from: m3nop, to: [a@b.c]}}\n",
        "m3nop.yaml:10:34: address: 'm3nop' is not an e-mail address; it should look like ops@example.com",
    ),
    "mail without TLS": (
        "  channels:\n    ops: {email: {host: mail.example.com, security: none, from: m@b.c, to: [a@b.c]}}\n",
        (
            "m3nop.yaml:10:53: address: mail to mail.example.com would go in the clear; use starttls or tls; `none` is "
            "for this machine itself"
        ),
    ),
    "a user without a password": (
        "  channels:\n    ops: {email: {host: h, username: u, from: m@b.c, to: [a@b.c]}}\n",
        "m3nop.yaml:10:11: missing-key: `username` and `password` go together",
    ),
    "a channel that does nothing": (
        "  channels:\n    ops: {}\n",
        (
            "m3nop.yaml:10:5: channel-form: channel 'ops' has no way to tell anybody; give it one of email, slack, "
            "teams, webhook, apprise"
        ),
    ),
    "a channel with two ways": (
        '  channels:\n    ops: {slack: "${secret:A}", teams: "${secret:B}"}\n',
        (
            "m3nop.yaml:10:5: channel-form: channel 'ops' has slack and teams; give it one of email, slack, teams, "
            "webhook, apprise"
        ),
    ),
    "a key that does not exist": (
        "  channels:\n    ops: {webhook: {url: https://a.example.com, hmac: x}}\n",
        "m3nop.yaml:10:49: unknown-key: unknown key 'hmac'",
    ),
    "a ping of nothing": (
        "  pings:\n    orderss: {url: https://ping.example.com/x}\n",
        "m3nop.yaml:10:5: unknown-pipeline: there is no pipeline 'orderss'; did you mean 'orders'?",
    ),
    "a ping without success": (
        "  pings:\n    orders: {fail: https://ping.example.com/x}\n",
        "m3nop.yaml:10:5: missing-key: the key 'url' is missing",
    ),
    "a time of day that is none": (
        '  quiet: {from: "25:00", until: "06:00"}\n',
        "m3nop.yaml:9:17: wrong-value: a time of day is written as 07:30",
    ),
    "a time zone that is none": (
        '  quiet: {from: "22:00", until: "06:00", time_zone: Europe/Olso}\n',
        "m3nop.yaml:9:53: wrong-value: 'Europe/Olso' is not a time zone; write a name such as Europe/Oslo",
    ),
}


@pytest.mark.parametrize(("alerts", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_at_its_place(alerts: str, said: str, tmp_path: Path):
    assert problems(tmp_path, alerts) == [said]


def test_an_environment_changes_alerts_or_has_none(tmp_path: Path):
    rules = CHANNELS + "  rules:\n    late: {when: review_waiting, to: [ops]}\n"

    assert load(tmp_path, rules, "other").spec.alerts.channels["ops"].slack == SecretRef("OTHER")
    assert load(tmp_path, rules, "quiet").spec.alerts.rules == {}
