"""The trail as a request has it: every entry says where the request comes from and who acts, and
nothing waits for it longer than the bank's deadline."""

import asyncio
import logging
from collections.abc import Coroutine
from copy import copy
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from indelible import (
    Attempt,
    Audit,
    AuditError,
    Entry,
    Failure,
    Receipt,
    Result,
    get_audit,
)

from .refusals import Refusal

log = logging.getLogger("fastapi_bank")

_T = TypeVar("_T")


async def trail() -> Audit:
    """The trail that the environment names: ``get_audit`` as a coroutine, since FastAPI sends
    plain functions through its pool of threads. A test puts its own trail in the place of it."""
    return get_audit()


class RequestAudit:
    """The trail, for one request."""

    def __init__(self, request: Request, trail: Audit) -> None:
        self.user_id: str | None = None
        self._trail = trail
        self._deadline: float = request.app.state.bank.settings.audit_deadline
        origin = request.state.origin
        self._origin: dict[str, Any] = {
            "ip_address": origin.ip_address,
            "user_agent": origin.user_agent,
            "correlation_id": origin.correlation_id,
        }

    def of_two(self) -> "RequestAudit":
        """The same for a request that goes on though neither of two records is made: each has half
        of the time."""
        half = copy(self)
        half._deadline /= 2
        return half

    async def record(self, action: str, resource_type: str, **fields: Any) -> Result[Receipt]:
        """Records, and answers how it went; a failure is also told to the operator."""
        recording = self._trail.record(action, resource_type, **self._filled(fields))
        told = f"{action} of {resource_type} {fields.get('resource_id', '')}".rstrip()
        return await self._within(recording, told)

    async def require(self, action: str, resource_type: str, **fields: Any) -> None:
        """Records, or refuses the request: it does not happen unrecorded."""
        required(await self.record(action, resource_type, **fields))

    def attempt(self, action: str, resource_type: str, **fields: Any) -> "RequestAttempt":
        """What may fail."""
        attempt = self._trail.attempt(action, resource_type, **self._filled(fields))
        told = f"{action} of {resource_type} {fields.get('resource_id', '')}".rstrip()
        return RequestAttempt(self, attempt, told)

    async def query(self, **filters: Any) -> list[Entry]:
        """The entries that match."""
        found: list[Entry] = required(await self._within(self._trail.query(**filters), "a query"))
        return found

    async def query_page(self, **filters: Any) -> dict[str, Any]:
        """One page of the entries that match."""
        asking = self._trail.query_page(**filters)
        found: dict[str, Any] = required(await self._within(asking, "a query"))
        return found

    async def _within(self, answer: Coroutine[Any, Any, Result[_T]], told: str) -> Result[_T]:
        """The answer, as far as there is one by the deadline; a record may still come."""
        try:
            result = await asyncio.wait_for(answer, self._deadline)
        except asyncio.TimeoutError:
            millis = self._deadline * 1000
            result = Failure(AuditError(f"no answer within {millis:.0f} ms", "late"))
        if isinstance(result, Failure):
            log.error("audit failed: %s: %s", told, result.error)
        return result

    def _filled(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": self.user_id, **self._origin, **fields}


class RequestAttempt:
    """An attempt, each of whose two records is waited for no longer than the deadline."""

    def __init__(self, audit: RequestAudit, attempt: Attempt, told: str) -> None:
        self._audit = audit
        self._attempt = attempt
        self._told = told

    async def begin(self) -> Result[Receipt]:
        """Records that it is tried."""
        return await self._audit._within(self._attempt.begin(), self._told)

    async def succeeded(self) -> Result[Receipt]:
        """Records that it was done."""
        return await self._audit._within(self._attempt.succeeded(), f"the end of {self._told}")

    async def failed(self, reason: str) -> Result[Receipt]:
        """Records that it was not done."""
        ended = self._attempt.failed(reason)
        return await self._audit._within(ended, f"the end of {self._told}")


def required(result: Result[Any]) -> Any:
    """The value, or a refusal."""
    if isinstance(result, Failure):
        raise Refusal(503, "it cannot be recorded now; try again later")
    return result.value


async def recording(request: Request, trail: Annotated[Audit, Depends(trail)]) -> RequestAudit:
    """The trail for the request at hand."""
    audit = RequestAudit(request, trail)
    # For refusals, which have no dependencies.
    request.state.audit = audit
    return audit


Recording = Annotated[RequestAudit, Depends(recording)]
