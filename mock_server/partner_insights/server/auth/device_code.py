"""A request for a device code → a code to type on another device, and whether its user has signed in."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.tokens import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.server.auth.directory import Directory, Numbers
    from partner_insights.server.auth.identity import User

LIFETIME: Final = 900
INTERVAL: Final = 1
"""Seconds between two polls; the directory says 5, which tests would have to wait for."""
_TOLERANCE: Final = 0.05
_MAX: Final = 1000
"""Codes remembered; older ones are forgotten."""
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH: Final = 9


class _Device(Struct):
    """What became of one code."""

    tenant: str
    """Where it was asked for, as in the path."""
    user: User | None = None
    """Who has signed in."""
    declined: bool = False


class DeviceCodes(Struct):
    """The device codes of one run: each holds its request itself, so here is only what became of it."""

    directory: Directory
    signs_in_alone: bool
    """Whether a user signs in without being asked, between the first poll and the second."""
    _devices: OrderedDict[str, _Device] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, tenant: str, client_id: str, scope: str, audience: str | None) -> str:
        """A device code for the request."""
        subject = Subject(tenant, client_id)
        device_code = self.directory.seal("device", subject, LIFETIME, scope=scope, audience=audience)
        with self._lock:
            self._devices[user_code(device_code)] = _Device(tenant)
            if len(self._devices) > _MAX:
                self._devices.popitem(last=False)
        return device_code

    def decide(self, code: str, user: User | None) -> bool:
        """The user has signed in, or (None) declined; whether the user code was waiting for that.

        DirectoryError where the user is of another partner than the one the code was asked for at.
        """
        with self._lock:
            device = self._devices.get(code.strip().upper())
            if device is None or device.user is not None or device.declined:
                return False
            if user is not None:
                identity = self.directory.identity
                identity.user(user.name, identity.tenant(device.tenant, user.name))
            device.user, device.declined = user, user is None
            return True

    def redeem(self, device_code: str, client_id: str, tenant: str) -> tuple[Subject, Mapping[str, Any]]:
        """Who signed in; DirectoryError while nobody has. `tenant`: as the request's path has it."""
        directory = self.directory
        try:
            asked, content = directory.unseal("device", device_code, "device_code")
        except DirectoryError as error:
            raise DirectoryError("device-expired" if error.name == "expired" else "device-unknown") from error
        if asked.client_id != client_id or not directory.identity.is_one_partner(tenant, asked.tenant):
            raise DirectoryError("device-unknown")
        if directory.days_since(content) > 0:
            raise DirectoryError("device-expired")
        again = self._is_polled_again(content["jti"])
        with self._lock:
            device = self._devices.setdefault(user_code(device_code), _Device(asked.tenant))
            user = self._signed_in(device, asked, again)
        if not directory.grants.first_time(content["jti"]):
            raise DirectoryError("device-unknown")
        return directory.subject(directory.identity.tenant(asked.tenant, user.name), client_id, user), content

    def _is_polled_again(self, sealed_id: str) -> bool:
        """Whether it was asked about before, by a clock of all workers; DirectoryError if just now."""
        now = time.monotonic()

        def is_early(before: Numbers | None) -> bool:
            return before is not None and now < sum(before) - _TOLERANCE

        def polled(before: Numbers | None) -> Numbers:
            interval = before[1] if before is not None else INTERVAL
            return now, interval + INTERVAL * is_early(before)

        before = self.directory.grants.update(f"polled {sealed_id}", polled)
        if is_early(before):
            raise DirectoryError("slow-down")
        return before is not None

    def _signed_in(self, device: _Device, asked: Subject, again: bool) -> User:
        if device.declined:
            raise DirectoryError("device-declined")
        if device.user is None and self.signs_in_alone and again:
            device.user = self.directory.identity.default_user(asked.tenant)
        if device.user is None:
            raise DirectoryError("pending")
        return device.user

    def clear(self) -> None:
        """Forget what became of all of them."""
        with self._lock:
            self._devices.clear()


def user_code(device_code: str) -> str:
    """What a person types for the device code."""
    number = int.from_bytes(hashlib.sha256(device_code.encode()).digest()[:8])
    letters = ""
    for _ in range(_LENGTH):
        number, at = divmod(number, len(_LETTERS))
        letters += _LETTERS[at]
    return letters
