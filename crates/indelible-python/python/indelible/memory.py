"""A trail in memory, with what tests ask of it."""

from __future__ import annotations

import json
from typing import Any

from ._native import Trail
from .audit import Audit
from .protocol import Entry
from .results import Failure


class MemoryAuditAdapter(Audit):
    """A trail of its own in this process, for tests and trials: the same engine, and no file.

    ::

        audit = MemoryAuditAdapter()
        await delete_account(audit, "acc-1")
        audit.assert_recorded(AuditAction.DATA_DELETED, resource_id="acc-1")
    """

    def __init__(self, *, trail: str | None = None) -> None:
        self._trail = Trail("memory:", None, None, trail, None, None, None, None)

    @property
    def entries(self) -> list[Entry]:
        """All entries, the oldest first."""
        found: list[Entry] = []
        cursor: str | None = None
        while True:
            page = self.sync.query_page(limit=1000, cursor=cursor)
            if isinstance(page, Failure):
                raise AssertionError(f"the trail cannot be read: {page.error}")
            found.extend(page.value["entries"])
            cursor = page.value["next_cursor"]
            if cursor is None:
                return found[::-1]

    def assert_recorded(self, action: str, *, times: int = 1, **fields: Any) -> list[Entry]:
        """Answers the entries of this action with these fields, of which there must be exactly
        ``times``. Of ``context``, the given members are compared. Where it is otherwise, the
        ``AssertionError`` shows what was recorded."""
        wanted = {"action": str(action), **fields}
        entries = self.entries
        found = [entry for entry in entries if _matches(entry, wanted)]
        if len(found) == times:
            return found
        raise AssertionError(
            f"{_shown(wanted)} was recorded {len(found)} times instead of {times};"
            f" the trail has {_listed(entries)}"
        )

    def assert_not_recorded(self, action: str, **fields: Any) -> None:
        """The opposite: there is no such entry."""
        self.assert_recorded(action, times=0, **fields)

    def assert_nothing_recorded(self) -> None:
        """The trail is empty."""
        if entries := self.entries:
            raise AssertionError(f"the trail has {_listed(entries)}")

    def fail_next(
        self,
        times: int = 1,
        *,
        code: str = "unavailable",
        message: str = "the store is not available: a test asked for it",
    ) -> None:
        """The next ``times`` events are not recorded: their result is a ``Failure`` with this code,
        counted and logged like any other one."""
        self._trail.fail_next(times, code, message)


def _matches(entry: Entry, wanted: dict[str, Any]) -> bool:
    for name, value in wanted.items():
        if name == "context" and isinstance(value, dict):
            context = entry["context"] or {}
            if any(key not in context or context[key] != one for key, one in value.items()):
                return False
        elif name not in entry:
            raise AssertionError(f"an entry has no `{name}`; it has {', '.join(entry)}")
        elif name == "tags":
            if entry["tags"] != sorted(value):
                return False
        elif entry[name] != (None if value is None else _plain(value)):
            return False
    return True


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, list, dict)) else str(value)


def _shown(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={json.dumps(value, default=str)}" for name, value in fields.items())


def _listed(entries: list[Entry]) -> str:
    if not entries:
        return "no entry"
    names = ("action", "outcome", "resource_type", "resource_id", "user_id", "context")
    lines = [
        f"  {entry['seq']}: " + _shown({name: entry[name] for name in names if entry[name]})
        for entry in entries
    ]
    return f"{len(lines)} entries:\n" + "\n".join(lines)
