"""No answer waits for a store that hangs longer than the bank's deadline."""

import asyncio
import logging
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi_bank.bank import Bank
from fastapi_bank.recording import trail
from fastapi_bank.settings import Settings


class Hanging:
    """A trail of which no answer comes."""

    def __init__(self) -> None:
        self.never = asyncio.Event()

    async def record(self, *_: Any, **__: Any) -> None:
        await self.never.wait()

    query = query_page = begin = record

    def attempt(self, *_: Any, **__: Any) -> "Hanging":
        return self


PASSWORD = {"current": "correct horse", "new": "horse of another colour"}
SUSPENSION = {"reason": "fraud review", "days": 30}

# What may not happen unrecorded does not happen; what has happened, and refusals, stand.
CASES = [
    ("POST", "/login", "", {"user": "alice", "password": "x"}, 503, "user_login_failed"),
    (
        "POST",
        "/login",
        "",
        {"user": "bob", "password": "battery staple"},
        503,
        "user_login_success",
    ),
    ("GET", "/me/activity", "", None, 401, "access_denied"),
    ("GET", "/admin/failed-logins", "alice", None, 403, "access_denied"),
    ("GET", "/customers/alice", "alice", None, 503, "data_viewed"),
    ("POST", "/providers/p/connection", "alice", {"access_token": "t"}, 503, "attempted"),
    ("POST", "/admin/users/bob/suspension", "carol", SUSPENSION, 503, "suspended"),
    ("POST", "/jobs/backup", "backup-job", None, 503, "admin_backup_created"),
    ("GET", "/me/activity", "alice", None, 503, "a query"),
    ("GET", "/admin/failed-logins", "carol", None, 503, "audit_log_accessed"),
    ("GET", "/providers/events", "carol", None, 503, "a query"),
    ("PUT", "/me/password", "alice", PASSWORD, 204, "user_password_changed"),
    ("DELETE", "/accounts/acc-1", "alice", None, 204, "data_deletion_attempted"),
]


@pytest.mark.parametrize(("method", "path", "user", "body", "status", "told"), CASES)
async def test_every_request_is_answered_and_the_operator_is_told(
    app: FastAPI,
    bank: Bank,
    stranger: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    user: str,
    body: dict[str, Any] | None,
    status: int,
    told: str,
) -> None:
    hanging = Hanging()
    bank.settings = Settings(audit_deadline=0.2)
    app.dependency_overrides[trail] = lambda: hanging
    token = bank.begin_session(user) if user in bank.people else user
    headers = {"Authorization": f"Bearer {token}"}
    with caplog.at_level(logging.ERROR, "fastapi_bank"):
        asked = stranger.request(method, path, json=body, headers=headers)
        # Only a test that fails waits for so long.
        answer = await asyncio.wait_for(asked, 30)
    assert answer.status_code == status
    assert "audit failed: " in caplog.text
    assert told in caplog.text
    waited = [int(millis) for millis in re.findall(r"no answer within (\d+) ms", caplog.text)]
    assert 0 < sum(waited) <= 200
    if path == "/login":
        assert bank.sessions == {}
