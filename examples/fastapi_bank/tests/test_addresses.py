"""Whose word on the client's address is believed."""

import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from fastapi_bank.addresses import client_address
from fastapi_bank.settings import Settings

CRATES = Path(__file__).parents[3] / "crates"
TABLE = json.loads((CRATES / "indelible-axum/testdata/x_forwarded_for.json").read_text())
CASES = [case for group in TABLE["groups"] for case in group["cases"]]


@pytest.mark.parametrize("case", CASES, ids=json.dumps)
def test_the_rules_are_those_of_the_crate_for_axum(case: dict[str, Any]) -> None:
    proxies = [ip_network(block) for block in TABLE["proxies"]]
    assert client_address(proxies, case["peer"], case["lines"]) == case["client"]


def test_without_a_peer_nothing_is_believed() -> None:
    assert client_address([ip_network("10.0.0.0/8")], None, ["192.0.2.1"]) is None


def test_the_zone_of_a_peer_is_passed_over() -> None:
    local = [ip_network("fe80::/10")]
    assert client_address(local, "fe80::1%eth0", ["192.0.2.1"]) == "192.0.2.1"
    assert client_address(local, "fe80::1%eth0", []) == "fe80::1"


def test_the_proxies_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    proxies = Settings.from_environment().proxies
    assert proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    for refused in ["0.0.0.0/0", "::/0", "10.1.2.3/8", "localhost"]:
        monkeypatch.setenv("BANK_TRUSTED_PROXIES", refused)
        with pytest.raises(ValueError, match=refused):
            Settings.from_environment()
