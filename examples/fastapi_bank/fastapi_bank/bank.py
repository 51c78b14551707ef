"""Customers, accounts and sessions: in memory, since they are not what is shown."""

import secrets
from dataclasses import dataclass, field

from .settings import Settings


@dataclass
class Person:
    """One person. A real bank keeps a slow hash in the place of the password."""

    name: str
    email: str
    password: str
    is_administrator: bool = False
    is_suspended: bool = False


def _people() -> dict[str, Person]:
    return {
        "alice": Person("Alice Adams", "alice@bank.example", "correct horse"),
        "bob": Person("Bob Brown", "bob@bank.example", "battery staple"),
        "carol": Person("Carol Clark", "carol@bank.example", "paper clip", is_administrator=True),
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
        """Why the user may not log in. The trail tells the reasons apart, the answer does not."""
        person = self.people.get(user)
        if person is None:
            return "unknown_user"
        if not secrets.compare_digest(person.password.encode(), password.encode()):
            return "invalid_password"
        return "suspended" if person.is_suspended else None

    def begin_session(self, user: str) -> str:
        """A new token."""
        token = secrets.token_urlsafe(24)
        self.sessions[token] = user
        return token

    def suspend(self, user: str) -> None:
        """Ends the user's sessions, and lets them begin none."""
        self.people[user].is_suspended = True
        self.sessions = {token: who for token, who in self.sessions.items() if who != user}
