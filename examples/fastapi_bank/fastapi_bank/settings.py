"""The bank's own settings; the trail's are Indelible's."""

import os
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    host: str = "127.0.0.1"
    port: int = 8080
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose ``X-Forwarded-For`` is believed."""
    audit_deadline: float = 2.0
    """How many seconds a request waits for an answer of the trail."""

    @classmethod
    def from_environment(cls) -> "Settings":
        """The settings; a ``ValueError`` for one that is none."""
        host, _, port = (os.environ.get("BANK_LISTEN") or "127.0.0.1:8080").rpartition(":")
        blocks = (os.environ.get("BANK_TRUSTED_PROXIES") or "").split(",")
        return cls(
            host=host.strip("[]"),
            port=int(port),
            proxies=tuple(_network(block.strip()) for block in blocks if block.strip()),
            audit_deadline=int(os.environ.get("BANK_AUDIT_DEADLINE_MS") or "2000") / 1000,
        )


def _network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text)
    if network.prefixlen == 0:
        raise ValueError(f"{text} would believe everybody")
    return network
