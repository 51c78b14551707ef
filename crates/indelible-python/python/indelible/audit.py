"""The trail as an application has it, and the adapters by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from os import PathLike
from types import TracebackType
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from ._native import Trail
from .attempts import Attempt
from .blocking import SyncAudit, listed
from .protocol import Address, Context, Entry, Receipt, Text
from .results import Failure, Outcome, Result

Delivery = Literal["required", "spooled", "best_effort"]
"""What becomes of an event that the trail cannot take: its ``Failure`` reaches the caller; it
waits on the local disk; it is given up, and its receipt says ``dropped``."""

_A = TypeVar("_A", bound="Audit")


class Audit:
    """One trail, for asyncio. It is an :class:`indelible.AuditProtocol`, and more.

    Nothing is opened before its first use, and nothing is raised: what is wrong with ``url`` is the
    ``Failure`` of whatever is asked first. One object serves any number of tasks, event loops and
    threads. In a process that was forked it opens its trail anew.

    ``url`` is ``memory:``, ``sqlite:PATH``, ``postgres://…`` (also ``postgresql+asyncpg://…``) or
    the ``http(s)://…`` of a server.
    """

    def __init__(
        self,
        url: str,
        *,
        trail: str | None = None,
        delivery: Delivery | None = None,
        state_dir: str | PathLike[str] | None = None,
    ) -> None:
        self._trail = Trail(str(url), None, None, trail, delivery, state_dir, None, None)

    async def record(
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
        """Records one event. ``Success`` means that it is on disk and survives the loss of power,
        whatever becomes of the caller's own transaction; its value is the receipt.

        Values of any content are accepted: what is too long is cut, secrets are masked, and the
        entry notes it. Only structure is refused, with the ``error.field`` to mend.

        :param action: what was done, of :class:`indelible.AuditAction` or any other name
        :param resource_type: the kind of thing that it was done to
        :param user_id: who did it; ``None`` for the system itself
        :param context: anything else, a JSON object
        :param id: the idempotency key: the same id with the same content answers with the first
            receipt again
        :param outcome: the catalogue's when left out
        :param occurred_at: when it happened, with its time zone; now when left out
        :param correlation_id: what links an attempt to its outcome, or a request's events
        :param on_behalf_of: for whom ``user_id`` acted
        :param tags: what compliance rules read, such as ``data.personal``

        A task that is cancelled meanwhile does not take the event back.
        """
        # fmt: off
        answer = self._trail.record(False, (
            action, resource_type, user_id, resource_id, ip_address, user_agent, context,
            id, outcome, occurred_at, correlation_id, on_behalf_of, tags,
        ))
        # fmt: on
        return cast("Result[Receipt]", answer if isinstance(answer, Failure) else await answer)

    async def record_all(self, events: Iterable[Mapping[str, Any]]) -> list[Result[Receipt]]:
        """Records events, each a mapping with the names of :meth:`record`'s arguments. Each has
        its own result, in the same order: one that is refused keeps no other one out."""
        answer = self._trail.record_all(False, listed(events))
        return cast("list[Result[Receipt]]", answer if isinstance(answer, list) else await answer)

    async def query(
        self,
        user_id: Text | None = None,
        action: str | None = None,
        resource_type: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        limit: int = 100,
        offset: int = 0,
        *,
        outcome: Outcome | str | None = None,
        resource_id: Text | None = None,
        ip_address: Address | None = None,
        correlation_id: Text | None = None,
        tags: Iterable[str] | None = None,
        context: Mapping[str, Any] | Iterable[str] | None = None,
        cursor: str | None = None,
        as_of: int | None = None,
    ) -> Result[list[Entry]]:
        """The entries that match all filters, newest first, as a list of dictionaries.

        :param user_id: of this user; ``"none"`` asks for entries without one
        :param action: of this action or an alias of it; ``admin_*`` for all that begin so
        :param start_date: occurred at or after this: a datetime with its zone, a day, or a span
            back from now such as ``"24h"`` or ``"30d"``
        :param end_date: occurred at or before this
        :param limit: at most so many, cut to 1000
        :param offset: passes over so many; :meth:`query_page` has cursors, at no cost
        :param ip_address: from this address or block of addresses
        :param tags: with all of these
        :param context: whose context has these members, ``{"request.method": "GET"}``
        """
        # fmt: off
        filters = {
            "user_id": user_id, "action": action, "resource_type": resource_type,
            "start_date": start_date, "end_date": end_date, "limit": limit, "offset": offset,
            "outcome": outcome, "resource_id": resource_id, "ip_address": ip_address,
            "correlation_id": correlation_id, "tags": tags, "context": context,
            "cursor": cursor, "as_of": as_of,
        }
        # fmt: on
        answer = self._trail.query(False, filters, False)
        return cast("Result[list[Entry]]", answer if isinstance(answer, Failure) else await answer)

    async def query_page(self, **filters: Any) -> Result[dict[str, Any]]:
        """One page: ``entries``, ``as_of`` (the tree size that it answers for), ``next_cursor``,
        ``has_more`` and ``limit``. The filters are those of :meth:`query`; give ``next_cursor`` as
        ``cursor`` with the same filters to go on."""
        answer = self._trail.query(False, filters, True)
        return cast("Result[dict[str, Any]]", answer if isinstance(answer, Failure) else await answer)

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
    ) -> Attempt:
        """What may fail, for ``async with``; see :class:`indelible.Attempt`."""
        # fmt: off
        fields = (
            action, resource_type, user_id, resource_id, ip_address, user_agent, context,
            id, None, occurred_at, correlation_id, on_behalf_of, tags,
        )
        # fmt: on
        return Attempt(self._trail, fields)

    @property
    def sync(self) -> SyncAudit:
        """The same trail for code without an event loop."""
        return SyncAudit(self._trail)

    @property
    def failed(self) -> int:
        """How many events were not recorded by this process."""
        return self._trail.failed

    async def close(self) -> Result[None]:
        """Takes no more events, waits for those taken, and releases the database. The end of the
        interpreter does it for trails that are still open."""
        answer = self._trail.close(False)
        return cast("Result[None]", answer if isinstance(answer, Failure) else await answer)

    async def __aenter__(self: _A) -> _A:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class SqliteAuditAdapter(Audit):
    """A trail in one file, made where it is missing. Several processes may share it."""

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        trail: str | None = None,
        delivery: Delivery | None = None,
        state_dir: str | PathLike[str] | None = None,
    ) -> None:
        self._trail = Trail(None, path, None, trail, delivery, state_dir, None, None)


class PostgresAuditAdapter(Audit):
    """A trail in a PostgreSQL database, whose schema ``indelible migrate up`` has made.

    ``session`` is a SQLAlchemy ``Session`` or ``AsyncSession`` (or an engine or connection): it
    lends its address and never its transaction, so that a record survives its rollback.
    """

    def __init__(
        self,
        url: Any = None,
        *,
        session: Any = None,
        trail: str | None = None,
        delivery: Delivery | None = None,
        state_dir: str | PathLike[str] | None = None,
    ) -> None:
        address = _address(session) if url is None else _rendered(url)
        self._trail = Trail(address, None, "postgres", trail, delivery, state_dir, None, None)


class HttpAudit(Audit):
    """A trail that ``indelible serve`` keeps, at the ``http(s)://…`` of the server.

    ``key`` is an API key, else ``INDELIBLE__CLIENT__KEY``. The server is trusted under
    ``verifier_key`` (``indelible vkey`` prints it), else at its first use.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        trail: str | None = None,
        verifier_key: str | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        self._trail = Trail(str(url), None, "server", trail, delivery, None, key, verifier_key)


def _address(session: Any) -> str:
    """The address of what a session is bound to, its password included."""
    bind = session
    if hasattr(bind, "get_bind"):
        try:
            bind = bind.get_bind()
        except Exception:  # SQLAlchemy's own, where the session is bound to nothing
            return _UNBOUND
    engine = getattr(bind, "engine", bind)
    url = getattr(engine, "url", None)
    return _UNBOUND if url is None else _rendered(url)


def _rendered(url: Any) -> str:
    """SQLAlchemy's URLs hide their password when they are printed."""
    render = getattr(url, "render_as_string", None)
    return str(url) if render is None else str(render(hide_password=False))


_UNBOUND = "postgres:a session that is bound to no engine"
