"""A file, or the admin API → who may sign in: tenants, users and applications.

Without either, everybody may: any tenant, user, password, application and secret is taken.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from partner_insights.documents import read_document
from partner_insights.errors import InputError
from partner_insights.server.auth.certificates import public_key_of
from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.tokens import tenant_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANY_TENANT: Final = frozenset({"common", "organizations", "consumers"})
"""What stands in a path for the tenant of whoever signs in."""
MAX_ENTRIES: Final = 10_000
MAX_PARTNERS: Final = 1000
_DEFAULT_DOMAIN: Final = "partner.example"
_DEFAULT_NAME: Final = "partner.admin"
_DEFAULT_ROLE: Final = "AdminAgents"


@dataclass(frozen=True)
class Tenant:
    """One partner's directory."""

    name: str
    """A domain."""
    id: str = ""
    """A GUID; made from the name where it is not given."""

    def __post_init__(self) -> None:
        """InputError where the id is none."""
        if self.id and tenant_id(self.id) != self.id.lower():
            raise InputError(f"the id of tenant {self.name} is no GUID: {self.id}")
        object.__setattr__(self, "id", tenant_id(self.id or self.name))

    def is_called(self, name: str) -> bool:
        """Whether that is its name or its id, in any case of letters."""
        return name.lower() in (self.name.lower(), self.id)


@dataclass(frozen=True)
class User:
    """Who signs in."""

    name: str
    """The user principal name."""
    password: str | None = field(default=None, repr=False)
    """None: any."""
    mfa: bool = True
    """Whether signing in takes a second factor, so that tokens carry `amr: mfa`."""
    roles: tuple[str, ...] = (_DEFAULT_ROLE,)
    """Roles in Partner Center; a user without any is refused what needs one."""
    tenant: str | None = None
    """The tenant's name or id; None: that of the name's domain."""

    @property
    def domain(self) -> str:
        """The tenant's name or id."""
        return self.tenant or self.name.rpartition("@")[2]


@dataclass(frozen=True)
class App:
    """What asks for tokens."""

    id: str
    secret: str | None = field(default=None, repr=False)
    """None: any, where one is wanted."""
    certificate: str | None = None
    """PEM; where there is none, a client assertion of any certificate is taken."""
    redirectUris: tuple[str, ...] = ()
    """Besides loopback addresses, which need no registration."""

    def __post_init__(self) -> None:
        """InputError where the certificate is none."""
        if self.certificate is not None:
            try:
                public_key_of(self.certificate.encode())
            except ValueError as error:
                raise InputError(
                    f"the certificate of application {self.id} is none of an RSA key", remedy="give PEM"
                ) from error


Entry: TypeAlias = Tenant | User | App
KINDS: Final[Mapping[str, type[Any]]] = {"tenants": Tenant, "users": User, "apps": App}
KEYS: Final = {kind: fields(each)[0].name for kind, each in KINDS.items()}
"""What each is known by."""


def is_readable(name: str) -> bool:
    """Whether anybody can be called so: no control characters, and not blanks alone."""
    return name.isprintable() and bool(name.strip())


class Identity(Struct, frozen=True):
    """Everybody the directory knows; a value, replaced as a whole."""

    tenants: tuple[Tenant, ...] = ()
    """The partners, in order; empty: every tenant is one and the same partner."""
    users: tuple[User, ...] = ()
    apps: tuple[App, ...] = ()
    others: bool = True
    """Whether users and applications that are not listed are taken, too."""

    def tenant(self, name: str, user: str | None = None) -> Tenant:
        """The tenant a path names, or that of the user; DirectoryError where there is none."""
        if name.lower() in ANY_TENANT:
            return self._tenant_of(user)
        if not self.tenants:
            return Tenant(name)
        for tenant in self.tenants:
            if tenant.is_called(name):
                return tenant
        raise DirectoryError("tenant", name)

    def is_one_partner(self, name: str, other: str) -> bool:
        """Whether both names may be one tenant's; DirectoryError where there is none of the first name."""
        if not self.tenants or {name.lower(), other.lower()} & ANY_TENANT:
            return True
        return self.tenant(name).is_called(other)

    @property
    def home(self) -> Tenant:
        """The first partner."""
        return self.tenants[0] if self.tenants else Tenant(_DEFAULT_DOMAIN)

    def partner(self, tenant_id: str) -> int | None:
        """Which partner the tenant of a token is; None: none of them."""
        if not self.tenants:
            return 0
        return next((index for index, each in enumerate(self.tenants) if each.id == tenant_id), None)

    def user(self, name: str, tenant: Tenant | None = None) -> User:
        """The user of that name; DirectoryError where the directory, or the tenant, does not know them."""
        listed = self._listed(name)
        if listed is None and not (self.others and is_readable(name)):
            raise DirectoryError("user", name)
        user = listed or User(name)
        at_home = not self.tenants or tenant is None or tenant.is_called(user.domain)
        if not at_home and (listed or any(each.is_called(user.domain) for each in self.tenants)):
            raise DirectoryError("foreign-user", name)
        return user

    def default_user(self, tenant: str) -> User:
        """Who signs in at a tenant where nobody is named."""
        at = self.tenant(tenant)
        listed = (each for each in self.users if not self.tenants or at.is_called(each.domain))
        first = next(listed, None)
        if first is None and not self.others:
            raise DirectoryError("user", _DEFAULT_NAME)
        domain = at.name if self.tenants else _DEFAULT_DOMAIN
        return first or User(f"{_DEFAULT_NAME}@{domain}")

    def app(self, client_id: str) -> App:
        """The application of that id; DirectoryError where the directory does not know it."""
        known = next((each for each in self.apps if each.id.lower() == client_id.lower()), None)
        if known is None and not self.others:
            raise DirectoryError("app", client_id)
        return known or App(client_id)

    def roles(self, user: str | None) -> tuple[str, ...]:
        """The roles of a user of Partner Center, as they are now."""
        known = None if user is None else self._listed(user)
        return (_DEFAULT_ROLE,) if known is None else known.roles

    def with_entry(self, kind: str, entry: Entry) -> Identity:
        """With one more tenant, user or application, or another in its place."""
        before = [each for each in getattr(self, kind) if _key(each) != _key(entry)]
        lists: dict[str, Any] = {kind: (*before, entry)}
        return replace(self, **lists)

    def without(self, kind: str, key: str) -> Identity:
        """Without the one of that name or id; KeyError where there is none."""
        lists: dict[str, Any] = {kind: tuple(e for e in getattr(self, kind) if _key(e) != key.lower())}
        if len(lists[kind]) == len(getattr(self, kind)):
            raise KeyError(key)
        return replace(self, **lists)

    def content(self) -> dict[str, Any]:
        """To read: all but passwords and secrets."""
        told: dict[str, Any] = {kind: [_shown(entry) for entry in getattr(self, kind)] for kind in KINDS}
        return told | {"others": self.others}

    def _tenant_of(self, user: str | None) -> Tenant:
        known = None if user is None else self._listed(user)
        domain = known.domain if known else (user or "").rpartition("@")[2]
        listed = (each for each in self.tenants if each.is_called(domain))
        unlisted = self.home if self.tenants or not domain else Tenant(domain)
        return next(listed, unlisted)

    def _listed(self, name: str) -> User | None:
        return next((each for each in self.users if each.name.lower() == name.lower()), None)


