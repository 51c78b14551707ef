"""Situation 10: the deletion of an account, on record before it happens, that goes on when
recording fails. Situation 11 is its test."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from fastapi import APIRouter
from indelible import AuditAction, AuditError, Failure, Receipt, Result

from .caller import Caller, TheBank
from .recording import Recording
from .refusals import Refusal

router = APIRouter()
log = logging.getLogger("fastapi_bank")


@router.delete("/accounts/{account}", status_code=204)
async def delete(bank: TheBank, caller: Caller, audit: Recording, account: str) -> None:
    """Everybody their own."""
    owner = bank.accounts.get(account)
    if owner is None:
        raise Refusal(404, "no such account")
    if owner != caller:
        raise Refusal(403, "it is somebody else's account")
    fields: dict[str, Any] = {
        "resource_id": account,
        "context": {
            "deletion_type": "account",
            "data_scope": ["account"],
            "requested_by": caller,
        },
    }
    # A customer's right to be forgotten does not wait for a trail that is away: each record gets
    # its time, and what is not recorded is told to the operator.
    deadline = bank.settings.audit_deadline
    attempt = audit.attempt(AuditAction.DATA_DELETION_ATTEMPTED, "account", **fields)
    begun = await within(deadline, attempt.begin())
    tell(begun, AuditAction.DATA_DELETION_ATTEMPTED, account)

    # While the attempt was recorded somebody else may have been faster.
    was_there = bank.accounts.pop(account, None) is not None

    if isinstance(begun, Failure):
        ended = (
            await within(deadline, audit.record(AuditAction.DATA_DELETED, "account", **fields))
            if was_there
            else begun
        )
    elif was_there:
        ended = await within(deadline, attempt.succeeded())
    else:
        ended = await within(deadline, attempt.failed("no such account"))
    if ended is not begun:
        tell(ended, AuditAction.DATA_DELETED, account)
    if not was_there:
        raise Refusal(404, "no such account")


async def within(
    deadline: float, recording: Coroutine[Any, Any, Result[Receipt]]
) -> Result[Receipt]:
    """How recording went, as far as is known by then; the record may still come."""
    try:
        return await asyncio.wait_for(recording, deadline)
    except asyncio.TimeoutError:
        return Failure(AuditError(f"no answer within {deadline * 1000:.0f} ms", "late"))


def tell(result: Result[Receipt], action: str, account: str) -> None:
    """Tells the operator what is not on record."""
    if isinstance(result, Failure):
        log.error("audit failed: %s of account %s: %s", action, account, result.error)
