"""A how-to page (how to do one thing with the API) → its routes, its parameters and its samples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from partner_insights.derive.howto.lenient_json import UNKNOWN, LenientJson, parse_lenient
from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.files import unicode_name
from partner_insights.tables import read_page_text
from partner_insights.tables.inline import InlineLink, read_inline
from partner_insights.tables.markdown import read_document
from partner_insights.tables.naming import answer_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from partner_insights.tables import Resource
    from partner_insights.tables.document import Document

_FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})\s*([\w#+-]*)")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*\s*$")
_ROUTE: Final = re.compile(
    r"(?P<base>\{base-?url\}|https?://[^/\s{]+|\w+Prefix)?(?P<path>/[^\s?]*)(?:\?(?P<query>\S+))?", re.I
)
# Where a page gives the form of its request in a code block, the requests of its examples being elsewhere.
_REQUEST_FORMS: Final = {"http request", "rest request", "request syntax"}
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_WORD: Final = re.compile(r"\w+")
_OPTION: Final = re.compile(r"\$[a-zA-Z]+")
_REQUEST: Final = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+(\S+)", re.I)
_STATUS: Final = re.compile(r"HTTP/[\d.]+\s+(\d{3})")
_QUERY_NAME: Final = re.compile(r"(?:^|&|\{&|\[&?)([\w$@.-]+)=")
_COLLECTION: Final = re.compile(r"\b(?:collection|list|array|set) of\b[^.]*$", re.I)
_PARAMETER_HEADERS: Final = {"name", "parameter", "parameters"}


@dataclass(frozen=True)
class RequestLine:
    """One row of a "Request syntax" table."""

    method: str
    path: str
    query: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Parameter:
    """One row of a URI parameter table."""

    name: str
    type: str
    required: bool
    description: str
    """As written, with its marks."""
    line: int


@dataclass(frozen=True)
class SampleResponse:
    """A response (or a body alone) in a code block."""

    line: int
    """Of the first line of the body."""
    text: str
    status: int | None
    """None for a body without its status line."""
    section: str

    @cached_property
    def reading(self) -> LenientJson:
        """The body as JSON, with the line of each part and its defects (lines within the sample)."""
        return parse_lenient(self.text)

    @property
    def body(self) -> Any:
        """The body of a success; None where the sample is a failure, or nothing of it can be read."""
        if self.status is not None and not 200 <= self.status < 300:
            return None
        return None if self.reading.value is UNKNOWN else self.reading.value


@dataclass(frozen=True)
class HowToPage:
    """What one page says of its operations."""

    page: str
    title: str
    routes: tuple[RequestLine, ...]
    options: tuple[str, ...]
    """The query options it names, such as `$top`."""
    parameters: tuple[Parameter, ...]
    auth: tuple[str, ...]
    answer: InlineLink | None
    """The link to the resource that the response is said to be, or to hold."""
    collection: bool | None
    """Whether the prose says that there are many; None where it says nothing."""
    fields: Resource | None
    """The table of the response's fields, where the page itself holds one."""
    samples: tuple[SampleResponse, ...]

    @property
    def says_anything(self) -> bool:
        """Whether the page says anything of a request or its answer."""
        return bool(self.routes or self.samples)


