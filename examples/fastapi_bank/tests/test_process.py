"""The process-wide trail, and the bank as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi_bank.application import application
from fastapi_bank.bank import Bank
from indelible import SqliteAuditAdapter, Success, get_audit


async def test_an_application_may_start_and_end_many_times() -> None:
    wrong = {"user": "mallory", "password": "x"}
    for _ in range(2):
        app = application(Bank())
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bank") as client:
                assert (await client.post("/login", json=wrong)).status_code == 401
    found = await get_audit().query()
    assert isinstance(found, Success)
    assert [entry["action"] for entry in found.value] == ["user_login_failed"] * 2
    await get_audit().close()


async def test_the_end_of_an_application_leaves_a_trail_alone_that_others_use(
    app: FastAPI, tmp_path: Path
) -> None:
    async with app.router.lifespan_context(app):
        pass
    # It has a trail in memory in its place.
    assert not (tmp_path / "trail.db").exists()
    assert isinstance(await get_audit().record("report_made", "report"), Success)
    await get_audit().close()


def test_the_process_says_where_it_is_and_ends_in_an_orderly_way(tmp_path: Path) -> None:
    environment = {**os.environ, "BANK_LISTEN": "127.0.0.1:0"}
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
    audit = SqliteAuditAdapter(tmp_path / "trail.db")
    found = audit.sync.query()
    assert isinstance(found, Success)
    assert [entry["action"] for entry in found.value] == ["user_login_failed"]
    audit.sync.close()
