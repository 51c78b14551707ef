"""The trail that the environment names."""

from __future__ import annotations

from . import _native
from .audit import Audit

_known: dict[tuple[str, bool], Audit] = {}


class _Environment(Audit):
    """A trail whose URL may be meant for the application itself."""

    def __init__(self, url: str, is_shared: bool) -> None:
        self._trail = _native.Trail(
            url, None, "trails" if is_shared else None, None, None, None, None, None
        )


def get_audit() -> Audit:
    """The trail ``default`` of the database that ``INDELIBLE_DATABASE_URL`` names, else
    ``DATABASE_URL``, else ``sqlite:indelible.db``. There is one object for each URL, so that this
    is a dependency of FastAPI as it is::

        @app.post("/login")
        async def login(audit: Annotated[AuditProtocol, Depends(get_audit)]): ...

    One that was closed is followed by a new one. A SQLite file that ``DATABASE_URL`` names is
    opened only where it holds a trail already: it is taken for the application's own otherwise.
    """
    named = _native.database_url()
    known = _known.get(named)
    if known is None or known._trail.is_closed:
        known = _known[named] = _Environment(*named)
    return known
