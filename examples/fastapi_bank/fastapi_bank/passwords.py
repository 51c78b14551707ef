"""Situation 9: a password is changed. Nothing here speaks of the trail; ``events`` does."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from .body import body
from .caller import Caller, TheBank, Token
from .events import UserPasswordChanged, publish
from .recording import Recording
from .refusals import Refusal

router = APIRouter()


class Change(BaseModel):
    """The old password and the new one."""

    current: str
    new: str


@router.put("/me/password", status_code=204)
async def change(
    bank: TheBank,
    caller: Caller,
    audit: Recording,
    token: Token,
    given: Annotated[Change, Depends(body(Change))],
) -> None:
    """Everybody their own."""
    if bank.login_problem(caller, given.current) is not None:
        raise Refusal(403, "the current password is another one")
    bank.change_password(caller, given.new, token)
    event = UserPasswordChanged(user_id=caller, initiated_by="user", method="self_service")
    await publish(event, audit)
