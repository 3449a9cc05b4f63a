"""Turns marked prose into statements: sentences in which each term is one sign, and the lists below them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from partner_insights.tables.prose import BEGIN, END, TERM

T = f"{BEGIN}\\d+{END}"
"""A term in the text of a statement: the number of its words."""
BULLET = "•"

_TERM = re.compile(TERM)
_NUMBER = re.compile(f"{BEGIN}(\\d+){END}")
# What ends a sentence: a full stop before a capital, a term or a digit. "e.g." and "i.e." end none.
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|approx|max|min|no)\.(?=[\s,)])", re.IGNORECASE)
_SENTENCE = re.compile(rf"(?<=[.!?])\s+(?=[A-Z0-9(\[\"{BEGIN}])")
_MARKED_LINE = re.compile(rf"(?:{BULLET}|[-*–+]|\d+[.)])\s+(?P<text>.+)")
# What may follow the value of a line: nothing, a remark in parentheses, or a dash and an explanation.
_VALUE = rf"(?:{T}|[A-Za-z0-9][\w.+-]*)"
_VALUE_LINE = re.compile(
    rf"(?P<value>{T}|(?P<word>[A-Za-z0-9][\w.+-]*))\s*(?:[.,;]?|(?:[-–—:=(]|--)(?(word)(?!\s*{T})).*)"
)
_TERM_LINE = re.compile(rf"(?P<value>{T})\s*(?:[.,;]?(?:\s*(?:and|or))?|(?:[-–—:=(]|--).*)")
_EXPLAINED_LINE = re.compile(rf"(?P<value>{_VALUE})\s*(?:[–—:=]|--|-(?=\s)).*")

_LIKE_A_VALUE = re.compile(r"\S+?(?:(?:, ?| or | and |/)\S+?){0,9}\s*(?:[.,;]?$|[-–—:=(]|--)")
# A line that may name the case the lines below it are about: "For books:", or a term by itself.
_NO_CASE = (
    r"(?:note|remark|constraint|restriction|requirement|limit|rule|format|length|validation|important)s?:"
)
_LABEL = re.compile(rf"(?!{_NO_CASE}$)(?:.*:|{T})", re.IGNORECASE)
_REMARK_LINE = re.compile(rf"(?:{_NO_CASE}|(?:default|examples?):)", re.IGNORECASE)
# A sentence without a verb of its own: it goes on with what the one before it says.
_FRAGMENT = re.compile(
    r"(?:only |just |not )?(?:for|if|when|unless|until|before|in|except) "
    r"(?!more |details|examples?\b|instance|information|the future|bytes|utc\b|seconds|days|percent)"
    r"[\w'’-]+(?: [\w'’-]+){0,2}|"
    r"(?!(?:read|write|output|input|request|response)[- ])[\w'’-]+(?: [\w'’-]+)? only|"
    r"(?:(?:it|this) is )?(?:not (?:\w+ )?(?:enforced|validated|checked|verified)|configurable)|"
    r"no longer(?: true| enforced| valid)?|"
    r"(?:any|anything|unlimited|otherwise|ignored|more|contact)(?: [\w'’-]+){1,5}|"
    r"(?:the )?default|soft limit|subject to change|"
    r"(?:(?:it|this) )?(?:may|might|will|can) (?:be )?(?:changed?|raised|increased|lowered|configured)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """A sentence without its full stop, and the values of the list below it; None where there is none.

    `items` is empty where the list has a line that does not begin with a value. `labelled` says that a line
    above ("For books:") or a fragment behind it ("If lent.", "Not enforced.") may bind it to a case.
    """

    text: str
    items: tuple[str, ...] | None = None
    labelled: bool = False


class Prose:
    """Marked prose, cut into its statements."""

    def __init__(self, marked: str) -> None:
        self.terms: list[str] = []
        self.text = _ABBREVIATION.sub(r"\1", _TERM.sub(self._numbered, marked))
        self.statements = tuple(_statements([line.strip() for line in self.text.split("\n")]))

    def words(self, text: str) -> str:
        """The text with the words of its terms."""
        return _NUMBER.sub(lambda found: self.terms[int(found[1])], text)

    def terms_of(self, text: str) -> list[str]:
        """The words of each term in a text."""
        return [self.terms[int(number)] for number in _NUMBER.findall(text)]

    def _numbered(self, found: re.Match[str]) -> str:
        self.terms.append(found[1])
        return f"{BEGIN}{len(self.terms) - 1}{END}"


def _statements(lines: list[str]) -> list[Statement]:
    found: list[Statement] = []
    index = 0
    labelled = False
    while index < len(lines):
        line = lines[index]
        index += 1
        if not line:
            continue
        *before, last = _SENTENCE.split(line)
        found += [Statement(_bare(sentence), labelled=labelled) for sentence in before]
        items, index = _items(lines, index, announced=last.rstrip().endswith(":"))
        found.append(Statement(_bare(last), items, labelled))
        labelled = labelled or (items is None and _LABEL.fullmatch(last) is not None)
    for place, after in enumerate(found[1:]):
        if _FRAGMENT.fullmatch(after.text):
            found[place] = replace(found[place], labelled=True)
    return found


def _bare(sentence: str) -> str:
    return sentence.strip().rstrip(".;!").strip()


def _items(lines: list[str], start: int, *, announced: bool) -> tuple[tuple[str, ...] | None, int]:
    """The values of the list that begins on the line of index `start`, and the index behind it."""
    values: list[str] = []
    sound, bulleted, index = True, False, start
    while index < len(lines):
        line = lines[index]
        if not line:
            index += 1
            continue
        if line.startswith(BULLET * 2):  # a list in a list: which of both has the values is not said
            value, sound = None, False
        elif marked := _MARKED_LINE.fullmatch(line):
            bulleted = True
            value = _VALUE_LINE.fullmatch(marked["text"])
            sound = sound and value is not None
        else:
            explained = announced and not bulleted
            value = _TERM_LINE.fullmatch(line) or (_EXPLAINED_LINE.fullmatch(line) if explained else None)
            if value is None:  # a sentence, or a value that cannot be read
                remark = bulleted and _REMARK_LINE.match(line)
                sound = sound and bool(not values or remark or not _LIKE_A_VALUE.match(line))
                break
        if value is not None:
            values.append(value["value"])
        index += 1
    if index == start or (not values and sound):
        return None, start
    return (tuple(values) if sound and len(values) > 1 else ()), index
