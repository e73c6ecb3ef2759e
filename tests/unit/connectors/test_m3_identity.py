from __future__ import annotations

import pytest

from m3nop.connectors.m3.identity import server_time_zone
from m3nop.core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("local", "utc", "user", "zone"),
    [
        ("Europe/Oslo", "", "", "Europe/Oslo"),
        ("2026-11-23T10:00:00.000+01:00", "2026-11-23T09:00:00.000", "CET", "CET"),
        ("2026-11-23T10:00:00+01:00[Europe/Stockholm]", "2026-11-23T09:00:00", "CET", "Europe/Stockholm"),
        ("2026-07-01 11:00:00", "2026-07-01 09:00:00", "CET", "CET"),
        ("UTC", "", "", "UTC"),
    ],
)
def test_the_zone_is_what_the_server_or_the_user_names_and_the_clock_agrees_with(local, utc, user, zone):
    assert server_time_zone({"TMTZ": local, "UTCT": utc}, {"TIZO": user}) == zone


@pytest.mark.parametrize(
    ("local", "utc", "user"),
    [
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00", "EST"),
        ("2026-11-23 10:00:00", "2026-11-23 09:00:00", "UTC"),
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00", "W9"),
        ("", "", ""),
        (None, None, None),
    ],
)
def test_a_zone_is_never_guessed(local, utc, user):
    with pytest.raises(ConfigurationError, match="set `time_zone`"):
        server_time_zone({"TMTZ": local, "UTCT": utc}, {"TIZO": user})
