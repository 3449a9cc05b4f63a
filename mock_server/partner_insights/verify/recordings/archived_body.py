"""The body of a response in a browser's archive (HAR) → its bytes, or why the archive does not hold them."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from gzip import BadGzipFile, GzipFile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.http_reader import MAX_BODY
from partner_insights.verify.judge.exchange import find_header
from partner_insights.verify.judge.json_body import BOM, read_body

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.verify.judge.exchange import Headers

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\s-]*=*\s*")
_BASE64_OF_URLS: Final = str.maketrans("-_", "+/")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_GZIP: Final = ("gzip", "x-gzip")
_DEFLATE: Final = (15, -15)
"""What zlib is told to expect: a deflated body comes with zlib's header, or, from some servers, without."""
ROOM: Final = 16 * 2**20
ROOM_FOR_EACH_BYTE: Final = 20
"""JSON is compressed that much; what is compressed a thousandfold would be judged for hours."""


class Room:
    """How many bytes the bodies of an archive may have that are not in it."""

    def __init__(self, size: int) -> None:
        """`size` is the archive's."""
        self.left = ROOM + ROOM_FOR_EACH_BYTE * size
        self._attached: set[str] = set()

    def take(self, body: bytes, held: bytes, name: object = None) -> None:
        """Count a body of which so much is held; a file beside the archive is held the first time."""
        if isinstance(name, str):
            held = b"" if name in self._attached else body
            self._attached.add(name)
        more = max(0, len(body) - len(held))
        fits, self.left = more <= self.left, max(0, self.left - more)
        if not fits:
            raise InputError("unpacked, the bodies of the archive are far larger than the archive")


def archived_body(answered: dict[str, Any], headers: Headers, folder: Path, room: Room) -> bytes:
    """The body, which may be a file beside the archive, in its folder.

    InputError where the archive has it not, or not all of it, or in a form that is not read.
    """
    stated = answered.get("content")
    content = stated if isinstance(stated, dict) else {}
    held = _stored(answered, content, headers, folder)
    body = _decoded(held, headers, min(MAX_BODY, room.left))
    if len(body) > MAX_BODY:
        raise InputError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    room.take(body, held, content.get("_file"))
    size = content.get("size")
    # A browser keeps the beginning of a large body, and tells its whole size; some count what others decode.
    if isinstance(size, int) and size > len(body) + len(BOM) and not read_body(body).readable:
        raise InputError(f"the archive holds {len(body)} of the {size} bytes of the body")
    return body


def _stored(answered: dict[str, Any], content: dict[str, Any], headers: Headers, folder: Path) -> bytes:
    """As the archive has it; InputError where it left it out, as browsers do with a large one."""
    text = content.get("text")
    if text is not None and not isinstance(text, str):
        raise InputError("the archive holds its body in another form than text")
    if text is None and isinstance(attached := content.get("_file"), str):
        return _attached(folder, attached)
    if not text:
        lengths = (content.get("size"), answered.get("bodySize"), find_header(headers, "Content-Length"))
        stated = [int(each) for each in map(str, lengths) if re.fullmatch(r"-?[0-9]{1,18}", each)]
        if any(length > 0 for length in stated) or (text is None and 0 not in stated):
            raise InputError(
                "the archive holds no body of it",
                remedy="save the archive again, with the content of responses",
            )
        return b""
    if str(content.get("encoding")).strip().lower() != "base64" or not _BASE64.fullmatch(text):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(text.split()).translate(_BASE64_OF_URLS), validate=True)
    except binascii.Error as error:
        raise InputError("the archive holds its body in base64 that is cut off") from error


def _attached(folder: Path, name: str) -> bytes:
    """A body that Playwright put into a file beside the archive."""
    if name != PurePosixPath(name).name:
        raise InputError(f"the archive keeps the body in {name!r}, which is no file beside it")
    try:
        return read_input(folder / name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        words = f"the archive keeps the body in the file {name!r} beside it, which cannot be read ({reason})"
        raise InputError(words, remedy="check the archive in the folder it was saved in") from error


def _decoded(content: bytes, headers: Headers, most: int) -> bytes:
    """A body that is still compressed, decompressed; most archives hold it as text already.

    Of one that is longer than `most`, only the beginning.
    """
    stated = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    codings = [each for each in (part.strip().lower() for part in stated.split(",")) if each]
    for coding in reversed(codings):
        if coding == "identity" or _is_text(content):
            continue
        if coding in _GZIP:
            content = _gunzipped(content, most)
        elif coding == "deflate":
            content = _inflated(content, most)
        else:
            raise InputError(f"the archive holds the body in {coding}, which is not read here")
    return content


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.search(text) and ("\ufffd" not in text or _begins_as_json(content))


def _begins_as_json(content: bytes) -> bool:
    return content.removeprefix(BOM).lstrip()[:1] in (b"{", b"[")


def _gunzipped(content: bytes, most: int) -> bytes:
    """All members (RFC 1952, section 2.2), one after the other."""
    parts: list[bytes] = []
    length = 0
    try:
        with GzipFile(fileobj=io.BytesIO(content)) as file:
            while length <= most and (part := file.read(2**16)):
                parts.append(part)
                length += len(part)
    except EOFError as error:
        raise InputError("the archive holds the body in gzip that is cut off") from error
    except (BadGzipFile, zlib.error):
        return b"".join(parts) or _not_compressed(content, "gzip")  # or something follows it
    return b"".join(parts)


def _inflated(content: bytes, most: int) -> bytes:
    for window in _DEFLATE:
        reader = zlib.decompressobj(window)
        try:
            inflated = reader.decompress(content, most + 1)
        except zlib.error:
            continue
        if reader.eof or len(inflated) > most:
            return inflated
        raise InputError("the archive holds the body in deflate that is cut off")
    return _not_compressed(content, "deflate")


def _not_compressed(content: bytes, coding: str) -> bytes:
    """What is no compressed body after all, whatever its label says; InputError for what no service sends."""
    if _begins_as_json(content):
        return content
    raise InputError(f"the archive holds the body in {coding} that cannot be read")
