"""Situation 4: an administrator suspends a user (SOC 2). Situation 7: failed logins of the last 24
hours, for administrators only."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from indelible import AuditAction
from pydantic import BaseModel, Field

from .body import body
from .caller import Administrator, TheBank
from .recording import Recording
from .refusals import Refusal

router = APIRouter(prefix="/admin")


class Suspension(BaseModel):
    """Why and for how long."""

    reason: str
    days: Annotated[int, Field(ge=0, lt=2**32)]


@router.post("/users/{user}/suspension", status_code=204)
async def suspend(
    bank: TheBank,
    administrator: Administrator,
    audit: Recording,
    user: str,
    given: Annotated[Suspension, Depends(body(Suspension))],
) -> None:
    """The one who acts is the request's; the one acted upon is the resource."""
    if user not in bank.people:
        raise Refusal(404, "no such user")
    await audit.require(
        AuditAction.ADMIN_USER_SUSPENDED,
        "user",
        resource_id=user,
        context={
            "suspended_by": administrator,
            "reason": given.reason,
            "duration_days": given.days,
        },
    )
    bank.suspend(user)


@router.get("/failed-logins")
async def failed_logins(_: Administrator, audit: Recording) -> dict[str, Any]:
    """Who reads the trail is on record before the trail is read."""
    await audit.require(AuditAction.AUDIT_LOG_ACCESSED, "audit_log")
    entries = await audit.query(
        action=AuditAction.USER_LOGIN_FAILED, start_date="24h", limit=1000
    )
    return {"entries": entries}
