"""The trail as a request has it: every entry says where the request comes from and who acts."""

from typing import Annotated, Any

from fastapi import Depends, Request
from indelible import Attempt, Audit, Entry, Failure, Receipt, Result, get_audit

from .refusals import Refusal


class RequestAudit:
    """The trail, for one request."""

    def __init__(self, request: Request, trail: Annotated[Audit, Depends(get_audit)]) -> None:
        self.trail = trail
        self.user_id: str | None = None
        origin = request.state.origin
        self._origin: dict[str, Any] = {
            "ip_address": origin.ip_address,
            "user_agent": origin.user_agent,
            "correlation_id": origin.correlation_id,
        }
        # For refusals, which have no dependencies.
        request.state.audit = self

    async def record(self, action: str, resource_type: str, **fields: Any) -> Result[Receipt]:
        """Records, and answers how it went."""
        return await self.trail.record(action, resource_type, **self._filled(fields))

    async def require(self, action: str, resource_type: str, **fields: Any) -> None:
        """Records, or refuses the request: it does not happen unrecorded."""
        required(await self.record(action, resource_type, **fields))

    def attempt(self, action: str, resource_type: str, **fields: Any) -> Attempt:
        """What may fail."""
        return self.trail.attempt(action, resource_type, **self._filled(fields))

    async def query(self, **filters: Any) -> list[Entry]:
        """The entries that match."""
        found: list[Entry] = required(await self.trail.query(**filters))
        return found

    def _filled(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": self.user_id, **self._origin, **fields}


def required(result: Result[Any]) -> Any:
    """The value, or a refusal."""
    if isinstance(result, Failure):
        raise Refusal(503, "it cannot be recorded now; try again later")
    return result.value


Recording = Annotated[RequestAudit, Depends()]
