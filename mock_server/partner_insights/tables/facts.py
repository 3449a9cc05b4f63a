"""Turns the prose of a Description cell into the facts it states."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# "(for example:  o365, crm)". Without the colon it introduces a remark rather than values.
_EXAMPLES = re.compile(r"\((?:for example|e\.g\.)[,:]*:\s*([^()]*)\)", re.IGNORECASE)
# 'Includes "objectType": "X"': a member of the object the property holds; in braces it would be a sample.
_CONSTANT = re.compile(r'(?<![{,])(?<![{,]\s)["“]([A-Za-z_]\w*)["”]\s*:\s*["“]([^"“”]*)["”]')
# A whole sentence only: "when sent as input, this value is optional" says less.
_OPTIONAL = re.compile(
    r"(?:^|[.!?]\s+)(?:this (?:property|field) is optional(?:[.!]|$)|optional\.|\(optional\))", re.IGNORECASE
)
_QUOTES = "\"'`“”‘’"


@dataclass(frozen=True)
class Facts:
    """What a description states, as it is spelt there: nothing here has been made a number yet.

    `examples` are values the property may have; `constants` are members of the object it holds; `optional`
    says that the property may be absent.
    """

    examples: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


def read_facts(description: str) -> Facts:
    """The facts in the visible text of a description."""
    return Facts(_examples(description), _constants(description), _OPTIONAL.search(description) is not None)


def _examples(text: str) -> tuple[str, ...]:
    listed = (
        item.strip().strip(_QUOTES).strip()
        for found in _EXAMPLES.finditer(text)
        for item in found[1].split(",")
    )
    return tuple(dict.fromkeys(filter(None, listed)))


def _constants(text: str) -> dict[str, str]:
    """The members said to be constant; one that is given two values is not."""
    values: dict[str, set[str]] = {}
    for member in _CONSTANT.finditer(text):
        values.setdefault(member[1], set()).add(member[2].strip())
    return {name: only.pop() for name, only in values.items() if len(only) == 1}
