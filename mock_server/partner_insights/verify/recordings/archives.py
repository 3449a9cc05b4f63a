"""A browser's archive (HAR) → the recorded answers in it that are of our operations.

An archive is full of other people's traffic and of entries that a browser left unfinished. So the URL decides
first whether an entry is ours, and nothing else is read of one that is not.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import orjson

from partner_insights.errors import InputError
from partner_insights.http_reader import MAX_BODY
from partner_insights.verify.judge.exchange import Exchange, Headers, Request, Response, find_header
from partner_insights.verify.recordings.entry import RecordedResponse, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue, Operation

_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]*=*\s*")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WINDOWS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""What zlib is told to expect: a deflated body comes with zlib's header, or, from some servers, without."""


class _Url(NamedTuple):
    text: str
    parts: SplitResult
    operation: Operation
    customer: str | None


def archive_entries(
    name: str, content: bytes, catalogue: Catalogue
) -> Iterator[RecordedResponse | Unanswered | InputError]:
    """The entries of operations, one by one.

    InputError, raised, for what is no archive, or has no entry of them.
    """
    patterns = [(_pattern(operation), operation) for operation in catalogue.operations.values()]
    any_of_ours = False
    for number, recorded in enumerate(_log(name, content), 1):
        request = _object(_object(recorded).get("request"))
        url = _url(request.get("url"), patterns)
        if url is None or request.get("method") not in ("GET", "HEAD"):
            continue
        place = f"entry {number}"
        try:
            found = _entry(name, place, recorded, url)
        except InputError as error:
            any_of_ours = True
            yield InputError(error.what, where=f"{name}, {place}")
        else:
            if found is not None:
                any_of_ours = True
                yield found
    if not any_of_ours:
        raise InputError("no entry is of an operation of this API", where=name)


def _log(name: str, content: bytes) -> list[Any]:
    try:
        document = _document(content)
    except json.JSONDecodeError as error:
        reason = f"it is not JSON at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not valid UTF-8"
    except (RecursionError, ValueError):
        reason = "it nests too deeply, or holds a number of thousands of digits"
    else:
        log = _object(_object(document).get("log")).get("entries")
        if isinstance(log, list):
            return log
        reason = "log.entries is missing or no array"
    raise InputError(f"the file is no HAR archive: {reason}", where=name)


def _document(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return json.loads(content.decode("utf-8-sig"))  # it takes more, or tells what is wrong


def _object(value: Any) -> dict[str, Any]:
    """The value where it is an object; else one without members."""
    return value if isinstance(value, dict) else {}


def _url(text: Any, patterns: list[tuple[re.Pattern[str], Operation]]) -> _Url | None:
    """None for what is no URL of an operation."""
    if not isinstance(text, str):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    for pattern, operation in patterns:
        if match := pattern.fullmatch(parts.path):
            customer = match.groupdict().get("customer")
            return _Url(text, parts, operation, unquote(customer) if customer is not None else None)
    return None


def _entry(
    name: str, place: str, recorded: dict[str, Any], url: _Url
) -> RecordedResponse | Unanswered | None:
    """None for an answer that is in a cache of the browser."""
    requested, answered = _object(recorded.get("request")), _object(recorded.get("response"))
    status = _status(answered.get("status"))
    if status < 100:  # aborted, blocked or failed: browsers write 0, -1 or -999
        return Unanswered(name, place)
    if status == 304:
        return None
    headers = _fields(answered)
    bodiless = requested["method"] == "HEAD" or status == 204
    content = b"" if bodiless else _decoded(_content(answered, headers), headers)
    if len(content) > MAX_BODY:
        raise InputError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    request = Request(
        method=requested["method"],
        url=url.text,
        headers=tuple(each for each in _fields(requested) if each[0].lower() != "authorization"),
        operation=url.operation.id,
        customer=url.customer,
        customer_known=True if url.customer is not None else None,
        query=tuple(parse_qsl(url.parts.query, keep_blank_values=True)),
        sent=False,
        file=name,
        entry=place,
    )
    response = Response(status, headers, content, received=_moment(recorded))
    return RecordedResponse(name, place, content, exchange=Exchange(request, response))


def _status(value: Any) -> int:
    """The status; 0 where there is none."""
    if value is None:
        return 0
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,3}(\.0)?", str(value)):
        raise InputError("it is no HAR entry: its status is no number of three digits")
    return int(float(value))


def _fields(message: dict[str, Any]) -> Headers:
    fields = message.get("headers")
    found = map(_object, fields if isinstance(fields, list) else ())
    return tuple(
        (each["name"], str(each["value"]))
        for each in found
        if isinstance(each.get("name"), str) and each.get("value") is not None
    )


def _content(answered: dict[str, Any], headers: Headers) -> bytes:
    """The body as the archive has it; InputError where it left it out, as browsers do with a large one."""
    content = _object(answered.get("content"))
    text = content.get("text")
    if not isinstance(text, str) or not text:
        lengths = (content.get("size"), answered.get("bodySize"), find_header(headers, "Content-Length"))
        stated = [int(each) for each in map(str, lengths) if re.fullmatch(r"-?[0-9]{1,18}", each)]
        if any(length > 0 for length in stated) or (text is None and 0 not in stated):
            raise InputError("the archive holds no body of it")
        return b""
    if content.get("encoding") != "base64" or not _BASE64.fullmatch(text):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise InputError("the archive holds its body in base64 that is cut off") from error


def _decoded(content: bytes, headers: Headers) -> bytes:
    """A body that is still compressed, decompressed; most archives hold it as text already."""
    stated = find_header(headers, "Content-Encoding") or ""
    codings = [each for each in (part.strip().lower() for part in stated.split(",")) if each]
    for coding in reversed(codings):
        if coding == "identity" or _is_text(content):
            continue
        if coding not in _WINDOWS:
            raise InputError(f"the archive holds the body in {coding}, which is not read here")
        content = _inflated(content, coding)
    return content


def _is_text(content: bytes) -> bool:
    try:
        return not _CONTROLS.search(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _inflated(content: bytes, coding: str) -> bytes:
    for window in _WINDOWS[coding]:
        reader = zlib.decompressobj(window)
        try:
            inflated = reader.decompress(content, MAX_BODY + 1)
        except zlib.error:
            continue
        if reader.eof or len(inflated) > MAX_BODY:
            return inflated
        raise InputError(f"the archive holds the body in {coding} that is cut off")
    return content  # not compressed after all, whatever its label says


def _moment(recorded: dict[str, Any]) -> datetime:
    """When it was recorded: an answer of last year may not speak of this one."""
    try:
        moment = datetime.fromisoformat(str(recorded.get("startedDateTime")))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _pattern(operation: Operation) -> re.Pattern[str]:
    """The operation's path under any prefix, with doubled and trailing slashes."""
    steps = (
        r"(?P<customer>[^/]+)" if step == "{customer-id}" else "[^/]+" if "{" in step else re.escape(step)
        for step in operation.path.strip("/").split("/")
    )
    return re.compile("(?:/[^/]+)*?/+" + "/+".join(steps) + "/*")
