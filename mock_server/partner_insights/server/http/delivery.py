"""A response as what happens on the wire, step by step: described once, carried out by each transport."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse

Headers: TypeAlias = list[tuple[str, str]]


class Wait(Struct, frozen=True):
    """Nothing happens for a while."""

    seconds: float


class Head(Struct, frozen=True):
    """Status and headers go out."""

    status: int
    headers: Headers


class Send(Struct, frozen=True):
    """A piece of the body goes out."""

    body: bytes


class Cut(Struct, frozen=True):
    """The connection ends here, whatever was announced."""

    reset: bool = False
    """By a TCP reset, where that can be had."""


Step: TypeAlias = Wait | Head | Send | Cut


class Delivery(Struct, frozen=True):
    """The steps of one response, and what is to be called when it begins: with its head, or its cut."""

    steps: tuple[Step, ...]
    begins: Callable[[], None] = lambda: None


def deliver(delivery: Delivery, start_response: StartResponse) -> Iterable[bytes]:
    """Carry it out as a WSGI application does, for a transport within the process.

    Where the connection is to end without a response, or by a reset, ConnectionError says so: there is none.
    """
    steps = iter(delivery.steps)
    for step in steps:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            continue
        delivery.begins()
        if not isinstance(step, Head):
            raise ConnectionAbortedError("the fault closes the connection without a response")
        start_response(status_line(step.status), list(step.headers))
        break
    return _body(steps)


def _body(steps: Iterator[Step]) -> Iterator[bytes]:
    for step in steps:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
        elif isinstance(step, Send):
            yield step.body
        elif isinstance(step, Cut) and step.reset:
            raise ConnectionResetError("the fault resets the connection")


def field_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header fields as they go over the wire; a line break in a value becomes a blank."""
    return b"".join([_field_line(name, value) for name, value in headers])


def _field_line(name: str, value: str) -> bytes:
    if "\n" in value or "\r" in value:
        value = " ".join(value.split())
    return f"{name}: {value}\r\n".encode("latin-1", "replace")


def status_line(status: int) -> str:
    """The status with its reason, as WSGI wants it."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
