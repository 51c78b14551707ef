"""Situation 5: an automated backup, no user."""

import json

from fastapi import APIRouter, Depends, Response
from indelible import AuditAction

from .caller import TheBank, backup_job
from .recording import Recording

router = APIRouter()


@router.post("/jobs/backup", status_code=202, dependencies=[Depends(backup_job)])
async def back_up(bank: TheBank, audit: Recording) -> Response:
    """What the scheduler calls each night."""
    backup = json.dumps(bank.accounts)
    await audit.require(
        AuditAction.ADMIN_BACKUP_CREATED,
        "system",
        context={
            "backup_type": "nightly",
            "backup_size": len(backup),
            "initiated_by": "scheduler",
        },
    )
    return Response(status_code=202)
