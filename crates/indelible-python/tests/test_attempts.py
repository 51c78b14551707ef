"""An attempt and its outcome."""

from __future__ import annotations

import pytest

from indelible import AuditAction, Failure, MemoryAuditAdapter, Success


async def test_each_end_is_recorded_under_the_name_of_its_workflow() -> None:
    """T25: no attempt is recorded as something that succeeded."""
    audit = MemoryAuditAdapter()
    async with audit.attempt(
        AuditAction.PROVIDER_CONNECTED, "provider", "u-1", "p", context={"a": 1}
    ) as attempt:
        assert isinstance(attempt.begun, Success)
        await attempt.succeeded(context={"b": 2})
    attempt = await audit.attempt(AuditAction.PROVIDER_CONNECTED, "provider")
    await attempt.failed("refused")
    with audit.sync.attempt("custom.act", "thing") as second:
        second.denied("not yours", resource_id="t-1")
    shown = [(e["action"], e["outcome"]) for e in audit.entries]
    assert shown == [
        ("provider_connection_attempted", "attempted"),
        ("provider_connected", "succeeded"),
        ("provider_connection_attempted", "attempted"),
        ("provider_connection_failed", "failed"),
        ("custom.act", "attempted"),
        ("custom.act", "denied"),
    ]
    first, done = audit.entries[:2]
    assert done["context"] == {"a": 1, "b": 2}
    assert first["correlation_id"] == done["correlation_id"]
    assert audit.entries[5]["resource_id"] == "t-1"
    assert audit.entries[5]["context"] == {"reason": "not yours"}


async def test_an_exception_invents_no_failure() -> None:
    audit = MemoryAuditAdapter()
    with pytest.raises(KeyError):
        async with audit.attempt(AuditAction.DATA_DELETED, "account"):
            raise KeyError("x")
    (entry,) = audit.entries
    assert entry["outcome"] == "attempted"


async def test_an_attempt_that_is_not_on_record_says_so_and_goes_on() -> None:
    audit = MemoryAuditAdapter()
    audit.fail_next(code="unavailable")
    async with audit.attempt("a", "t") as attempt:
        assert isinstance(attempt.begun, Failure)
        ended = await attempt.succeeded()
    assert isinstance(ended, Failure)
    assert ended.error.code == "unavailable"
    never = audit.attempt("a", "t")
    unbegun = await never.succeeded()
    assert isinstance(unbegun, Failure)
    assert unbegun.error.code == "unbegun"
    async with audit.attempt("a", "t") as attempt:
        await attempt.succeeded()
        twice = await attempt.failed("no")
    assert isinstance(twice, Failure)
    assert twice.error.code == "ended"
