"""Who asks: dependencies that refuse everybody else."""

from typing import Annotated

from fastapi import Depends, Header, Request

from .bank import Bank
from .recording import Recording
from .refusals import Refusal

BACKUP_TOKEN = "backup-job"
"""What the scheduler of the backups shows instead of a session."""


async def the_bank(request: Request) -> Bank:
    """The bank of this application."""
    bank: Bank = request.app.state.bank
    return bank


TheBank = Annotated[Bank, Depends(the_bank)]


async def token(authorization: Annotated[str, Header()] = "") -> str:
    scheme, _, token = authorization.partition(" ")
    return token if scheme == "Bearer" else ""


Token = Annotated[str, Depends(token)]
"""That of the session, if there is one."""


async def caller(bank: TheBank, audit: Recording, token: Token) -> str:
    """The user who is logged in; from here on the request's entries name them."""
    user = bank.sessions.get(token)
    # A login that was under way while its user was suspended has begun a session all the same.
    if user is None or bank.people[user].is_suspended:
        raise Refusal(401, "log in first")
    audit.user_id = user
    return user


Caller = Annotated[str, Depends(caller)]


async def administrator(bank: TheBank, user: Caller) -> str:
    """An administrator who is logged in."""
    if not bank.people[user].is_administrator:
        raise Refusal(403, "administrators only")
    return user


Administrator = Annotated[str, Depends(administrator)]


async def backup_job(bank: TheBank, audit: Recording, token: Token) -> None:
    """The scheduler of the backups, which is no user."""
    if token != BACKUP_TOKEN:
        await caller(bank, audit, token)
        raise Refusal(403, "the backup job only")
