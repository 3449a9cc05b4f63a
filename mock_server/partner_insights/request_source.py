"""Host, Origin and Sec-Fetch-Site of a request → whether a web page made it that is not the server's own.

A page reaches a server on this machine in two ways: under a name of its own that suddenly means this machine
(DNS rebinding), and by requests across sites. Browsers tell of both in headers that no page can change;
other clients name the server they mean, and send no others.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_HOST: Final = re.compile(
    r"(?:\[([0-9a-f:.]+)\]|([\w.~!$&'()*+;=%-]+?)\.?)(?::[0-9]*)?", re.IGNORECASE | re.ASCII
)


def host_name(field: str) -> str | None:
    """The name or address in a Host field, in lower case and without its port; None for any other text.

    A comma, which RFC 3986 allows in a name, stands between the values of two fields.
    """
    match = _HOST.fullmatch(field)
    return None if match is None else (match[1] or match[2]).lower()


def means_this_machine(name: str) -> bool:
    """Whether a name or address is loopback's, for every browser alike.

    Browsers reach this machine by `0.0.0.0` and `::ffff:127.0.0.1`, too, and send no Sec-Fetch-Site there.
    """
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def is_cross_site(host: str | None, origin: str | None, site: str | None) -> bool:
    """Whether a browser says that a page of another origin made the request."""
    if site is not None:
        return site not in ("same-origin", "none")
    if origin is None:
        return False
    return not host or origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")
