"""Where a request comes from, and its id."""

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address

from fastapi import Request, Response

from .settings import Settings

REQUEST_ID = "X-Request-Id"
_IS_ID = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Origin:
    """What every entry of a request has."""

    ip_address: str | None
    user_agent: str | None
    correlation_id: str


def client_address(settings: Settings, peer: str | None, forwarded: list[str]) -> str | None:
    """The client's address: the first, from right to left, that no trusted proxy has. What stands
    further to the left anybody may have written."""
    address = peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",") if hop.strip()]
    while hops and _is_trusted(settings, address):
        address = hops.pop()
    return address


def _is_trusted(settings: Settings, address: str | None) -> bool:
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    return any(parsed in block for block in settings.proxies)


async def know_origin(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Gives each request its origin, and each answer the request's id."""
    given = request.headers.get(REQUEST_ID, "")
    request.state.origin = Origin(
        ip_address=client_address(
            request.app.state.bank.settings,
            request.client.host if request.client else None,
            request.headers.getlist("X-Forwarded-For"),
        ),
        user_agent=request.headers.get("User-Agent"),
        correlation_id=given if _IS_ID.fullmatch(given) else str(uuid.uuid4()),
    )
    response = await answer(request)
    response.headers[REQUEST_ID] = request.state.origin.correlation_id
    return response
