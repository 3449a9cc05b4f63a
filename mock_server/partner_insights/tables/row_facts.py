"""Turns the prose of a Description cell into the facts it states."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from partner_insights.tables.enum_prose import read_choices
from partner_insights.tables.inline import read_inline
from partner_insights.tables.prose import TERM, mark_terms, unmark_terms
from partner_insights.tables.range_prose import Kind, Number, read_limits, read_unit
from partner_insights.tables.sentences import Prose
from partner_insights.tables.subjects import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.tables.inline import Inline, InlineLink

Doubted: TypeAlias = Literal["values"] | Kind
"""What a sentence may leave open."""
_BOUNDS: tuple[Kind, ...] = ("length", "range")

# "(for example:  o365, crm)". Without the colon it introduces a remark rather than values.
_EXAMPLES = re.compile(r"\((?:for example|e\.g\.)[,:]*:\s*([^()]*)\)", re.IGNORECASE)
# "for example `active`", 'such as "en-us" or "fr-fr"': terms set apart, right behind the words.
_MARKED_EXAMPLES = re.compile(
    rf"(?:\bfor example|\be\.g\.|\bsuch as|\bfor instance|\bexamples?[,:])[,:]*\s*"
    rf"((?:(?:[,/\s]|\band\b|\bor\b|\bthe value\b)*{TERM})+)",
    re.IGNORECASE,
)
_TERM = re.compile(TERM)
# "such as contoso.example.com.", "(for example, en-US)": what is no word of prose, up to the sentence's end.
_LITERAL = (
    r"(?:(?=[^\s,]*(?:[\d_@/]|[a-z][A-Z]|\w\.\w|\b[a-z]{2}-[A-Z]{2}\b))"
    r"[\w@/:+#%-]++(?:\.[\w@/:+#%-]++)*+|\d++(?:\.\d++)? [a-z]++)"
)
_LITERALS = rf"{_LITERAL}(?:(?:, (?:and |or )?| and | or ){_LITERAL}){{0,9}}+(?=\s*(?:[).;]|$))"
_LITERAL_EXAMPLES = re.compile(
    rf"(?:\b(?i:for example|e\.g\.|for instance|examples?:)[,:]* (?P<sure>{_LITERALS}|[A-Z]{{2,4}}(?=[).]))|"
    rf"\b(?i:such as) (?P<such>{_LITERALS}))"
)
_LIST_MARK = re.compile(r", (?:and |or )?| and | or ")
# "Example: Azure Data Service.", the last words of a description.
_LAST_EXAMPLE = re.compile(r"(?:^|[.:] )Example: ([A-Z0-9][\w/-]*(?: [\w/-]+){0,3}(?: \([\w/ -]+\))?)\.?$")
# 'Includes "objectType": "X"': a member of the object the property holds; in braces it would be a sample.
_CONSTANT = re.compile(r'(?<![{,])(?<![{,]\s)["“]([A-Za-z_]\w*)["”]\s*:\s*["“]([^"“”]*)["”]')
_MEMBER = re.compile(r'["”]\s*:')
# A whole sentence only: "when sent as input, this value is optional" says less.
_SENTENCE = r"(?:^|[.!?;)\n]\s*)"
_SUBJECT = r"(?:this|the) (?:property|field|value|attribute|element|member|parameter)"
_OPTIONAL = re.compile(
    rf"{_SENTENCE}(?:{_SUBJECT} is (?:an )?optional(?: and (?:may|might|can)\b[^.]{{0,40}})?(?:[.!;]|$)|"
    rf"optional(?:\.|:|;|$)|[(\[]optional[)\]])",
    re.IGNORECASE,
)
# "Required: no", "Required. Only for plays.", "(required) if lent": a case, or no.
_CASE = (
    r"\s*(?:no|n|n/a|false|only|when|if|for(?! example| instance)|on|in|unless|except|conditional\w*|"
    r"depend\w*|sometimes)\b"
)
_LEFT_OUT = re.compile(
    r"\boptional\b|\b(?:left out|omit\w*|absent|missing|lack\w*)\b|\bwrite[- ]?only\b|"
    r"\b(?:not|never|n't) (?:\w+ )?(?:needed|required|mandatory|present|returned|sent|included)\b|"
    r"\bexcept (?:for|in|when|if)\b|\bunless\b",
    re.IGNORECASE,
)
_REQUIRED = re.compile(
    rf"{_SENTENCE}(?:{_SUBJECT} is (?:always )?(?:required|mandatory)(?:[.!;]|$)|(?:required|"
    rf"mandatory)(?:[.:;]|$)(?!{_CASE})|"
    rf"[(\[](?:required|mandatory)[)\]](?!{_CASE}))",
    re.IGNORECASE,
)
_NULL = re.compile(
    r"\b(?:can|may|could|might|will) (?:also )?be null\b|\bnull (?:if|when|unless|for|"
    r"otherwise)\b|\bis null\b|\bif null\b|"
    r"\bor null\b|\bnull or (?!empty|blank|missing)|"
    r"\bnullable\b(?!: (?:no|false)\b)|\breturns? null\b|\bset to null\b|\bnull value is\b",
    re.IGNORECASE,
)
# In front of it, in its sentence: that it is not so, or was; before "is null", that another property is.
_NOT_NULL = re.compile(
    r"\b(?:not|can ?not|never|no longer|neither|non|reject\w*|errors?|fails?|invalid|before|until|previously|"
    r"formerly)\b|n['’]t\b",
    re.IGNORECASE,
)
_OTHERS_NULL = re.compile(
    r"\b(?:if|when|where|while|unless|whose|which)\b"
    r"(?! (?:(?:it|this|the) ?(?:value|property|field|parameter)? )?$)(?!.*, $)",
    re.IGNORECASE,
)
# Behind a word of a property's standing: its end, as in "Read-only." and "Read-only property of …".
_STANDS = r"(?=\s*(?:[.:;!()\]\n—–-]|$)|,(?! (?:except|unless|if|when|while|until|but)\b)"
_READ_ONLY = re.compile(
    rf"{_SENTENCE}(?:[(\[]|(?:{_SUBJECT}|it) is )?read[- ]?only{_STANDS}| and\b| (?:property|field|value)\b)|"
    rf"[(\[]read[- ]?only[)\]]",
    re.IGNORECASE,
)
_DEPRECATED = re.compile(
    rf"{_SENTENCE}[(\[]?(?:deprecated|obsolete)(?:{_STANDS})(?!: (?:no|false)\b)|"
    r" (?!(?:or|and|but|for|on|if|in|at|when|while|until|unless|except|only)\b|\w+s\b)\w|"
    r" (?:as of|and will)\b| in (?:favou?r|version|[A-Z]\w+ \d{4}|v?\d))|[(\[](?:deprecated|obsolete)[)\]]|"
    rf"{_SENTENCE}(?:{_SUBJECT}|it|this) (?:is|was|has been|will be|is being)(?: now| being)? (?:deprecated|"
    rf"obsolete|retired)\b(?![^.]*\b(?:but|again)\b)|"
    rf"{_SENTENCE}(?:{_SUBJECT}|it|this) is no longer (?:used|supported|available|returned|in use)\b",
    re.IGNORECASE,
)
# "The supported values are the member names found in [Band](#band)": a link to a list, and nothing besides.
_MEMBERS_OF = re.compile(
    r"(?:^|[.:;\n] ?)[^.:;\n]{0,40}\b(?:values?|members?|member names|options)\b(?: of this property)?"
    r"(?: (?:is|are|can be|must be))?(?: one of)?(?: the)?(?: (?:values?|members?|member names|options))?"
    r"(?: (?:that are )?(?:found|defined|listed|described|given))?(?: (?:in|of|from|by|below|see))*(?: "
    r"the)?(?: enum(?:eration)?)? ?:? ?$",
    re.IGNORECASE,
)
_QUOTES = "\"'`“”‘’"


@dataclass(frozen=True)
class Facts:
    """What a description states, as it is spelt there: nothing here is a number yet.

    `examples` are values the property may have; `constants` are members of the object it holds; `optional`
    and `required` say whether the property may be absent; `constant` is its only value, `values` are all it
    may have besides null. `enumerations` are links to where its values are listed. Lengths are in
    characters; `above` and `below` exclude the bound itself. `columns` names the column of a fact that is not
    from the description. A `relation` is sent only where a request asks for it. `doubts` are sentences that
    speak of values or bounds in no form that is certain, `bounded` those that state the bounds.
    """

    examples: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    required: bool = False
    constant: str | None = None
    values: tuple[str, ...] = ()
    enumerations: tuple[InlineLink, ...] = ()
    nullable: bool = False
    read_only: bool = False
    deprecated: bool = False
    relation: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    above: Number | None = None
    below: Number | None = None
    unit: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[Doubted, str] = field(default_factory=dict)
    bounded: Mapping[Kind, str] = field(default_factory=dict, compare=False)


_AGED = ("deprecated", "obsolete", "retired", "no longer")
NOTHING = Facts()
# Any text that states a fact has one of these in it.
_SIGNS = (
    *("value", "null", "optional", "required", "mandatory", "read", "deprecat", "obsolete", "retired"),
    *("char", "length", "max", "min", "between", "rang", "than", "least", "positive", "negative", "always"),
    *("example", "e.g", "such as", "instance", "one of", "any of", "either", "whether", ":", "<br", "must"),
    *("should", "may", " in ", " from ", "exactly", "up to", "no more", "limit", "will"),
    *("=", "means", " for ", " when ", " - ", "–", "(", "longer", "returns", "can", "most", "≥", "≤"),
)


def may_state_facts(markdown: str) -> bool:
    """Whether a description has any of the words without which it states nothing."""
    return any(map(markdown.casefold().__contains__, _SIGNS))


def read_facts(markdown: str, name: str = "", inline: Inline | None = None) -> Facts:
    """The facts in the Markdown of the description of a property of this name.

    `inline` is what one sees of it, where that is known.
    """
    if not may_state_facts(markdown):
        return NOTHING
    low = markdown.casefold()
    inline = inline or read_inline(markdown)
    marked = mark_terms(markdown)
    text = inline.text
    prose, named = Prose(marked), Name(name)
    choices = read_choices(prose, named)
    limits = read_limits(prose, named, choices.said)
    sentences: dict[Doubted, list[str]] = {
        "values": [text for text in choices.doubts if text not in limits.said],
        **{about: list(limits.doubts.get(about, ())) for about in _BOUNDS},
    }
    of_itself = text  # "`a` (deprecated)" is said of a value
    for sentence in (*choices.said, *choices.doubts):
        of_itself = of_itself.replace(sentence, "") if {"(", "["} & {*sentence} else of_itself
    null = None in choices.values or ("null" in low and _may_be_null(text))
    return Facts(
        examples=tuple(dict.fromkeys((*_examples(text, marked), *choices.shown))),
        constants=_constants(text),
        optional="optional" in low and _OPTIONAL.search(text) is not None,
        required=("required" in low or "mandatory" in low)
        and _REQUIRED.search(text) is not None
        and _LEFT_OUT.search(text) is None,
        constant=choices.constant,
        values=tuple(value for value in choices.values if value is not None),
        enumerations=_enumerations(marked, inline.links),
        nullable=null,
        read_only="read" in low and _READ_ONLY.search(of_itself) is not None,
        deprecated=any(map(low.__contains__, _AGED)) and _DEPRECATED.search(of_itself) is not None,
        **limits.bounds,  # type: ignore[arg-type]  # each of the type of its field
        unit=read_unit(text),
        doubts={about: texts[0] for about, texts in sentences.items() if texts},
        bounded=limits.bounded,
    )


def _may_be_null(text: str) -> bool:
    """Whether a sentence says that the property may be null, and none that it may not."""
    fronts = [(found[0], re.split(r"[.;:] ", text[: found.start()])[-1]) for found in _NULL.finditer(text)]
    return not any(_NOT_NULL.search(front) for _, front in fronts) and any(
        not said.casefold().endswith(("is null", "be null")) or not _OTHERS_NULL.search(front)
        for said, front in fronts
    )


def _examples(text: str, prose: str) -> tuple[str, ...]:
    if not any(map(text.casefold().__contains__, ("example", "e.g.", "such as", "instance"))):
        return ()
    listed = [
        item.strip().strip(_QUOTES).strip()
        for found in _EXAMPLES.finditer(text)
        for item in found[1].split(",")
    ]
    listed += [term for found in _MARKED_EXAMPLES.finditer(prose) for term in _TERM.findall(found[1])]
    listed += [
        item
        for found in _LITERAL_EXAMPLES.finditer(text)
        for item in _LIST_MARK.split(found["sure"] or found["such"])
    ]
    listed += _LAST_EXAMPLE.findall(text)
    return tuple(dict.fromkeys(filter(None, listed)))


def _constants(text: str) -> dict[str, str]:
    """The members said to be constant; one that is given two values is not."""
    values: dict[str, set[str]] = {}
    if not _MEMBER.search(text):
        return {}
    for member in _CONSTANT.finditer(text):
        values.setdefault(member[1], set()).add(member[2].strip())
    return {name: only.pop() for name, only in values.items() if len(only) == 1}


def _enumerations(prose: str, links: tuple[InlineLink, ...]) -> tuple[InlineLink, ...]:
    """The links behind "supported values are the member names found in"."""
    if not links:
        return ()
    plain = unmark_terms(prose)
    found = []
    for link in links:
        place = plain.find(link.text)
        if place > 0 and _MEMBERS_OF.search(plain[max(0, place - 160) : place]):
            found.append(link)
    return tuple(found)
