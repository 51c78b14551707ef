"""The bank's routes. Every refusal is on record; every request knows its address, its user agent
and its id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from indelible import get_audit

from . import (
    activity,
    administration,
    customers,
    deletion,
    jobs,
    login,
    passwords,
    providers,
    refusals,
)
from .bank import Bank
from .origin import know_origin


@asynccontextmanager
async def _close_trail(_: FastAPI) -> AsyncIterator[None]:
    yield
    await get_audit().close()


def application(bank: Bank) -> FastAPI:
    """The application of this bank."""
    app = FastAPI(title="bank", lifespan=_close_trail)
    app.state.bank = bank
    app.middleware("http")(know_origin)
    refusals.install(app)
    for part in (
        login,
        customers,
        providers,
        administration,
        jobs,
        activity,
        passwords,
        deletion,
    ):
        app.include_router(part.router)
    return app
