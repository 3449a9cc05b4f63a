"""Method and path → the operation they lead to and the customer they name, without Flask's routing."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from partner_insights.contract.formats import GUID_PATTERN
from partner_insights.contract.paths import VERSION_ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract import Operation

TOKEN: Final = "token"  # noqa: S105 - the name of an operation
"""What the token endpoints are called where operations are named."""

DIRECTORY: Final = "directory"
"""And what the directory's other endpoints are called."""
_TOKEN_PATHS: Final = (("oauth2", "token"), ("oauth2", "v2.0", "token"))
"""Under a tenant."""
_EXCHANGES: Final = (("generatetoken",), ("v3", "generatetoken"))
_DIRECTORY_PARTS: Final = frozenset(
    {
        *(".well-known", "adminconsent", "discovery", "federationmetadata", "getcredentialtype", "kerberos"),
        *("kmsi", "login", "oauth2", "openid", "reprocess", "saml2", "userrealm", "v2.0", "wsfed"),
    }
)
"""What follows the tenant in a path of the directory."""
_TENANT: Final = re.compile(rf"common|organizations|consumers|{GUID_PATTERN}", re.IGNORECASE)
"""A tenant that nothing else in the first place of a path looks like."""

_CUSTOMER: Final = "{customer-id}"
_NOT_FAKED: Final = {
    *("accountsettings", "agreements", "agreementtemplates", "applicationconsents", "auditrecords"),
    *("batchjobstatus", "carts", "compliance", "configurationpolicies", "countryvalidationrules"),
    *("devicebatches", "devicepolicyupdates", "directoryroles"),
    *("directsignedmicrosoftcustomeragreementstatus", "domains", "enrolledprograms", "entitlements"),
    *("extensions", "invoices", "managedservices", "migrations", "offercategories", "offers"),
    *("orders", "policies", "productpromotions", "products", "productupgrades", "profiles"),
    *("promotioneligibilities", "qualifications", "ratecards", "registration"),
    *("relationshiprequests", "relationships", "roles", "selfservepolicy", "servicecosts"),
    *("serviceincidents", "servicerequests", "subscribedskus", "subscriptions", "transfers"),
    *("usagebudget", "usagerecords", "usagesummary", "users", "validations", "validationstatus"),
}
"""Resources of the real service, and of its customers, that the fake has not."""


class RouteMatch(Struct, frozen=True):
    """What a path leads to."""

    operation: str | None
    """The operation's id, `token` or `directory` for an endpoint of the directory; None where nothing is."""
    customer: str | None = None
    """The customer as the path names it, in lower case."""

    @property
    def is_directory(self) -> bool:
        """Whether it is the directory's, where clients sign in, and none of the API's."""
        return self.operation in (TOKEN, DIRECTORY)


NO_MATCH: Final = RouteMatch(None)


class PathTable:
    """The paths of all operations; doubled and trailing slashes are no difference."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = {each.id: each for each in operations}
        patterns = {
            _parts(path): each.id for each in self.operations.values() for path in (each.path, *each.aliases)
        }
        self._plain = {parts: name for parts, name in patterns.items() if not any(map(_stands, parts))}
        others = [(parts, name) for parts, name in patterns.items() if parts not in self._plain]
        # Where two fit, the one whose own words come first, as in the application's routing.
        self._others = sorted(others, key=lambda each: tuple(map(_stands, each[0])))

    def find(self, path: str) -> RouteMatch:
        """What the path leads to, whatever the method."""
        parts = _parts(path)
        found = self._plain.get(parts)
        if found is not None:
            return RouteMatch(found)
        for pattern, name in self._others:
            if len(pattern) == len(parts) and all(map(_fits, pattern, parts)):
                customer = _customer(pattern, parts)
                return NO_MATCH if customer in _NOT_FAKED else RouteMatch(name, customer)
        if parts[1:] in _TOKEN_PATHS or parts in _EXCHANGES:
            return RouteMatch(TOKEN)
        if _is_directory(parts):
            return RouteMatch(DIRECTORY)
        return NO_MATCH

    def closest(self, path: str) -> tuple[Operation, str]:
        """The operation a path that leads nowhere comes closest to, and in words what tells them apart."""
        parts = _parts(path)
        ours = {each.id: _parts(each.path) for each in self.operations.values()}
        scores = {name: _likeness(theirs, parts) for name, theirs in ours.items()}
        best = max(scores, key=lambda name: scores[name])
        return self.operations[best], _difference(ours[best], parts)


def is_not_faked(name: str) -> bool:
    """Whether the real service has a resource of this name where the fake has none."""
    return name.lower() in _NOT_FAKED


def not_faked(path: str) -> str | None:
    """The resource in a path that leads nowhere which the real service has."""
    return next(filter(is_not_faked, _parts(path)[1:]), None)


def plain_path(path: str) -> str:
    """The path as operations write it: without doubled and trailing slashes, under the usual version."""
    return "/" + "/".join(_parts(path))


def is_directory_path(path: str) -> bool:
    """Whether a path is one of the directory's, be there an endpoint or not."""
    return _is_directory(_parts(path))


def _is_directory(parts: tuple[str, ...]) -> bool:
    return len(parts) > 1 and (
        parts[1].lower() in _DIRECTORY_PARTS or _TENANT.fullmatch(parts[0]) is not None
    )


def _parts(path: str) -> tuple[str, ...]:
    return tuple(VERSION_ALIASES.get(part, part) for part in path.split("/") if part)


def _stands(part: str) -> bool:
    """Whether the part of a pattern stands for any text, be it in parentheses: `orders({order-id})`."""
    return "{" in part


def _fits(pattern: str, part: str) -> bool:
    if not _stands(pattern):
        return pattern == part
    start, _, rest = pattern.partition("{")
    end = rest.rpartition("}")[2]
    return len(part) > len(start) + len(end) and part.startswith(start) and part.endswith(end)


def _customer(pattern: tuple[str, ...], parts: tuple[str, ...]) -> str | None:
    return parts[pattern.index(_CUSTOMER)].lower() if _CUSTOMER in pattern else None


def _likeness(pattern: tuple[str, ...], parts: tuple[str, ...]) -> float:
    alike = difflib.SequenceMatcher(a="/".join(pattern).lower(), b="/".join(parts).lower()[:200]).ratio()
    same = sum(map(_fits, pattern, parts))
    return alike + same / max(len(pattern), len(parts))


def _difference(pattern: tuple[str, ...], parts: tuple[str, ...]) -> str:
    for place, (ours, theirs) in enumerate(zip(pattern, parts, strict=False), start=1):
        if not _fits(ours, theirs):
            hint = " (paths are in lower case)" if ours == theirs.lower() else ""
            return f"part {place} of the path is {theirs[:80]!r}, not {ours!r}{hint}"
    if len(parts) > len(pattern):
        return f"the path goes on after {pattern[-1]!r}: {'/'.join(parts[len(pattern) :])[:80]!r}"
    return f"the path ends too early: {'/'.join(pattern[len(parts) :])!r} is missing"
