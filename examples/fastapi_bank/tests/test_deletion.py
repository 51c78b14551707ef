"""Situation 11: a test of the application itself, with a trail in memory."""

import asyncio
import logging

import httpx
import pytest
from fastapi_bank.bank import Bank
from fastapi_bank.events import HANDLERS, UserPasswordChanged
from fastapi_bank.settings import Settings
from indelible import AuditAction, MemoryAuditAdapter


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
    bank: Bank,
    audit: MemoryAuditAdapter,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = asyncio.Event()
    bank.settings = Settings(audit_deadline=1)

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


def test_every_domain_event_has_its_handler() -> None:
    assert UserPasswordChanged in HANDLERS
