"""What the guide's pages on the eleven situations show runs, and leaves the entries that they show."""

import ast
import inspect
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from indelible import AuditAction, Success, get_audit

FOLDER = Path(__file__).parents[3] / "docs" / "guide" / "situations"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))

# What stands around a page's code: the application's own.
SCAFFOLDS: dict[str, dict[str, Any]] = {
    "01-login": {
        "user": "alice",
        "ip_address": "198.51.100.7",
        "user_agent": "Mozilla/5.0 (X11)",
        "request_id": "r-1",
    },
    "02-personal-data": {"user": "alice", "customer": "alice"},
    "03-provider-connection": {
        "user": "alice",
        "provider": "closed-bank",
        "token": "tok-7f3a91c4d2e8",
        "connect": lambda provider, token: False,
    },
    "04-suspension": {
        "administrator": "carol",
        "user": "bob",
        "reason": "fraud review",
        "days": 30,
    },
    "05-backup": {"size": 39},
    "06-my-activity": {"user": "alice"},
    "07-failed-logins": {"administrator": "carol"},
    "08-provider-events": {"page": 1, "page_size": 20},
    "09-domain-event": {},
    "10-deletion": {
        "user": "alice",
        "account": "acc-1",
        "deadline": 30,
        "accounts": {"acc-1", "acc-2"},
    },
    "11-testing": {},
}


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert isinstance(found, list)
    return found


async def run(page: Path, names: dict[str, Any]) -> None:
    for block in blocks(page, "python"):
        code = compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.isawaitable(running):
            await running


def shown(page: Path) -> list[dict[str, Any]]:
    """The entries that a page shows, in its order."""
    entries, decoder = [], json.JSONDecoder()
    for block in blocks(page, "json"):
        rest = block.strip()
        while rest:
            entry, end = decoder.raw_decode(rest)
            entries.append(entry)
            rest = rest[end:].strip()
    return entries


def is_like(wanted: Any, found: Any) -> bool:
    """Whether a value is the one that is shown, in which … stands for anything."""
    if isinstance(wanted, dict):
        is_open = "…" in wanted
        members = {name: value for name, value in wanted.items() if name != "…"}
        return (
            isinstance(found, dict)
            and (is_open or members.keys() == found.keys())
            and all(name in found and is_like(members[name], found[name]) for name in members)
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(map(is_like, wanted, found))
        )
    if isinstance(wanted, str) and "…" in wanted:
        pattern = re.escape(wanted).replace("…", ".*")
        return isinstance(found, str) and re.fullmatch(pattern, found) is not None
    return bool(wanted == found)


async def before(audit: Any) -> None:
    """What is in the trail before the pages that only look at it."""
    await audit.record(AuditAction.USER_LOGIN_FAILED, "session", user_id="alice")
    for provider in ["open-bank", "closed-bank"]:
        await audit.record(AuditAction.PROVIDER_CONNECTED, "provider", resource_id=provider)


async def after(page: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """What a page leaves beside its entries."""
    match page:
        case "06-my-activity":
            assert capsys.readouterr().out == "['user_login_failed']\n"
        case "07-failed-logins":
            result = names["result"]
            assert isinstance(result, Success)
            assert [entry["user_id"] for entry in result.value] == ["alice"]
        case "08-provider-events":
            assert capsys.readouterr().out == "2 False\n"
            ids = [entry["resource_id"] for entry in names["entries"]]
            assert ids == ["closed-bank", "open-bank"]
        case "09-domain-event":
            event_id = uuid.uuid4()
            event = names["UserPasswordChanged"](event_id, "alice", "user", "self_service")
            for _ in range(2):
                await names["record_password_changed"](event)
        case "10-deletion":
            assert names["accounts"] == {"acc-2"}
        case "11-testing":
            assert names["deleted"]["resource_id"] == "acc-1"


def test_every_situation_has_its_page() -> None:
    assert [page.stem for page in PAGES] == sorted(SCAFFOLDS)
    assert all(blocks(page, "python") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_what_a_page_shows_runs_and_leaves_what_it_shows(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = get_audit()
    looks = page.stem in {"06-my-activity", "07-failed-logins", "08-provider-events"}
    if looks:
        await before(audit)
    names = dict(SCAFFOLDS[page.stem])
    if "accounts" in names:
        names["remove"] = names["accounts"].remove
    await run(FOLDER / "README.md", names)
    await run(page, names)
    await after(page.stem, names, capsys)
    found = await audit.query()
    assert isinstance(found, Success)
    own = found.value[: -3 if looks else None]
    entries = list(reversed(own))
    wanted = shown(page)
    assert len(entries) == len(wanted), [entry["action"] for entry in entries]
    for example, entry in zip(wanted, entries):
        # An example shows the members that matter.
        assert is_like({"…": "…", **example}, entry), entry
    if len(entries) > 1:
        assert len({entry["correlation_id"] for entry in entries}) == 1
    await audit.close()
