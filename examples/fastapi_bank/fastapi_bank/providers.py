"""Situation 3: a provider connection, success and failure (PCI DSS). Situation 8: the events of
providers, page by page."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from indelible import AuditAction
from pydantic import BaseModel

from .body import body
from .caller import Administrator, Caller
from .recording import Recording, required
from .refusals import Refusal

router = APIRouter()


class Connection(BaseModel):
    """What a connection is made with."""

    access_token: str


@router.post("/providers/{provider}/connection", status_code=201)
async def connect(
    _: Caller,
    audit: Recording,
    provider: str,
    given: Annotated[Connection, Depends(body(Connection))],
) -> dict[str, str]:
    """Connects, and says how it ended under the attempt's own correlation id."""
    if "\N{REPLACEMENT CHARACTER}" in provider:
        # What the framework makes of bytes that are no text.
        raise Refusal(404, "there is nothing here")
    attempt = audit.attempt(
        AuditAction.PROVIDER_CONNECTION_ATTEMPTED,
        "provider",
        resource_id=provider,
        context={
            "provider_name": provider,
            "connection_method": "token",
            # Masked before it is stored, hashed or logged.
            "access_token": given.access_token,
        },
    )
    required(await attempt.begin())
    if not accepts(provider, given.access_token):
        required(await attempt.failed("connection_refused"))
        raise Refusal(502, "the provider refused the connection")
    required(await attempt.succeeded())
    return {"provider": provider}


def accepts(provider: str, _access_token: str) -> bool:
    """The provider at the other end."""
    return provider != "closed-bank"


PAGE_MAX = 1_000_000
"""Pages by number pass over what stands before them."""


@router.get("/providers/events")
async def events(
    _: Administrator,
    audit: Recording,
    page: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """The newest first."""
    found = await audit.query_page(
        resource_type="provider", limit=page_size, offset=(page - 1) * page_size
    )
    return {
        "entries": found["entries"],
        "page": page,
        "page_size": page_size,
        "has_more": found["has_more"],
    }
