"""What every operation answers: a value that says how it went. Nothing is raised."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar, Union

_log = logging.getLogger("indelible")

T = TypeVar("T")


class Outcome(str, Enum):
    """How an action ended. The catalogue knows it of its actions; any other one is ``COMPLETED``."""

    ATTEMPTED = "attempted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DENIED = "denied"
    COMPLETED = "completed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class AuditError:
    """Why an operation did not do what it was asked.

    ``code`` is stable, so that programs can act on it; the guide lists the codes. ``message`` is
    for people. ``field`` names the argument that is to be mended, where one is to blame.
    """

    message: str
    code: str
    field: str | None = None

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Success(Generic[T]):
    """It was done: ``case Success(value)``."""

    value: T


@dataclass(frozen=True)
class Failure:
    """It was not done: ``case Failure(error)``."""

    error: AuditError


Result = Union[Success[T], Failure]
"""What an operation answers: ``Success[T]`` or ``Failure``."""


def _failure(
    code: str, message: str, field: str | None, operation: str, action: str | None
) -> Failure:
    """The failure; what was not recorded is logged, since callers may drop what they are told."""
    if operation == "record":
        _log.error("audit failed: %s was not recorded: %s (%s)", action or "an event", message, code)
    return Failure(AuditError(message, code, field))
