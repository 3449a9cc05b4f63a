"""Host and port as given → an address that is ours to serve at, and its URL."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


class ListenAddress(Struct, frozen=True):
    """Where a fake listens."""

    address: str
    """An IP address."""
    port: int
    scheme: str
    socket: socket.socket
    """Bound to it, and nobody else can be."""

    @classmethod
    @contextmanager
    def claim(cls, host: str, port: int, scheme: str = "http") -> Iterator[ListenAddress]:
        """Hold the address as long as the context lasts; InputError where it is not to be had."""
        family, address = _resolve(host)
        with _bound(family, address, port, host) as bound:
            yield cls(address, bound.getsockname()[1], scheme, bound)

    @property
    def reachable(self) -> str:
        """An address of this machine to call it at: one cannot connect to "any address"."""
        ip = ipaddress.ip_address(self.address)
        if not ip.is_unspecified:
            return self.address
        return "127.0.0.1" if ip.version == 4 else "::1"

    @property
    def url(self) -> str:
        """The base URL for a caller on this machine."""
        host = f"[{self.reachable}]" if ":" in self.reachable else self.reachable
        return f"{self.scheme}://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a host as given is reached by this machine only; InputError where it is none."""
    return ipaddress.ip_address(_resolve(host)[1]).is_loopback


def own_names(host: str) -> tuple[str, ...]:
    """What a host as given is called in Host fields: name and address; none where it is all addresses."""
    address = _resolve(host)[1]
    return () if ipaddress.ip_address(address).is_unspecified else (host.lower(), address)


def _resolve(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"{host!r} is neither an address nor a name of this machine",
            where="--host",
            remedy="use 127.0.0.1, or 0.0.0.0 to be reached from other machines",
        ) from error
    # IPv4 first: `localhost` means 127.0.0.1 to most clients.
    family, _, _, _, address = sorted(found, key=lambda each: each[0] != socket.AF_INET)[0]
    return family, str(address[0])


def _bound(family: socket.AddressFamily, address: str, port: int, host: str) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # A port can be taken again at once after a stop, and is not shared with who listens at it.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen()  # two that are bound and do not listen could share it
    except OSError as error:
        bound.close()
        raise _unavailable(host, port, error) from error
    return bound


def _unavailable(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(
            f"port {port} of {host} is in use",
            where="--port",
            remedy="stop what uses it, or give another; 0 takes a free one",
        )
    if error.errno == errno.EACCES:
        return InputError(
            f"port {port} is not open to this user", where="--port", remedy="give one above 1023"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return InputError(f"{host} is no address of this machine", where="--host", remedy="use 127.0.0.1")
    return InputError(f"cannot listen at {host}, port {port}: {error.strerror}", where="--host/--port")
