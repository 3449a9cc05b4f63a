"""What a mutant is: one fault of a service, and what it makes of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from partner_insights.contract import Operation, Standing

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order of the wire, `Content-Length` and `Content-Encoding` not among them."""

BOM = b"\xef\xbb\xbf"

EVERYWHERE = frozenset({"*"})
"""In place of the ids of all operations there are, until they are known."""


@dataclass(frozen=True)
class Answered:
    """An answer about to leave: its body whole and not compressed, even where HEAD will cut it off."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> Answered:
        """The same with a header of this value, or with none (None)."""
        others = tuple((key, kept) for key, kept in self.headers if key.lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))

    @property
    def content(self) -> Any:
        """The parsed body; a fresh value each time. ValueError where it is no JSON."""
        return json.loads(self.body.removeprefix(BOM))

    def with_content(self, content: Any) -> Answered:
        """The same with another JSON body; a byte order mark stays."""
        encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return replace(self, body=BOM + encoded if self.body.startswith(BOM) else encoded)


@dataclass(frozen=True)
class Scene:
    """The request that is being answered."""

    operation: Operation | None
    """None for a path that no operation has."""
    method: str = "GET"
    customer: str | None = None
    """The customer id of the path, as it was sent."""
    ordinal: int = 0
    """How many requests were answered before, since the mutant was put on."""


Change = Callable[[Answered, Scene], Answered]
"""Makes a spoilt answer of a good one; gives the same one back where it has nothing to spoil."""


def unchanged(answered: Answered, scene: Scene) -> Answered:
    """What a mutant does that only answers where it should refuse."""
    return answered


@dataclass(frozen=True)
class Mutant:
    """One fault. Pure: the same answer in the same scene is always spoilt the same way."""

    id: str
    """`Resource.property:keyword` for a schema mutant, a few words with hyphens for a behaviour."""
    title: str
    kind: Literal["schema", "behaviour"]
    operations: frozenset[str]
    """The ids of the operations it means something for; it leaves the answers of all others alone."""
    codes: tuple[str, ...]
    """The violation codes, any of which is right to report it."""
    standing: Standing
    """Of the constraint it breaks."""
    change: Change = field(default=unchanged, repr=False)
    resource: str | None = None
    """Schema mutants: the resource whose sample `single_fault_rows` spoils."""
    pointer: str | None = None
    """Schema mutants: the spoilt place in that resource."""
    keyword: str | None = None
    admits: frozenset[str] = frozenset()
    """The refusal cases (`unauthenticated`, `app-only`, `malformed-customer`, `unknown-customer`,
    `method-not-allowed`, `not-acceptable`, `invalid-query`, `not-found`) that it answers as if nothing
    were wrong. Who wears it brings the answer about; `change` is then put to that answer."""
    spoils: Callable[[Any], Any] | None = field(default=None, repr=False)
    """Schema mutants: a value of `resource` → the same with one keyword broken; never its argument."""

    def wear(self, answered: Answered, scene: Scene) -> Answered:
        """The answer as this mutant gives it."""
        if scene.operation is not None and scene.operation.id not in self.operations:
            return answered
        return self.change(answered, scene)


def behaviour(
    name: str,
    title: str,
    codes: str,
    standing: Standing,
    change: Change = unchanged,
    *,
    operations: frozenset[str] = EVERYWHERE,
    admits: str = "",
) -> Mutant:
    """A behavioural mutant; codes and admitted cases in words."""
    return Mutant(
        id=name,
        title=title,
        kind="behaviour",
        operations=operations,
        codes=tuple(codes.split()),
        standing=standing,
        change=change,
        admits=frozenset(admits.split()),
    )
