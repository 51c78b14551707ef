"""Customers, accounts and sessions: in memory, since they are not what is shown."""

import hashlib
import secrets
from dataclasses import dataclass, field

from .settings import Settings


def digest(password: str) -> bytes:
    """What is kept of a password. A real bank keeps a slow and salted hash, such as Argon2id."""
    return hashlib.sha256(password.encode()).digest()


_NOBODY = digest("nobody's")
"""What the passwords of users are compared with who do not exist."""


@dataclass
class Person:
    """One person."""

    name: str
    email: str
    password: bytes
    """Its digest."""
    is_administrator: bool = False
    is_suspended: bool = False


def _people() -> dict[str, Person]:
    return {
        "alice": Person("Alice Adams", "alice@bank.example", digest("correct horse")),
        "bob": Person("Bob Brown", "bob@bank.example", digest("battery staple")),
        "carol": Person(
            "Carol Clark", "carol@bank.example", digest("paper clip"), is_administrator=True
        ),
    }


def _accounts() -> dict[str, str]:
    return {"acc-1": "alice", "acc-2": "alice", "acc-3": "bob"}


@dataclass
class Bank:
    """All that the bank knows."""

    settings: Settings = field(default_factory=Settings)
    people: dict[str, Person] = field(default_factory=_people)
    """By user name."""
    accounts: dict[str, str] = field(default_factory=_accounts)
    """The owner of each."""
    sessions: dict[str, str] = field(default_factory=dict)
    """The user of each token."""

    def login_problem(self, user: str, password: str) -> str | None:
        """Why the user may not log in. The trail tells the reasons apart, the answer does not, nor
        the time that it takes."""
        person = self.people.get(user)
        kept = _NOBODY if person is None else person.password
        is_right = secrets.compare_digest(kept, digest(password))
        if person is None:
            return "unknown_user"
        if not is_right:
            return "invalid_password"
        return "suspended" if person.is_suspended else None

    def begin_session(self, user: str) -> str:
        """A new token."""
        token = secrets.token_urlsafe(24)
        self.sessions[token] = user
        return token

    def end_session(self, token: str) -> None:
        """Ends one session."""
        self.sessions.pop(token, None)

    def suspend(self, user: str) -> None:
        """Ends the user's sessions, and lets them begin none."""
        self.people[user].is_suspended = True
        self._end_sessions(user)

    def change_password(self, user: str, password: str, token: str) -> None:
        """Ends the user's sessions but for the one that changed it: whoever is in with the old
        password is out."""
        self.people[user].password = digest(password)
        self._end_sessions(user, kept=token)

    def _end_sessions(self, user: str, kept: str | None = None) -> None:
        self.sessions = {
            token: who for token, who in self.sessions.items() if who != user or token == kept
        }
