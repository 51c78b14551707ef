"""Where a request comes from, behind which proxies. The rules are those of ``indelible-axum``, and
one table of cases holds both to them."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_BRACKETED = re.compile(r"\[([^\]]*)\](?::(.*))?", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}|_[A-Za-z0-9._-]+")


def client_address(
    proxies: Iterable[Network], peer: str | None, forwarded: Iterable[str]
) -> str | None:
    """The client's address: the first, from right to left, that no trusted proxy has. What stands
    further to the left anybody may have written. An address is written in its shortest form,
    without port and brackets; what is none is kept as it was given, and ends the search."""
    blocks = tuple(proxies)
    hops = [hop.strip(" \t") for line in forwarded for hop in line.split(",")]
    hops = [hop for hop in hops if hop]
    client = peer
    # The zone of a link-local peer is this machine's own business.
    address = _address((peer or "").partition("%")[0])
    while hops and address is not None and any(address in block for block in blocks):
        client = hops.pop()
        address = _address(client)
    return client if address is None else str(address)


def _address(hop: str) -> IPv4Address | IPv6Address | None:
    """The address that a hop names, with or without a port; IPv6 with or without brackets. IPv4
    that is mapped into IPv6 is IPv4."""
    if bracketed := _BRACKETED.fullmatch(hop):
        inside, port = bracketed.groups()
        is_whole = port is None or _PORT.fullmatch(port) is not None
        address = _plain(inside) if is_whole and ":" in inside else None
    else:
        address = _plain(hop)
        host, _, port = hop.rpartition(":")
        if address is None and "." in host and ":" not in host and _PORT.fullmatch(port):
            address = _plain(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _plain(text: str) -> IPv4Address | IPv6Address | None:
    try:
        # An address with a zone is good on one machine only.
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None
