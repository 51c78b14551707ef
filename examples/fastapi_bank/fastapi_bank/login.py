"""Situation 1: login, success and failure, with address and user agent."""

from fastapi import APIRouter
from indelible import AuditAction
from pydantic import BaseModel

from .caller import TheBank
from .recording import Recording
from .refusals import Refusal

router = APIRouter()


class Credentials(BaseModel):
    """What a login is made with."""

    user: str
    password: str


@router.post("/login")
async def log_in(bank: TheBank, audit: Recording, given: Credentials) -> dict[str, str]:
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
    await audit.require(
        AuditAction.USER_LOGIN_SUCCESS,
        "session",
        user_id=given.user,
        context={"method": "password"},
    )
    return {"token": bank.begin_session(given.user)}
