"""Where a request comes from, and its id."""

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request, Response

from .addresses import client_address

REQUEST_ID = "X-Request-Id"
_IS_ID = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Origin:
    """What every entry of a request has."""

    ip_address: str | None
    user_agent: str | None
    correlation_id: str


async def know_origin(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Gives each request its origin, and each answer the request's id."""
    given = request.headers.getlist(REQUEST_ID)
    is_one = len(given) == 1 and _IS_ID.fullmatch(given[0])
    request.state.origin = Origin(
        ip_address=client_address(
            request.app.state.bank.settings.proxies,
            request.client.host if request.client else None,
            _texts(request, "X-Forwarded-For"),
        ),
        user_agent=", ".join(_texts(request, "User-Agent")) or None,
        correlation_id=given[0] if is_one else str(uuid.uuid4()),
    )
    response = await answer(request)
    response.headers[REQUEST_ID] = request.state.origin.correlation_id
    return response


def _texts(request: Request, name: str) -> list[str]:
    """The values of a header: UTF-8 where they are that, else each byte a character."""
    return [_text(value) for value in request.headers.getlist(name)]


def _text(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
