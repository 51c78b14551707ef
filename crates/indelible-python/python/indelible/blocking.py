"""The same operations for code without an event loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, cast
from uuid import UUID

from ._native import Trail
from .attempts import SyncAttempt
from .protocol import Address, Context, Entry, Receipt, Text
from .results import Outcome, Result


class SyncAudit:
    """A trail for threads: every call blocks its thread, never the interpreter.

    ``audit.sync`` is the blocking twin of ``audit``; the two share everything.
    """

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def record(
        self,
        action: str,
        resource_type: str,
        user_id: Text | None = None,
        resource_id: Text | None = None,
        ip_address: Address | None = None,
        user_agent: str | None = None,
        context: Context | None = None,
        *,
        id: UUID | str | None = None,
        outcome: Outcome | str | None = None,
        occurred_at: datetime | str | None = None,
        correlation_id: Text | None = None,
        on_behalf_of: Text | None = None,
        tags: Iterable[str] | None = None,
    ) -> Result[Receipt]:
        """Records one event, as :meth:`indelible.Audit.record` does."""
        # fmt: off
        fields = (
            action, resource_type, user_id, resource_id, ip_address, user_agent, context,
            id, outcome, occurred_at, correlation_id, on_behalf_of, tags,
        )
        # fmt: on
        return cast("Result[Receipt]", self._trail.record(True, fields))

    def record_all(self, events: Iterable[Mapping[str, Any]]) -> list[Result[Receipt]]:
        """Records events, as :meth:`indelible.Audit.record_all` does."""
        return cast("list[Result[Receipt]]", self._trail.record_all(True, listed(events)))

    def query(
        self,
        user_id: Text | None = None,
        action: str | None = None,
        resource_type: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        limit: int = 100,
        offset: int = 0,
        **filters: Any,
    ) -> Result[list[Entry]]:
        """The entries that match, as :meth:`indelible.Audit.query` answers them."""
        # fmt: off
        filters.update(
            user_id=user_id, action=action, resource_type=resource_type,
            start_date=start_date, end_date=end_date, limit=limit, offset=offset,
        )
        # fmt: on
        return cast("Result[list[Entry]]", self._trail.query(True, filters, False))

    def query_page(self, **filters: Any) -> Result[dict[str, Any]]:
        """One page with its cursor, as :meth:`indelible.Audit.query_page` answers it."""
        return cast("Result[dict[str, Any]]", self._trail.query(True, filters, True))

    def attempt(
        self,
        action: str,
        resource_type: str,
        user_id: Text | None = None,
        resource_id: Text | None = None,
        ip_address: Address | None = None,
        user_agent: str | None = None,
        context: Context | None = None,
        *,
        id: UUID | str | None = None,
        occurred_at: datetime | str | None = None,
        correlation_id: Text | None = None,
        on_behalf_of: Text | None = None,
        tags: Iterable[str] | None = None,
    ) -> SyncAttempt:
        """What may fail, as :meth:`indelible.Audit.attempt` has it, for ``with``."""
        # fmt: off
        fields = (
            action, resource_type, user_id, resource_id, ip_address, user_agent, context,
            id, None, occurred_at, correlation_id, on_behalf_of, tags,
        )
        # fmt: on
        return SyncAttempt(self._trail, fields)

    @property
    def failed(self) -> int:
        """How many events were not recorded by this process."""
        return self._trail.failed

    def close(self) -> Result[None]:
        """Takes no more events, waits for those taken, and releases the database."""
        return cast("Result[None]", self._trail.close(True))

    def __enter__(self) -> SyncAudit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def listed(events: Any) -> list[Any]:
    """What is no list of events is one event that is refused in words."""
    if isinstance(events, (str, bytes, Mapping)):
        return [events]
    try:
        return [dict(event) if isinstance(event, Mapping) else event for event in events]
    except TypeError:
        return [events]
