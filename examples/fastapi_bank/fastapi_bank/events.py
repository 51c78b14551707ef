"""Situation 9: domain events, and the handler that records them."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from indelible import AuditAction

from .recording import RequestAudit


@dataclass(frozen=True)
class UserPasswordChanged:
    """A user has another password."""

    user_id: str
    initiated_by: str
    method: str
    event_id: uuid.UUID = field(default_factory=uuid.uuid4)
    """By which it is recorded once, however often it is delivered."""


async def record_password_changed(event: UserPasswordChanged, audit: RequestAudit) -> None:
    """What has happened has happened: a failure, which is logged, changes nothing."""
    await audit.record(
        AuditAction.USER_PASSWORD_CHANGED,
        "user",
        id=event.event_id,
        user_id=event.user_id,
        resource_id=event.user_id,
        context={
            "initiated_by": event.initiated_by,
            "method": event.method,
            "event_id": event.event_id,
        },
    )


Handler = Callable[[UserPasswordChanged, RequestAudit], Awaitable[None]]

HANDLERS: dict[type, list[Handler]] = {UserPasswordChanged: [record_password_changed]}
"""Who is told of each type of event. The trail is one of them."""


async def publish(event: UserPasswordChanged, audit: RequestAudit) -> None:
    """The bank's bus: tells all handlers, one after the other."""
    for handle in HANDLERS[type(event)]:
        await handle(event, audit)
