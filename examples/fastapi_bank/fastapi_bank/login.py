"""Situation 1: login, success and failure, with address and user agent."""

from typing import Annotated

from fastapi import APIRouter, Depends
from indelible import AuditAction, Failure
from pydantic import BaseModel

from .body import body
from .caller import TheBank
from .recording import Recording, required
from .refusals import Refusal

router = APIRouter()


class Credentials(BaseModel):
    """What a login is made with."""

    user: str
    password: str


@router.post("/login")
async def log_in(
    bank: TheBank, audit: Recording, given: Annotated[Credentials, Depends(body(Credentials))]
) -> dict[str, str]:
    """Begins a session."""
    problem = bank.login_problem(given.user, given.password)
    if problem is not None:
        await audit.require(
            AuditAction.USER_LOGIN_FAILED,
            "session",
            user_id=given.user,
            context={"method": "password", "reason": problem},
        )
        raise Refusal(401, "unknown user or wrong password", is_recorded=True)
    # Begun before it is on record, so that it ends with a suspension or another password meanwhile;
    # given out after.
    token = bank.begin_session(given.user)
    recorded = await audit.record(
        AuditAction.USER_LOGIN_SUCCESS,
        "session",
        user_id=given.user,
        context={"method": "password"},
    )
    if isinstance(recorded, Failure):
        bank.end_session(token)
    required(recorded)
    return {"token": token}
