"""The port that applications depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol, Union, runtime_checkable
from uuid import UUID

from .results import Outcome, Result

Text = Union[str, UUID, Enum]
"""An opaque text. A UUID is just one kind of text."""

Address = Union[str, IPv4Address, IPv6Address]
"""The client's address, kept as given when it is none."""

Context = Mapping[str, Any]
"""A JSON object of any shape; UUIDs, dates, decimals and enumerations are written as texts."""

Entry = dict[str, Any]
"""An event once recorded: ``trail``, ``seq``, ``id``, ``action``, ``outcome``, ``resource_type``,
``resource_id``, ``user_id``, ``on_behalf_of``, ``ip_address``, ``user_agent``, ``context``,
``correlation_id``, ``tags``, ``occurred_at``, ``created_at``, ``leaf_hash``, ``notes`` and
``erased``. What is absent is ``None``."""

Receipt = dict[str, Any]
"""What ``record`` answers: ``trail``, ``id``, ``seq``, ``created_at``, ``leaf_hash``,
``tree_size`` and ``delivery``."""


@runtime_checkable
class AuditProtocol(Protocol):
    """Recording and asking: all that an application needs, whatever stands behind it."""

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
        """Records one event. ``Success`` means that it is on disk."""
        ...

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
        """The entries that match all filters, newest first."""
        ...
