"""The trail that the environment names."""

from __future__ import annotations

from . import _native
from .audit import Audit

_known: dict[str, Audit] = {}


def get_audit() -> Audit:
    """The trail ``default`` of the database that ``INDELIBLE_DATABASE_URL`` names, else
    ``DATABASE_URL``, else ``sqlite:indelible.db``. There is one object for each URL, so that this
    is a dependency of FastAPI as it is::

        @app.post("/login")
        async def login(audit: Annotated[AuditProtocol, Depends(get_audit)]): ...
    """
    url = _native.database_url()
    return _known.setdefault(url, Audit(url)) if url not in _known else _known[url]
