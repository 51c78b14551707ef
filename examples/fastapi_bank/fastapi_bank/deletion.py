"""Situation 10: the deletion of an account, on record before it happens, that goes on when
recording fails. Situation 11 is its test."""

from typing import Any

from fastapi import APIRouter
from indelible import AuditAction, Failure

from .caller import Caller, TheBank
from .recording import Recording
from .refusals import Refusal

router = APIRouter()


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
    # A customer's right to be forgotten does not wait for a trail that is away: each of the two
    # records gets its time, and what is not recorded is told to the operator.
    audit = audit.of_two()
    attempt = audit.attempt(AuditAction.DATA_DELETION_ATTEMPTED, "account", **fields)
    begun = await attempt.begin()

    # While the attempt was recorded somebody else may have been faster.
    was_there = bank.accounts.pop(account, None) is not None

    if not isinstance(begun, Failure):
        await (attempt.succeeded() if was_there else attempt.failed("no such account"))
    elif was_there:
        await audit.record(AuditAction.DATA_DELETED, "account", **fields)
    if not was_there:
        raise Refusal(404, "no such account")
