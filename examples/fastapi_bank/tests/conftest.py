"""What the tests share: a trail in memory, and Alice's client."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi_bank.application import application
from fastapi_bank.bank import Bank
from fastapi_bank.recording import trail
from fastapi_bank.settings import Settings
from indelible import MemoryAuditAdapter


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trail of the test's own, and nothing of the developer's environment."""
    for name in list(os.environ):
        if name.startswith(("INDELIBLE_", "BANK_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("INDELIBLE_DATABASE_URL", f"sqlite:{tmp_path / 'trail.db'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def audit() -> MemoryAuditAdapter:
    return MemoryAuditAdapter()


@pytest.fixture
def bank() -> Bank:
    """A bank that is patient; where a test is about patience it takes it away."""
    return Bank(Settings(audit_deadline=60))


@pytest.fixture
def app(bank: Bank, audit: MemoryAuditAdapter) -> FastAPI:
    """The application, with the trail in memory in the place of the environment's."""
    app = application(bank)
    app.dependency_overrides[trail] = lambda: audit
    return app


@pytest_asyncio.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The client of somebody who is not logged in."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bank") as client:
        yield client


@pytest_asyncio.fixture
async def alice(app: FastAPI, bank: Bank) -> AsyncIterator[httpx.AsyncClient]:
    """Alice's client, who is logged in."""
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {bank.begin_session('alice')}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bank", headers=headers
    ) as client:
        yield client
