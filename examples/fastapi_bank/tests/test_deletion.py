"""Situation 11: a test of the application itself, with a trail in memory."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi_bank.application import application
from fastapi_bank.bank import Bank
from fastapi_bank.events import HANDLERS, UserPasswordChanged
from fastapi_bank.origin import client_address
from fastapi_bank.settings import Settings
from indelible import AuditAction, MemoryAuditAdapter, Success, get_audit


@pytest.fixture
def audit() -> MemoryAuditAdapter:
    return MemoryAuditAdapter()


@pytest_asyncio.fixture
async def alice(audit: MemoryAuditAdapter) -> AsyncIterator[httpx.AsyncClient]:
    """Alice's client, who is logged in."""
    app = application(Bank(Settings(audit_deadline=0.2)))
    app.dependency_overrides[get_audit] = lambda: audit
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bank") as client:
        given = {"user": "alice", "password": "correct horse"}
        token = (await client.post("/login", json=given)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


async def test_a_deletion_leaves_exactly_one_entry(
    alice: httpx.AsyncClient, audit: MemoryAuditAdapter
) -> None:
    assert (await alice.delete("/accounts/acc-1")).status_code == 204
    (deleted,) = audit.assert_recorded(AuditAction.DATA_DELETED, resource_id="acc-1")
    (attempted,) = audit.assert_recorded(
        AuditAction.DATA_DELETION_ATTEMPTED, resource_id="acc-1", user_id="alice"
    )
    assert attempted["seq"] < deleted["seq"]
    assert attempted["correlation_id"] == deleted["correlation_id"]
    assert (await alice.delete("/accounts/acc-1")).status_code == 404
    audit.assert_recorded(AuditAction.DATA_DELETED, resource_id="acc-1")


@pytest.mark.parametrize(("times", "deleted"), [(1, 1), (2, 0)])
async def test_a_deletion_goes_on_when_recording_fails(
    alice: httpx.AsyncClient,
    audit: MemoryAuditAdapter,
    caplog: pytest.LogCaptureFixture,
    times: int,
    deleted: int,
) -> None:
    audit.fail_next(times)
    with caplog.at_level(logging.ERROR, "fastapi_bank"):
        assert (await alice.delete("/accounts/acc-1")).status_code == 204
    told = [r.getMessage() for r in caplog.records if r.name == "fastapi_bank"]
    assert len(told) == times
    assert all("audit failed" in line and "acc-1" in line for line in told)
    assert "data_deletion_attempted" in told[0]
    audit.assert_recorded(AuditAction.DATA_DELETED, times=deleted, resource_id="acc-1")
    assert (await alice.get("/customers/alice")).json()["accounts"] == ["acc-2"]


async def test_a_deletion_goes_on_when_recording_takes_too_long(
    alice: httpx.AsyncClient,
    audit: MemoryAuditAdapter,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = asyncio.Event()

    class Hanging:
        async def begin(self) -> None:
            await never.wait()

    monkeypatch.setattr(audit, "attempt", lambda *_, **__: Hanging())
    assert (await alice.delete("/accounts/acc-2")).status_code == 204
    assert "audit failed: data_deletion_attempted of account acc-2: no answer" in caplog.text
    audit.assert_recorded(AuditAction.DATA_DELETED, resource_id="acc-2")


async def test_what_must_be_on_record_does_not_happen_without(
    alice: httpx.AsyncClient, audit: MemoryAuditAdapter
) -> None:
    audit.fail_next()
    answer = await alice.get("/customers/alice")
    assert answer.status_code == 503
    assert "email" not in answer.text
    audit.assert_not_recorded(AuditAction.DATA_VIEWED)


async def test_refusals_are_on_record_under_the_request_s_id(
    alice: httpx.AsyncClient, audit: MemoryAuditAdapter
) -> None:
    answer = await alice.get("/admin/failed-logins", headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 403
    assert answer.headers["X-Request-Id"] == "r-1"
    audit.assert_recorded(
        AuditAction.ACCESS_DENIED,
        resource_id="/admin/failed-logins",
        user_id="alice",
        correlation_id="r-1",
        outcome="denied",
    )


def test_every_domain_event_has_its_handler() -> None:
    assert UserPasswordChanged in HANDLERS


def test_only_trusted_proxies_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    settings = Settings.from_environment()
    forwarded = ["203.0.113.66, 198.51.100.7", "10.1.1.1"]
    assert client_address(settings, "10.0.0.1", forwarded) == "198.51.100.7"
    assert client_address(settings, "192.0.2.1", forwarded) == "192.0.2.1"
    assert client_address(settings, "10.0.0.1", []) == "10.0.0.1"


def test_the_process_says_where_it_is_and_ends_in_an_orderly_way(tmp_path: Path) -> None:
    database = f"sqlite:{tmp_path / 'trail.db'}"
    environment = {
        **os.environ,
        "INDELIBLE_DATABASE_URL": database,
        "INDELIBLE__STATE__DIR": str(tmp_path / "state"),
        "BANK_LISTEN": "127.0.0.1:0",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "fastapi_bank"],
        cwd=Path(__file__).parent.parent,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as bank:
        assert bank.stdout is not None
        line = bank.stdout.readline()
        assert line.startswith("bank listens on http://127.0.0.1:")
        url = line.removeprefix("bank listens on ").strip()
        refused = httpx.post(url + "/login", json={"user": "mallory", "password": "x"})
        assert refused.status_code == 401
        bank.send_signal(signal.SIGTERM)
        assert bank.wait() == 0
    from indelible import SqliteAuditAdapter

    audit = SqliteAuditAdapter(tmp_path / "trail.db", state_dir=tmp_path / "state")
    found = audit.sync.query()
    assert isinstance(found, Success)
    assert [entry["action"] for entry in found.value] == ["user_login_failed"]
    audit.sync.close()
