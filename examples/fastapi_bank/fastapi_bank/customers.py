"""Situation 2: a view of personal data (GDPR)."""

from typing import Any

from fastapi import APIRouter
from indelible import AuditAction

from .caller import Caller, TheBank
from .recording import Recording
from .refusals import Refusal

router = APIRouter()


@router.get("/customers/{user}")
async def show(bank: TheBank, caller: Caller, audit: Recording, user: str) -> dict[str, Any]:
    """Customers see themselves, administrators everybody."""
    if user != caller and not bank.people[caller].is_administrator:
        raise Refusal(403, "customers see only themselves")
    person = bank.people.get(user)
    if person is None:
        raise Refusal(404, "no such customer")
    # Nothing is shown before it is on record.
    await audit.require(
        AuditAction.DATA_VIEWED,
        "customer",
        resource_id=user,
        context={"data_type": "profile", "fields_accessed": ["name", "email", "accounts"]},
        tags=["data.personal"],
    )
    accounts = [account for account, owner in sorted(bank.accounts.items()) if owner == user]
    return {"user": user, "name": person.name, "email": person.email, "accounts": accounts}
