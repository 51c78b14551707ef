"""Situation 6: "my activity" of the last 30 days."""

from typing import Any

from fastapi import APIRouter

from .caller import Caller
from .recording import Recording

router = APIRouter()


@router.get("/me/activity")
async def mine(caller: Caller, audit: Recording) -> dict[str, Any]:
    """The newest first."""
    return {"entries": await audit.query(user_id=caller, start_date="30d", limit=1000)}
