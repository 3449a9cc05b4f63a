"""A real answer → the same with other names, ids and domains, and nothing that is not documented.

What may stay is listed, everything else is replaced: an undocumented property may hold anything. The
replacement is keyed, so the same customer is the same pseudonym in every answer and run of one key; without
the key the customer cannot be found again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from partner_insights.contract.error_bodies import refusal_body
from partner_insights.verify.report.pseudonyms import GUID, Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partner_insights.contract import Catalogue, JsonValue

UNCHANGED: Final = frozenset(
    {
        *("servicename", "servicecode", "channel", "productname", "workloadname", "workloadcode"),
        *("processeddatetime", "objecttype", "relationshiptopartner", "method", "key", "code", "source"),
        *("productid", "metercategory", "metersubcategory", "meterunit", "resourcelocation", "servicetype"),
        *("market", "customermarket", "partnermarket", "status", "subscriptiontype", "customerorgsize"),
        *("keywordcountry", "keywordindustryfocus", "keywordproduct", "usagedate", "searchdate"),
        *("firstsubscriptioncreationdate", "latestsubscriptioncreationdate", "firstsubscriptionenddate"),
        *("latestsubscriptionenddate", "firstsubscriptionsuspendeddate", "latestsubscriptionsuspendeddate"),
        *("firstsubscriptiondeprovisioneddate", "latestsubscriptiondeprovisioneddate", "creationdate"),
        *("effectivestartdate", "commitmentenddate", "currentstateenddate", "trialtopaidconversiondate"),
        *("trialstartdate", "trialenddate", "lastusagedate", "deprovisioneddate", "lastrenewaldate"),
        *("accepteddate", "acknowledgeddate", "archiveddate", "declineddate", "expireddate", "lostdate"),
        *("misseddate", "createddate", "skippeddate", "wondate"),
    }
)
"""Documented properties whose texts tell nothing of a customer; by folded name, as all below."""
NAMES: Final = frozenset({"customername", "companyname", "name", "friendlyname", "subscriptionname"})
DOMAINS: Final = frozenset({"domain"})
IDS: Final = frozenset(
    {
        *("id", "customerid", "tenantid", "customertenantid", "partnertenantid", "partnerid", "mpnid"),
        *("subscriptionid", "reservationorderid", "reservationid", "consumptionmeterid"),
    }
)
ADDRESSES: Final = frozenset({"uri", "@nextlink"})
OPAQUE: Final = frozenset({"value", "etag", "keywordsearchtext"})
"""Tokens and versions: only the service can read them."""
PROSE: Final = frozenset({"description", "message", "data"})
"""Free text: stays where the documentation has the same, numbers aside."""

_DIGITS: Final = re.compile(r"[0-9]+")
_OTHERS: Final = re.compile(r"[^0-9]")
_PROPERTY: Final = re.compile(r"[a-z@$_][A-Za-z0-9@$_.-]{0,63}")
"""A name that a property may have; one that starts with a capital may be a customer's."""
_VERSION: Final = re.compile(r"v[0-9.]+")


