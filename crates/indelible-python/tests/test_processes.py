"""Threads, forks, SQLAlchemy's sessions and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from indelible import (
    Audit,
    Failure,
    MemoryAuditAdapter,
    PostgresAuditAdapter,
    SqliteAuditAdapter,
    Success,
    get_audit,
)


from conftest import command_line

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` answers in a forked process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = json.dumps(work())
        except BaseException:
            answer = json.dumps({"raised": traceback.format_exc()})
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer)


def recorded(audit: Audit, action: str) -> Any:
    match audit.sync.record(action, "t"):
        case Success(receipt):
            return receipt["seq"]
        case Failure(error):
            return error.code


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_a_forked_process_goes_on(url: str, is_open: bool) -> None:
    """As under gunicorn with preloading: one handle, parent and children."""
    audit = Audit(url)
    before = [recorded(audit, "parent")] if is_open else []
    seqs = before + [in_child(lambda: recorded(audit, "child")) for _ in range(3)]
    seqs.append(recorded(audit, "parent"))
    assert seqs == list(range(len(seqs)))
    assert isinstance(audit.sync.close(), Success)
    assert json.loads(command_line("verify", "--database", url, "--output", "json"))["ok"]


def test_a_trail_in_memory_stays_with_its_process() -> None:
    audit = MemoryAuditAdapter()
    assert in_child(lambda: recorded(audit, "child")) == 0
    assert recorded(audit, "parent") == 0
    assert in_child(lambda: recorded(audit, "child")) == "forked"
    assert recorded(audit, "parent") == 1


def test_a_fork_waits_for_nobody_who_records_meanwhile(sqlite: str) -> None:
    audit = Audit(sqlite)
    stop = threading.Event()
    seqs: list[int] = []

    def go_on() -> None:
        while not stop.is_set():
            seqs.append(recorded(audit, "parent"))

    recorded(audit, "first")
    thread = threading.Thread(target=go_on)
    thread.start()
    children = [in_child(lambda: recorded(audit, "child")) for _ in range(5)]
    stop.set()
    thread.join()
    assert all(isinstance(seq, int) for seq in seqs + children)
    assert sorted(seqs + children) == list(range(1, len(seqs) + 6))


def test_the_interpreter_is_not_held_while_a_thread_waits(sqlite: str) -> None:
    """A thread that records again and again holds up nobody: between two looks of its own it is
    seen waiting, which it could not be if it held the interpreter until its answer is there."""
    audit = SqliteAuditAdapter(sqlite.removeprefix("sqlite:"))
    is_waiting = False
    waits = 0
    done = False

    def go_on() -> None:
        nonlocal is_waiting, done
        for _ in range(200):
            is_waiting = True
            audit.sync.record("a", "t")
            is_waiting = False
        done = True

    # A switch takes place only where the interpreter is let go.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=go_on)
        thread.start()
        while not done:
            waits += is_waiting
            # Waits for nothing: lets the other thread go on until it lets go in its turn.
            time.sleep(0)
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert waits > 0


async def test_a_session_lends_its_address_and_not_its_transaction(postgres: str) -> None:
    """T13: the record survives the rollback of the session."""
    engine = create_async_engine(postgres.replace("postgres://", "postgresql+asyncpg://", 1))
    async with AsyncSession(engine) as session:
        audit = PostgresAuditAdapter(session=session)
        await session.execute(text("CREATE TABLE business (n int)"))
        await session.execute(text("INSERT INTO business VALUES (1)"))
        assert isinstance(await audit.record("data_updated", "business"), Success)
        await session.rollback()
        tables = await session.execute(text("SELECT to_regclass('business')"))
        assert tables.scalar() is None
    found = await audit.query(resource_type="business")
    assert isinstance(found, Success)
    assert len(found.value) == 1
    await audit.close()
    await engine.dispose()


class Bound:
    """As much of a session as lends its address."""

    def __init__(self, url: object) -> None:
        self.url = url

    def get_bind(self) -> Bound:
        return self


def test_a_session_lends_its_password_too_and_nobody_sees_it() -> None:
    from sqlalchemy import make_url

    url = make_url("postgresql+asyncpg://u:hunter2@127.0.0.1:1/d")
    result = PostgresAuditAdapter(session=Bound(url)).sync.record("a", "t")
    assert isinstance(result, Failure)
    assert result.error.code == "unavailable"
    assert "hunter2" not in result.error.message
    unbound = PostgresAuditAdapter(session=object()).sync.record("a", "t")
    assert isinstance(unbound, Failure)
    assert unbound.error.code == "configuration"


def test_the_environment_names_the_trail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:{tmp_path / 'a.db'}")
    with SqliteAuditAdapter(tmp_path / "a.db").sync as made:
        assert isinstance(made.record("a", "t"), Success)
    first = get_audit()
    assert get_audit() is first
    assert isinstance(first.sync.record("a", "t"), Success)
    monkeypatch.setenv("INDELIBLE_DATABASE_URL", f"sqlite:{tmp_path / 'b.db'}")
    assert get_audit() is not first
    assert get_audit().sync.query().value == []  # type: ignore[union-attr]
    assert isinstance(first.sync.close(), Success)


@pytest.mark.parametrize("named", [None, ""])
def test_without_a_name_the_trail_begins_in_the_working_folder(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if named is not None:
        monkeypatch.setenv("DATABASE_URL", named)
        monkeypatch.setenv("INDELIBLE_DATABASE_URL", named)
    audit = get_audit()
    assert isinstance(audit.sync.record("a", "t"), Success)
    assert isinstance(audit.sync.close(), Success)
    assert (tmp_path / "indelible.db").is_file()


def test_the_command_line_is_the_same(tmp_path: Path, sqlite: str) -> None:
    receipt = command_line("record", "a", "t", "--database", sqlite, "--output", "json")
    assert json.loads(receipt)["seq"] == 0
    assert "indelible" in command_line("--version")
    ran = subprocess.run([sys.executable, "-m", "indelible", "nonsense"], capture_output=True)
    assert ran.returncode == 2


def test_the_end_of_the_interpreter_is_an_orderly_one(sqlite: str) -> None:
    program = f"import indelible; print(indelible.Audit({sqlite!r}).sync.record('a', 't'))"
    subprocess.run([sys.executable, "-c", program], check=True)
    shown = command_line(
        "query", "--trail", "system", "--database", sqlite, "--output", "json"
    )
    actions = [entry["action"] for entry in json.loads(shown)["entries"]]
    assert any("stopped" in action for action in actions), actions
    assert not any("unclean" in action or "gap" in action for action in actions), actions


CLOSED = "audit failed: an event was not recorded: the audit trail is closed (closed)\n"

ENDING = """
import asyncio, atexit

@atexit.register
def late():
    # Runs after the package's own end.
    assert asyncio.run(audit.record("a", "t")).error.code == "closed"

from indelible import MemoryAuditAdapter
audit = MemoryAuditAdapter()

async def main():
    await asyncio.gather(*(audit.record("a", "t") for _ in range(20)))

asyncio.run(main())
"""


def test_a_process_that_ends_at_once_ends_well() -> None:
    """The thread that wakes loops is gone before the interpreter is."""
    for _ in range(20):
        ran = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True)
        assert (ran.returncode, ran.stderr.replace(CLOSED, "")) == (0, "")
