"""An audit trail that can prove itself: records who did what to which resource, keeps it so that
nobody can change it unnoticed, and proves it to anybody.

::

    from indelible import AuditAction, Failure, Success, get_audit

    audit = get_audit()
    match await audit.record(AuditAction.USER_LOGIN_FAILED, "session", user_id="u-17"):
        case Success(receipt):
            print(receipt["seq"])
        case Failure(error):
            print(error.code, error.message)

Nothing is raised: every operation answers a ``Success`` or a ``Failure``.
"""

import atexit as _atexit
import os as _os

from . import _native
from ._native import __version__
from .actions import AuditAction
from .attempts import Attempt, SyncAttempt
from .audit import Audit, Delivery, HttpAudit, PostgresAuditAdapter, SqliteAuditAdapter
from .blocking import SyncAudit
from .environment import get_audit
from .memory import MemoryAuditAdapter
from .protocol import Address, AuditProtocol, Context, Entry, Receipt, Text
from .results import AuditError, Failure, Outcome, Result, Success

__all__ = [
    "Address",
    "Attempt",
    "Audit",
    "AuditAction",
    "AuditError",
    "AuditProtocol",
    "Context",
    "Delivery",
    "Entry",
    "Failure",
    "HttpAudit",
    "MemoryAuditAdapter",
    "Outcome",
    "PostgresAuditAdapter",
    "Receipt",
    "Result",
    "SqliteAuditAdapter",
    "Success",
    "SyncAttempt",
    "SyncAudit",
    "Text",
    "__version__",
    "get_audit",
]

# SQLite may not be open across a fork, and no thread of the parent lives on in its child.
_os.register_at_fork(
    before=_native.before_fork,
    after_in_parent=_native.after_fork_in_parent,
    after_in_child=_native.after_fork_in_child,
)
# Trails that nobody closed end in an orderly way all the same.
_atexit.register(_native.close_all)
