"""What was taken is done, whoever closes, cancels or lets go."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from indelible import (
    Audit,
    Failure,
    MemoryAuditAdapter,
    SqliteAuditAdapter,
    Success,
    get_audit,
)


def count(path: Path) -> int:
    with SqliteAuditAdapter(path).sync as audit:
        found = audit.query(limit=1000)
        assert isinstance(found, Success)
        return len(found.value)


async def test_closing_waits_for_what_was_asked_before(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    audit = SqliteAuditAdapter(path)
    tasks = [asyncio.ensure_future(audit.record("a", "t")) for _ in range(100)]
    await asyncio.sleep(0)
    closed = asyncio.ensure_future(audit.close())
    results = await asyncio.gather(*tasks)
    assert all(isinstance(result, Success) for result in results)
    assert isinstance(await closed, Success)
    late = await audit.record("a", "t")
    assert isinstance(late, Failure) and late.error.code == "closed"
    assert count(path) == 100


async def test_a_blocking_close_does_not_wait_for_its_own_thread(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    audit = SqliteAuditAdapter(path)
    task = asyncio.ensure_future(audit.record("a", "t"))
    await asyncio.sleep(0)
    assert isinstance(audit.sync.close(), Success)
    assert isinstance(await task, Success)
    assert count(path) == 1


async def test_a_handle_that_is_let_go_of_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"

    async def deed() -> None:
        await SqliteAuditAdapter(path).record("a", "t")

    for _ in range(5):
        task = asyncio.ensure_future(deed())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gc.collect()
    # Another handle's events stand behind theirs.
    for _ in range(1000):
        if await asyncio.to_thread(count, path) == 5:
            return
    pytest.fail("an event that was taken is not there")


def test_a_loop_that_is_closed_at_once_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    audit = SqliteAuditAdapter(path)
    loop = asyncio.new_event_loop()

    async def deed() -> None:
        await audit.record("a", "t")

    task = loop.create_task(deed())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    del loop, task
    gc.collect()
    assert isinstance(audit.sync.close(), Success)
    assert count(path) == 1


async def test_the_environments_trail_follows_a_closed_one(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDELIBLE_DATABASE_URL", sqlite)
    for n in range(2):
        audit = get_audit()
        assert get_audit() is audit
        match await audit.record("a", "t"):
            case Success(receipt):
                assert receipt["seq"] == n
            case Failure(error):
                pytest.fail(error.message)
        await audit.close()


async def test_an_outcome_that_was_not_recorded_can_be_told_again() -> None:
    audit = MemoryAuditAdapter()
    async with audit.attempt("provider_connected", "provider") as attempt:
        audit.fail_next()
        failed = await attempt.failed("refused")
        assert isinstance(failed, Failure) and failed.error.code == "unavailable"
        assert isinstance(await attempt.failed("refused \ud800"), Success)
        again = await attempt.succeeded()
        assert isinstance(again, Failure) and again.error.code == "ended"
    assert [entry["outcome"] for entry in audit.entries] == ["attempted", "failed"]


async def test_each_of_many_has_its_answer_after_the_end(sqlite: str) -> None:
    audit = Audit(sqlite)
    await audit.close()
    for results in (
        await audit.record_all([{"action": "a", "resource_type": "t"}] * 3),
        audit.sync.record_all([{"action": "a", "resource_type": "t"}] * 3),
    ):
        assert [isinstance(result, Failure) for result in results] == [True] * 3
    assert audit.failed == 6
