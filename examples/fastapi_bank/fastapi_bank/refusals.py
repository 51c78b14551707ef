"""What the bank answers when it does not do what it was asked for. Refusals are on record."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from indelible import AuditAction
from starlette.exceptions import HTTPException

_REASONS = {401: "unauthenticated", 403: "forbidden"}

_PARAMETERS = ("account", "provider", "user")
"""What of a path may be on record. Another part of it may be a secret: the token of a link that
resets a password, for example."""


class Refusal(Exception):
    """A status and words for the client."""

    def __init__(self, status: int, words: str, *, is_recorded: bool = False) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.is_recorded = is_recorded


async def refuse(request: Request, refusal: Refusal) -> JSONResponse:
    """Records that access was denied, unless it is on record by a name of its own."""
    audit = getattr(request.state, "audit", None)
    if refusal.status in _REASONS and not refusal.is_recorded and audit is not None:
        route = request.scope["route"].path
        context: dict[str, Any] = {
            "resource": route,
            "action": request.method,
            "reason": _REASONS[refusal.status],
            "status": refusal.status,
        }
        parameters = request.path_params
        named = {name: parameters[name] for name in _PARAMETERS if name in parameters}
        if named:
            context["parameters"] = named
        # Waited for until the deadline, and logged where it fails: the refusal stands either way.
        await audit.record(
            AuditAction.ACCESS_DENIED, "http_route", resource_id=route, context=context
        )
    return JSONResponse({"error": refusal.words}, refusal.status)


async def refuse_ill_formed(_: Request, error: RequestValidationError) -> JSONResponse:
    """The text of the problem may quote what was sent; its place not."""
    place = ".".join(str(step) for step in error.errors()[0]["loc"])
    return JSONResponse({"error": f"{place} is not what is expected here"}, 422)


async def refuse_other(_: Request, error: HTTPException) -> JSONResponse:
    """What the framework refuses."""
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)


def install(application: FastAPI) -> None:
    """Has the application refuse in the bank's own words."""
    application.add_exception_handler(Refusal, refuse)  # type: ignore[arg-type]
    application.add_exception_handler(RequestValidationError, refuse_ill_formed)  # type: ignore[arg-type]
    application.add_exception_handler(HTTPException, refuse_other)  # type: ignore[arg-type]