def read_howto_page(path: Path) -> HowToPage:
    """Read a page; InputError only where the file cannot be read as text."""
    try:
        text = read_input(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    return read_howto_text(text, unicode_name(path))


def read_howto_text(text: str, page: str) -> HowToPage:
    """Read the text of a page; any text is a page."""
    document = read_document(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    prose, blocks = _split(lines)
    answer, collection = _answer(prose)
    title = next((each.text for each in document.headings if each.level == 1), page)
    return HowToPage(
        page=page,
        title=title,
        routes=(*_routes(document), *_fenced_routes(blocks)),
        options=_options(prose),
        parameters=tuple(_parameters(document)),
        auth=_auth(prose),
        answer=answer,
        collection=collection,
        fields=_fields(text, page, title),
        samples=tuple(sample for block in blocks if (sample := _sample_in(block)) is not None),
    )


@dataclass(frozen=True)
class _Block:
    """A fenced block: its language, the heading it stands under, and its lines."""

    language: str
    section: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Prose:
    section: str
    text: str


def _split(lines: Iterable[str]) -> tuple[list[_Prose], list[_Block]]:
    """The paragraphs' lines and the fenced blocks, each with its heading."""
    prose: list[_Prose] = []
    blocks: list[_Block] = []
    section, fence, language, start = "", "", "", 0
    held: list[str] = []
    for number, line in enumerate(lines, start=1):
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not opened[2]:
                blocks.append(_Block(language, section, start, tuple(held)))
                fence = ""
            else:
                held.append(line)
        elif opened:
            fence, language, start, held = opened[1], opened[2].casefold(), number + 1, []
        elif heading := _HEADING.match(line):
            section = read_inline(heading[1]).text
        elif line.strip() and not line.lstrip().startswith("|"):
            prose.append(_Prose(section, line.strip()))
    if fence:
        blocks.append(_Block(language, section, start, tuple(held)))
    return prose, blocks


# ── The request ────────────────────────────────────────────────────────────────────────────────────


def _routes(document: Document) -> Iterator[RequestLine]:
    for table in document.tables:
        headers = [title.casefold() for title in table.columns]
        places = [place for place, text in enumerate(headers) if "uri" in text or "url" in text]
        methods = [place for place, text in enumerate(headers) if text in ("method", "verb", "http method")]
        if not places or not methods:
            continue
        for row in table.rows:
            method = read_inline(row.cells[methods[0]]).text.upper()
            route = _route(method, read_inline(row.cells[places[0]]).text, row.line)
            if route is not None:
                yield route


def _fenced_routes(blocks: Iterable[_Block]) -> Iterator[RequestLine]:
    """The requests in the code blocks that give their form, a line each."""
    for block in blocks:
        if block.section.casefold() not in _REQUEST_FORMS:
            continue
        for number, line in enumerate(block.lines):
            found = _REQUEST.match(line.strip())
            route = found and _route(
                found[1].upper(), line.strip()[len(found[1]) :].strip(), block.line + number
            )
            if route:
                yield route


def _options(prose: Iterable[_Prose]) -> tuple[str, ...]:
    """The query options in the code of the section about query parameters."""
    found = (
        option
        for each in prose
        if "query param" in each.section.casefold()
        for code in re.findall(r"`([^`]+)`", each.text)
        for option in ([code] if _OPTION.fullmatch(code) else [])
    )
    return tuple(dict.fromkeys(found))


def _named(path: str) -> str:
    """The path with a name of its own for every parameter: `companies({id})/items({id})` has two.

    One in parentheses is named after what stands before it; of "{id | name}" the first counts, and dots
    become hyphens.
    """
    names: list[str] = []

    def name(found: re.Match[str]) -> str:
        plain = re.sub(r"[^\w-]+", "-", found[1].split("|")[0].strip()).strip("-") or "id"
        before = path[: found.start()]
        if before.endswith("(") or plain in names:
            plain = f"{_WORD.findall(before)[-1]}-{plain}"
        names.append(plain if plain[0].isalpha() else f"p{plain}")
        return f"{{{names[-1]}}}"

    return _BRACES.sub(name, path)


def _route(method: str, text: str, line: int) -> RequestLine | None:
    found = _ROUTE.search(re.sub(r"\s*HTTP[/ ]\d.*$", "", text.replace(" ", "") if "{" in text else text))
    if found is None or not re.fullmatch(r"[A-Z]+", method):
        return None
    path = re.sub(r"HTTP/?\d.*$", "", found["path"])
    names = _QUERY_NAME.findall(found["query"] or "")
    path = _named(re.sub(r"<([\w-]+)>", r"{\1}", path))
    return RequestLine(method, path.rstrip("/") or "/", tuple(names), line)


def _parameters(document: Document) -> Iterator[Parameter]:
    for table in document.tables:
        headers = [title.casefold() for title in table.columns]
        heading = table.headings[-1].text.casefold() if table.headings else ""
        about = "parameter" in heading and "body" not in heading
        if not about or not headers or headers[0] not in _PARAMETER_HEADERS:
            continue
        for row in table.rows:
            cells = dict(zip(headers, row.cells, strict=False))
            required = read_inline(cells.get("required", "")).text.casefold()
            yield Parameter(
                name=read_inline(row.cells[0]).text.strip("{}"),
                type=read_inline(cells.get("type", "")).text,
                required=required.startswith(("y", "required", "true")),
                description=cells.get("description", ""),
                line=row.line,
            )


def _request_in(block: _Block) -> RequestLine | None:
    first = next((line.strip() for line in block.lines if line.strip()), "")
    found = _REQUEST.match(first)
    return None if found is None else _route(found[1].upper(), found[2], block.line)


def _auth(prose: Iterable[_Prose]) -> tuple[str, ...]:
    """Which tokens the prerequisites speak of; App+User where they say nothing."""
    text = " ".join(each.text for each in prose if each.section.casefold().startswith("prerequisite"))
    app_only = re.search(r"app-?only|standalone app|app only|both app", text, re.I)
    return ("app+user", "app-only") if app_only else ("app+user",)


# ── The answer ─────────────────────────────────────────────────────────────────────────────────────


def _answer(prose: Iterable[_Prose]) -> tuple[InlineLink | None, bool | None]:
    """The first link in the response's prose that leads to a resource, and whether many are spoken of.

    Where there is none, the first link to a page among the resources that stands anywhere.
    """
    elsewhere: InlineLink | None = None
    for each in prose:
        in_response = "response" in each.section.casefold()
        for link in read_inline(each.text).links:
            page, _, anchor = link.target.partition("#")
            if in_response and ((anchor and "resource" in PurePosixPath(page).name) or "/resources/" in page):
                before = read_inline(each.text).text.partition(link.text)[0]
                return link, _COLLECTION.search(before) is not None
            if "/resources/" in page and re.fullmatch(r"\w+", link.text):
                elsewhere = elsewhere or link
    return elsewhere, None


def _fields(text: str, page: str, title: str) -> Resource | None:
    """The table of the response's fields, where the page itself has one."""
    name = answer_name(title)
    return next((each for each in read_page_text(text, page).resources if each.name == name), None)


def object_type(body: Any) -> str | None:
    """What a body says its items, or it itself, are."""
    items = (body.get("items") or body.get("value")) if isinstance(body, dict) else body
    for item in items if isinstance(items, list) else [body]:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        kind = attributes.get("objectType") if isinstance(attributes, dict) else None
        if kind is None and isinstance(item, dict):
            kind = str(item.get("@odata.type", "")).rpartition(".")[2]  # "#microsoft.graph.user"
        if isinstance(kind, str) and kind.isidentifier():
            return kind
    return None


def _sample_in(block: _Block) -> SampleResponse | None:
    """The body of a response in a block; None for a request, for code, and for a response without a body."""
    if (
        block.language not in ("http", "https", "json", "jsonc", "json5", "")
        or _request_in(block) is not None
    ):
        return None
    first = next((line.strip() for line in block.lines if line.strip()), "")
    status = _STATUS.match(first)
    if status is None and "request" in block.section.casefold():
        return None
    # A published sample has its body right below the headers, without the blank line.
    start = next((place for place, line in enumerate(block.lines) if line.lstrip()[:1] in ("{", "[")), None)
    if start is None:
        return None
    text = "\n".join(block.lines[start:])
    return SampleResponse(block.line + start, text, int(status[1]) if status else None, block.section)
