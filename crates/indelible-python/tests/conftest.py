"""Stores for the tests: each test has its own, and a PostgreSQL that is missing fails it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

SERVER = "INDELIBLE_TEST_POSTGRES"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State directories of the test's own, and nothing of the developer's environment."""
    for name in list(os.environ):
        if name.startswith("INDELIBLE_") and name != SERVER or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The URL of a file that is not there yet."""
    return f"sqlite:{tmp_path / 'trail.db'}"


@pytest_asyncio.fixture
async def postgres(state: Path) -> AsyncIterator[str]:
    """The URL of a migrated database on the server that the test bed has started."""
    server = os.environ.get(SERVER)
    assert server, "no PostgreSQL: run the tests as scripts/test does"
    name = f"python_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    command_line("migrate", "up", "--database", url)
    yield url
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Each store in turn."""
    if request.param == "memory":
        return "memory:"
    found = request.getfixturevalue(request.param)
    assert isinstance(found, str)
    return found


def command_line(*arguments: str) -> str:
    """Runs `python -m indelible` and answers what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "indelible", *arguments], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
