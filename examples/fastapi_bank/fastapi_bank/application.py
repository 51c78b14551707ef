"""The bank's routes. Every refusal is on record; every request knows its address, its user agent
and its id."""

from fastapi import FastAPI

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


def application(bank: Bank) -> FastAPI:
    """The application of this bank. It closes no trail: the one that ``get_audit`` answers is the
    process's, which ends once, while an application may start and end many times in it."""
    # Nothing is there but what the contract names, and under no other spelling.
    app = FastAPI(title="bank", openapi_url=None, redirect_slashes=False)
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
