"""A trail behind a server."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from indelible import Audit, AuditAction, Failure, HttpAudit, SqliteAuditAdapter, Success

from conftest import command_line


@pytest.fixture
def server(sqlite: str) -> Iterator[tuple[str, str]]:
    """The URL of a server and the key of its administrator."""
    arguments = ["serve", "--listen", "127.0.0.1:0", "--database", sqlite]
    with subprocess.Popen(
        [sys.executable, "-m", "indelible", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        key = process.stdout.readline().removeprefix("admin key:").strip()
        url = process.stdout.readline().removeprefix("listening on").strip()
        yield url, key
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


async def test_the_same_calls_go_to_a_server(server: tuple[str, str], sqlite: str) -> None:
    url, key = server
    async with HttpAudit(url, key=key, trail="orders") as audit:
        results = await asyncio.gather(*(audit.record("order_placed", "order") for _ in range(20)))
        assert all(isinstance(result, Success) for result in results)
        async with audit.attempt(AuditAction.PROVIDER_CONNECTED, "provider") as attempt:
            assert isinstance(await attempt.failed("refused"), Success)
        found = await audit.query(outcome="failed")
        assert isinstance(found, Success)
        (entry,) = found.value
        assert entry["trail"] == "orders"
        assert entry["context"] == {"reason": "refused"}
        refused = await audit.record("no action", "order")
        assert isinstance(refused, Failure)
        assert (refused.error.code, refused.error.field) == ("invalid", "action")
    verified = command_line("verify", "--trail", "orders", "--database", sqlite, "--output", "json")
    assert json.loads(verified)["ok"]


async def test_a_server_that_refuses_says_so(server: tuple[str, str]) -> None:
    url, _ = server
    result = await HttpAudit(url, key="indelible_wrong").record("order_placed", "order")
    assert isinstance(result, Failure)
    assert result.error.code == "unauthorized"


async def test_best_effort_lets_the_caller_go_on() -> None:
    audit = Audit("http://127.0.0.1:1", delivery="best_effort")
    result = await audit.record("order_placed", "order")
    assert isinstance(result, Success)
    assert result.value["delivery"] == "dropped"


LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_process_may_begin_while_the_database_is_away(tmp_path: Path, sqlite: str) -> None:
    path = tmp_path / "trail.db"
    async with SqliteAuditAdapter(path) as audit:
        assert isinstance(await audit.record("first", "t"), Success)
    held = subprocess.Popen(
        [sys.executable, "-c", LOCK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert held.stdin and held.stdout and held.stdout.readline() == "held\n"
    spooled = Audit(sqlite, delivery="spooled")
    dropped = Audit(sqlite, delivery="best_effort")
    for audit, delivery in ((spooled, "spooled"), (dropped, "dropped")):
        result = await audit.record("second", "t")
        assert isinstance(result, Success) and result.value["delivery"] == delivery, result
    held.communicate()
    assert held.returncode == 0
    for audit in (dropped, spooled):
        assert isinstance(await audit.close(), Success)
    async with Audit(sqlite, delivery="spooled") as audit:
        assert isinstance(await audit.record("third", "t"), Success)
        for _ in range(1000):
            found = await audit.query(action="second")
            assert isinstance(found, Success)
            if found.value:
                return
    pytest.fail("what was spooled is not delivered")
