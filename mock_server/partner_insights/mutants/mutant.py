"""What a mutant is: one fault of a service, and how it changes a response."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from partner_insights.contract import Standing
from partner_insights.documents import json_value

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Operation

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order of the wire, `Content-Length` and `Content-Encoding` not among them."""

Pairs = tuple[tuple[str, str], ...]
"""Parameters of a query, in order."""

BOM: Final = b"\xef\xbb\xbf"

DOCUMENTED: Final = Standing.DOCUMENTED
ASSUMED: Final = Standing.ASSUMED


@dataclass(frozen=True)
class MutableResponse:
    """A response that mutants change: its body whole and not compressed, even where HEAD will cut it off."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> MutableResponse:
        """The same with a header of this value, or with none (None)."""
        others = tuple((key, other) for key, other in self.headers if key.lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))

    @property
    def content(self) -> Any:
        """The parsed body; a fresh value each time. ValueError where it is no JSON."""
        return json_value(self.body.removeprefix(BOM))

    def with_content(self, content: Any) -> MutableResponse:
        """The same with another JSON body; a byte order mark stays."""
        encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return replace(self, body=BOM + encoded if self.body.startswith(BOM) else encoded)


@dataclass(frozen=True)
class RequestContext:
    """The request that a response answers."""

    catalogue: Catalogue
    operation: Operation | None
    """None for a path that no operation has."""
    method: str = "GET"
    customer: str | None = None
    """The customer id of the path, as it was sent."""
    ordinal: int = 0
    """How many requests came before this one, since the mutant is in force."""
    authorization: str | None = None
    """What it carried to be let in."""
    query: Pairs = ()
    """The parameters of the query, as they were sent."""
    moment: datetime = datetime(2017, 3, 14, 9, 26, 53, tzinfo=UTC)
    """When it came."""

    @property
    def is_read(self) -> bool:
        """Whether it reads what an operation returns: OPTIONS and unknown paths do not."""
        return self.operation is not None and self.method != "OPTIONS"


_Edit = TypeVar("_Edit", bound=Callable[..., Any])

Change = Callable[[MutableResponse, RequestContext], MutableResponse]
"""A valid response → the mutant's; the same one where there is nothing to change."""

Misread = Callable[[Pairs, "Operation"], Pairs]
"""The parameters of a query → those that a service with this fault takes them for."""

AppliesTo = Callable[["Operation", "Catalogue"], bool]
"""Whether a mutant means something for an operation."""


def unchanged(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """The change of a mutant that only accepts what it should reject."""
    return response


def any_operation(operation: Operation, catalogue: Catalogue) -> bool:
    """Every operation."""
    return True


def always(request: RequestContext) -> bool:
    """Any request."""
    return True


@dataclass(frozen=True)
class Mutant:
    """One fault. Pure: it changes equal responses to equal requests in the same way."""

    id: str
    """`Resource.property:keyword` for a schema mutant, a few words with hyphens for a behaviour."""
    title: str
    kind: Literal["schema", "behaviour"]
    operations: frozenset[str]
    """The ids of the operations it means something for; it leaves the responses of all others alone."""
    codes: tuple[str, ...]
    """The violation codes, any of which is right to report it."""
    standing: Standing
    """Of the constraint it breaks."""
    change: Change = field(default=unchanged, repr=False)
    resource: str | None = None
    """Schema mutants: the resource whose sample `single_fault_rows` corrupts."""
    pointer: str | None = None
    """Schema mutants: the invalid place in that resource."""
    keyword: str | None = None
    admits: frozenset[str] = frozenset()
    """The error cases (`unauthenticated`, `app-only`, `malformed-customer`, `unknown-customer`,
    `method-not-allowed`, `not-acceptable`, `invalid-query`, `not-found`) that it answers as if nothing
    were wrong. The server repairs the request and passes the response to `change`."""
    when: Callable[[RequestContext], bool] = field(default=always, repr=False)
    """Which requests it admits."""
    misread: Misread | None = field(default=None, repr=False)
    """What it takes the query of an operation for; the server answers that one."""
    corrupt: Callable[[Any], Any] | None = field(default=None, repr=False)
    """Schema mutants: a value of `resource` → a copy with one keyword broken."""

    def apply(self, response: MutableResponse, request: RequestContext) -> MutableResponse:
        """The response as a service with this fault sends it."""
        if request.operation is not None and request.operation.id not in self.operations:
            return response
        return self.change(response, request)


@dataclass(frozen=True)
class Behaviour:
    """A behavioural mutant before it is known which operations there are."""

    id: str
    title: str
    codes: str
    """Separated by spaces."""
    standing: Standing
    change: Change = unchanged
    on: AppliesTo = any_operation
    admits: str = ""
    """The error case it admits."""
    when: Callable[[RequestContext], bool] = always
    misread: Misread | None = None

    def of(self, catalogue: Catalogue) -> Mutant:
        """The mutant for the operations of a catalogue."""
        operations = catalogue.operations.values()
        return Mutant(
            id=self.id,
            title=self.title,
            kind="behaviour",
            operations=frozenset(each.id for each in operations if self.on(each, catalogue)),
            codes=tuple(self.codes.split()),
            standing=self.standing,
            change=self.change,
            admits=frozenset(self.admits.split()),
            when=self.when,
            misread=self.misread,
        )


class BehaviourTable(list[Behaviour]):
    """Behavioural mutants in the order they are written."""

    def mutant(
        self,
        codes: str,
        standing: Standing,
        of: Callable[[_Edit], Change],
        on: AppliesTo = any_operation,
    ) -> Callable[[_Edit], _Edit]:
        """Add the decorated edit as a mutant; `of` says what it edits (`of_rows`, `of_errors`, …).

        `duplicated_row` is the mutant `duplicated-row`; the first line of its docstring is the title.
        """

        def add(edit: _Edit) -> _Edit:
            title = (edit.__doc__ or "").partition("\n")[0].removesuffix(".")
            if not title[1:2].isupper():  # "JSON is …" stays
                title = title[0].lower() + title[1:]
            self.append(Behaviour(edit.__name__.replace("_", "-"), title, codes, standing, of(edit), on))
            return edit

        return add