class Anonymizer:
    """Texts, addresses and bodies without customers, under one key."""

    def __init__(self, key: bytes, catalogue: Catalogue) -> None:
        self._key = key
        self._pseudonyms = Pseudonyms(key)
        self._catalogue = catalogue
        self._treatments: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(UNCHANGED, self._without_guids),
            **dict.fromkeys(NAMES | IDS, self.name),
            **dict.fromkeys(DOMAINS, self.domain),
            **dict.fromkeys(ADDRESSES, self.uri),
            **dict.fromkeys(OPAQUE, self.opaque),
            **dict.fromkeys(PROSE, self._prose),
        }

    @property
    def key_check(self) -> str:
        """Equal for two recordings with one key; does not give the key away."""
        return self._digest("proof", "")[:16]

    def body(self, value: JsonValue) -> JsonValue:
        """A body, in the same shape and order."""
        return self._value(value, None, known=True)

    def name(self, text: str) -> str:
        """The pseudonym of a name or id; a GUID for a GUID."""
        return self._pseudonyms.guid(text) if GUID.fullmatch(text) else self._pseudonyms.name(text)

    def domain(self, text: str) -> str:
        """The pseudonym of a domain, under the reserved TLD."""
        return f"{self._pseudonyms.name(text)}.example"

    def opaque(self, text: str) -> str:
        """What stands in the place of a secret text: GUIDs stay GUIDs, an empty one empty."""
        if GUID.fullmatch(text):
            return self._pseudonyms.guid(text)
        return f"text-{self._digest('text', text)[:16]}" if text else text

    def uri(self, text: str) -> str:
        """A link as a path of this API, on no host: the words of documented paths stay."""
        parts = urlsplit(text)
        path = "/".join(self._segment(segment) for segment in parts.path.split("/"))
        query = urlencode(self.query(dict(parse_qsl(parts.query, keep_blank_values=True))))
        return f"{path}?{query}" if query else path

    def query(self, query: Mapping[str, str]) -> dict[str, str]:
        """A query; values of documented parameters stay where they are numbers or documented words."""
        return {
            name if name in self._parameters else self.opaque(name): value
            if name in self._parameters and (value.isdigit() or value in self._parameters[name])
            else self.opaque(value)
            for name, value in query.items()
        }

    def _value(self, value: JsonValue, treat: Callable[[str], str] | None, *, known: bool) -> Any:
        if isinstance(value, dict):
            return dict(self._member(name, member, known=known) for name, member in value.items())
        if isinstance(value, list):
            return [self._value(item, treat, known=known) for item in value]
        if isinstance(value, str):
            return treat(value) if treat is not None else self.opaque(value)
        if isinstance(value, bool) or value is None or (known and treat in (None, self._without_guids)):
            return value
        return self._number(value)

    def _member(self, name: str, value: JsonValue, *, known: bool) -> tuple[str, Any]:
        folded = name.casefold()
        if known and folded in self._documented:
            return name, self._value(value, self._treatments.get(folded), known=True)
        shown = name if _PROPERTY.fullmatch(name) and not GUID.search(name) else self.opaque(name)
        return shown, self._value(value, self.opaque, known=False)

    def _number(self, value: float) -> float:
        """As many digits, others: where a name or anything undocumented may be, so may a telephone number."""
        digits = len(_OTHERS.sub("", repr(value)))
        number: int = int(self._digest("number", repr(value)), 16) % 10 ** min(digits, 15)
        return number

    def _without_guids(self, text: str) -> str:
        return GUID.sub(lambda found: self._pseudonyms.guid(found[0]), text)

    def _prose(self, text: str) -> str:
        return text if _DIGITS.sub("0", text) in self._sentences else self.opaque(text)

    def _segment(self, segment: str) -> str:
        if not segment or segment in self._words or _VERSION.fullmatch(segment):
            return segment
        return self.name(segment)

    @cached_property
    def _documented(self) -> frozenset[str]:
        """Every documented property, folded, and those of a link's headers, which only samples show."""
        return frozenset(name.casefold() for name in documented_properties(self._catalogue)) | {
            "key",
            "value",
        }

    @cached_property
    def _sentences(self) -> frozenset[str]:
        """What documented refusals say, and the parameters they may name."""
        cases = self._catalogue.error_cases.values()
        said = [text for case in cases for text in refusal_body(case).values() if isinstance(text, str)]
        named = [
            name for each in self._catalogue.operations.values() for name in (*each.query, *each.parameters)
        ]
        return frozenset(_DIGITS.sub("0", text) for text in (*said, *named))

    @cached_property
    def _words(self) -> frozenset[str]:
        """The words of documented paths."""
        paths = (each.path for each in self._catalogue.operations.values())
        return frozenset(word for path in paths for word in path.split("/") if "{" not in word)

    @cached_property
    def _parameters(self) -> dict[str, frozenset[str]]:
        """Documented query parameters, with their documented words."""
        return {
            name: frozenset(map(str, schema.get("enum", ())))
            for each in self._catalogue.operations.values()
            for name, schema in each.query.items()
        }

    def _digest(self, kind: str, text: str) -> str:
        return hmac.new(
            self._key, f"recording {kind}:{text}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()


def documented_properties(catalogue: Catalogue) -> Iterator[str]:
    """The names of all properties that the contract's schemas have, nested ones among them."""
    pending: list[Any] = [resource.schema for resource in catalogue.resources.values()]
    while pending:
        schema = pending.pop()
        properties = schema.get("properties", {})
        yield from properties
        pending += [each for each in properties.values() if isinstance(each, dict)]
