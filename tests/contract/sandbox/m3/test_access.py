from __future__ import annotations

import pytest


def test_a_service_account_gets_a_token_by_form_or_basic(m3):
    ionapi = m3.running.ionapi

    by_form, by_basic = m3.token(), m3.token(auth=(ionapi["ci"], ionapi["cs"]))

    assert by_form.status_code == by_basic.status_code == 200
    assert by_form.json()["token_type"] == "Bearer"  # noqa: S105
    assert by_form.json()["access_token"] != by_basic.json()["access_token"]


def test_the_lifetime_comes_as_text_or_number(m3):
    lifetimes = [m3.token().json()["expires_in"] for _ in range(2)]

    assert sorted(map(type, lifetimes), key=str) == [int, str]
    assert {int(lifetime) for lifetime in lifetimes} == {7200}


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"username": ""}, 401, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_a_json_error(m3, changes, status, error):
    answer = m3.token(**changes)

    assert answer.status_code == status
    assert answer.json()["error"] == error


def test_the_client_credentials_error_names_the_remedy(m3):
    assert "saak" in m3.token(grant_type="client_credentials").json()["error_description"]


def test_a_token_request_must_be_a_form(m3):
    ionapi = m3.running.ionapi

    answer = m3.http.post(ionapi["pu"] + ionapi["ot"], json={"grant_type": "password"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_without_a_living_token_nothing_is_answered(m3):
    m3.http.cookies.clear()
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic Og=="}):
        answer = m3.http.get(f"{m3.base}/v2/execute/GENERAL/GetServerTime", headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_dies_by_the_sandbox_clock(m3):
    m3.world.books.table("m3.options")["features"] = {"token_seconds": 60}
    m3.login()
    assert m3.get("GENERAL/GetServerTime").status_code == 200

    m3.world.clock.advance(61)

    assert m3.get("GENERAL/GetServerTime").status_code == 401
    m3.login()


def test_another_tenant_is_not_there(m3):
    url = f"{m3.running.url}/OTHER_PRD/M3/m3api-rest/v2/execute/GENERAL/GetServerTime"

    assert m3.http.get(url, headers=m3.headers).status_code == 404


def test_on_premise_asks_for_a_password(m3, password):
    for path in ("execute/GENERAL/GetServerTime", "v2/execute/GENERAL/GetServerTime"):
        url = f"{m3.running.url}/m3api-rest/{path}"
        assert m3.http.get(url, auth=password).status_code == 200
        refused = m3.http.get(url, auth=("M3NOP", "wrong"))
        assert refused.status_code == 401
        assert refused.headers["content-type"].startswith("text/html")
        assert m3.http.get(url, headers={"Authorization": "Basic ###"}).status_code == 401


def test_an_old_installation_has_no_v2(m3):
    m3.world.books.table("m3.options")["features"] = {"v2": False}

    assert m3.get("GENERAL/GetServerTime").status_code == 404
    assert m3.v1("GENERAL/GetServerTime")["Transaction"] == "GetServerTime"
