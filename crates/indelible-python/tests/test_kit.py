"""What tests of applications use, and what the package says of itself."""

from __future__ import annotations

import asyncio
import copy
import logging
import subprocess
import sys
from pathlib import Path

import indelible
import pytest
from indelible import (
    AuditAction,
    AuditError,
    Failure,
    MemoryAuditAdapter,
    Outcome,
    Success,
    _native,
)


async def test_assertions_show_what_was_recorded() -> None:
    audit = MemoryAuditAdapter()
    audit.assert_nothing_recorded()
    await audit.record(AuditAction.DATA_DELETED, "account", "alice", "acc-1", context={"a": 1})
    (entry,) = audit.assert_recorded(
        AuditAction.DATA_DELETED, resource_id="acc-1", context={"a": 1}
    )
    assert entry["user_id"] == "alice"
    audit.assert_not_recorded("data_viewed")
    with pytest.raises(AssertionError) as caught:
        audit.assert_recorded("data_deleted", resource_id="acc-2")
    assert "0 times instead of 1" in str(caught.value)
    assert 'resource_id="acc-1"' in str(caught.value)
    with pytest.raises(AssertionError, match="has no `resource`"):
        audit.assert_recorded("data_deleted", resource="acc-1")
    with pytest.raises(AssertionError, match="1 entries"):
        audit.assert_nothing_recorded()


async def test_a_fake_fails_as_often_as_it_is_told() -> None:
    audit = MemoryAuditAdapter()
    audit.fail_next(2, code="overloaded", message="full")
    for _ in range(2):
        result = await audit.record("a", "t")
        assert result == Failure(AuditError("full", "overloaded"))
    assert isinstance(await audit.record("a", "t"), Success)
    assert audit.failed == 2
    audit.fail_next(1)
    results = await audit.record_all([{"action": "a", "resource_type": "t"}] * 3)
    assert [type(result) for result in results] == [Failure, Success, Success]


async def test_adapters_in_memory_are_isolated() -> None:
    one, other = MemoryAuditAdapter(), MemoryAuditAdapter()
    await one.record("a", "t")
    other.assert_nothing_recorded()


def test_actions_are_texts_from_the_catalogue() -> None:
    assert AuditAction.USER_LOGIN_FAILED == "user_login_failed"
    assert isinstance(AuditAction.USER_LOGIN_FAILED, str)
    assert AuditAction.USER_LOGIN_FAILED.value == "user_login_failed"
    assert f"{AuditAction.USER_LOGIN_FAILED}" == "user_login_failed"
    assert AuditAction.USER_LOGIN_FAILED.outcome == Outcome.FAILED
    assert AuditAction("billing.invoice_sent").outcome == "completed"
    assert copy.copy(AuditAction.DATA_DELETED) == "data_deleted"
    named = {name for name in AuditAction.__annotations__}
    assert named == {name for name, _ in _native.actions()}


def test_results_match_and_compare() -> None:
    match Success([1]):
        case Success(value):
            assert value == [1]
    assert Success(1) == Success(1) != Success(2)
    assert str(Failure(AuditError("m", "c")).error) == "m"
    assert f"{Outcome.DENIED}" == "denied"


SAMPLE = """
import asyncio
from uuid import uuid4
from indelible import (
    Audit, AuditAction, AuditProtocol, Failure, HttpAudit, MemoryAuditAdapter,
    PostgresAuditAdapter, Result, Receipt, SqliteAuditAdapter, Success, get_audit,
)

async def use(audit: AuditProtocol) -> int:
    match await audit.record(AuditAction.USER_LOGIN_FAILED, "session", user_id=uuid4(), context={"a": 1}):
        case Success(receipt):
            reveal_type(receipt)
        case Failure(error):
            print(error.code, error.message, error.field)
    found = await audit.query(action=AuditAction.USER_LOGIN_FAILED, limit=10)
    if isinstance(found, Success):
        return len(found.value)
    return -1

async def main() -> None:
    handles: list[Audit] = [
        get_audit(), MemoryAuditAdapter(), SqliteAuditAdapter("a.db"),
        PostgresAuditAdapter(url="postgres://h/d"), HttpAudit("http://h", key="k"),
    ]
    for audit in handles:
        await use(audit)
        async with audit.attempt("a", "t") as attempt:
            ended: Result[Receipt] = await attempt.succeeded()
        audit.sync.record("a", "t")

asyncio.run(main())
"""


def test_the_package_is_typed(tmp_path: Path) -> None:
    folder = Path(indelible.__file__).parent
    assert (folder / "py.typed").exists()
    assert (folder / "_native.pyi").exists()
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    mypy("--strict", "-p", "indelible")
    checked = mypy("--strict", str(sample))
    assert 'Revealed type is "dict[str, Any]"' in checked


def test_the_stub_is_the_native_module(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "indelible._native", "--ignore-missing-stub"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def mypy(*arguments: str) -> str:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments, "--cache-dir", "/dev/null"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


async def test_a_log_that_raises_keeps_nobody_waiting() -> None:
    """What an application's own filter raises concerns the one call whose failure was logged."""

    class Raises(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise LookupError("no request")

    audit = MemoryAuditAdapter()
    audit.fail_next(1)
    raises = Raises()
    logging.getLogger("indelible").addFilter(raises)
    try:
        calls = [audit.record("custom.act", "thing", f"u-{n}") for n in range(50)]
        whole = asyncio.gather(*calls, return_exceptions=True)
        results = await asyncio.wait_for(whole, 60)
    finally:
        logging.getLogger("indelible").removeFilter(raises)
    assert sum(isinstance(result, Success) for result in results) == 49