def with_partners(identity: Identity, count: int) -> Identity:
    """As many partners as wanted: `partner1.example`, `partner2.example`, …"""
    return replace(identity, tenants=tuple(Tenant(f"partner{n}.example") for n in range(1, count + 1)))


def partner_seed(seed: int, partner: int) -> int:
    """The seed of a partner's world: the first one's is the fake's own."""
    if partner == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{partner}".encode()).digest()[:7])


def read_identity(path: Path) -> Identity:
    """The identity of a TOML or JSON file; InputError where it cannot be used."""
    try:
        content = read_document(path)
    except (OSError, ValueError) as error:
        raise InputError(f"not readable as TOML or JSON: {error}", where=str(path)) from error
    try:
        return identity_of({"others": False, **content} if isinstance(content, dict) else content)
    except InputError as error:
        raise InputError(error.what, where=str(path), remedy=error.remedy) from error


def identity_of(content: Any) -> Identity:
    """The identity a document describes: `tenants`, `users`, `apps`, and whether there are `others`."""
    known = [*KINDS, "others"]
    if not isinstance(content, dict) or not content.keys() <= set(known):
        raise InputError("an identity has no such entry", remedy=f"give {', '.join(known)} and nothing else")
    others = content.get("others", True)
    if not isinstance(others, bool):
        raise InputError(
            "'others' is true or false", remedy="say whether others than those listed may sign in"
        )
    lists: dict[str, Any] = {kind: _entries(kind, content.get(kind, [])) for kind in KINDS}
    return Identity(**lists, others=others)


def _entries(kind: str, content: Any) -> tuple[Entry, ...]:
    if not isinstance(content, list) or len(content) > MAX_ENTRIES:
        raise InputError(f"{kind!r} is a list of at most {MAX_ENTRIES}")
    entries = tuple(entry_of(kind, each) for each in content)
    keys = [_key(each) for each in entries]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if twice is not None:
        raise InputError(f"{kind!r} has {twice} twice")
    return entries


def entry_of(kind: str, content: Any) -> Entry:
    """One tenant, user or application; InputError where it is none."""
    made = KINDS[kind]
    names = {each.name: each for each in fields(made)}
    key = KEYS[kind]
    if not isinstance(content, dict) or not isinstance(content.get(key), str) or not content[key].strip():
        raise InputError(f"each of {kind!r} has a {key!r}", remedy=f"give it as text: {{{key!r}: …}}")
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name not in names:
            raise InputError(f"{kind!r}: {name!r} is unknown", remedy=f"use {', '.join(names)}")
        values[name] = _checked(f"{kind}: {content[key]}: {name}", value, names[name].type)
    entry: Entry = made(**values)
    return entry


_FORMS: Final[Mapping[str, tuple[str, Any]]] = {
    "str": ("text", lambda value: isinstance(value, str)),
    "str | None": ("text", lambda value: value is None or isinstance(value, str)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "tuple[str, ...]": (
        "a list of texts",
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    ),
}
"""Type of a field → how it is called, and whether a value is one."""


def _checked(where: str, value: Any, kind: Any) -> Any:
    words, fits = _FORMS[kind]
    if not fits(value):
        raise InputError(f"{where} is {words}")
    return tuple(value) if isinstance(value, list) else value


def _key(entry: Entry) -> str:
    return str(getattr(entry, fields(entry)[0].name)).lower()


def _shown(entry: Entry) -> dict[str, Any]:
    secret = {"password", "secret"}
    told = {each.name: getattr(entry, each.name) for each in fields(entry)}
    return {name: value is not None if name in secret else value for name, value in told.items()}
