"""All entries → OwnData; what rows say of each other is looked at here."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec.structs import replace

from partner_insights.contract.formats import GUID
from partner_insights.world.calendar import DATASETS, MAX_LAG
from partner_insights.world.customer_ids import guid
from partner_insights.world.hashing import field_key
from partner_insights.world.own.agreement import check_rows, check_texts
from partner_insights.world.own.cells import text_problem
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.columns_of_data import SNAPSHOT
from partner_insights.world.own.data import OwnData, RawCell
from partner_insights.world.own.folding import folded_uses, in_order
from partner_insights.world.own.licence_keys import licences_of
from partner_insights.world.own.table import LEFT_OUT, NOBODY, PERCENT, LicenceTable, UseTable
from partner_insights.world.own.texts import Texts, same_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.world.calendar import Calendar
    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.entries import Given, Interned

_OF_DEPLOYMENT: Final = ("licensesSold", "licensesDeployed", "deploymentPercent")
_OF_USE: Final = ("licensesQualified", "licensesActive", "usagePercent", "workloadName", "workloadCode")


def finished(given: Given, calendar: Calendar) -> tuple[OwnData, list[str]]:
    """The data, and the ids of customers of whom nothing but that they are was said. InputError."""
    customer_of, ids, names, domains = _customers(given)
    texts, codes = _texts(given)
    licences, entry, texts = licences_of(given, customer_of, codes["services"], texts)
    about = _About(given, licences, texts, ids)
    _enter_product_ids(given, licences, entry, codes["product_ids"], texts)
    behind = _behind(given, calendar)
    _enter_deployment(given, licences, entry, about)
    uses = _uses(given, licences, entry, codes["workloads"], about)
    licences.fills[uses.licence] = False  # who names one workload, names all
    licences, uses = in_order(licences, uses, texts)
    if given.scale != PERCENT:
        licences = replace(licences, percent=np.round(licences.percent * (PERCENT / given.scale), 10))
        uses = replace(uses, percent=np.round(uses.percent * (PERCENT / given.scale), 10))
    data = OwnData(
        ids=tuple(ids),
        names=tuple(names),
        domains=tuple(domains),
        made=np.full(len(ids), NOBODY, dtype=np.int64),
        licences=licences,
        uses=uses,
        texts=texts,
        raw=about.raw(),
        behind=behind,
        notes=tuple((about.customers.get(row, ""), words) for row, words in given.notes),
    )
    return data, _alone(given, customer_of, data)


class _About:
    """What the rows with something invalid are about."""

    def __init__(self, given: Given, licences: LicenceTable, texts: Texts, ids: list[str]) -> None:
        self.texts = texts
        self.ids = ids
        self._given = given
        self._licences = licences
        self.customers: dict[int, str] = {}
        self._raw: list[RawCell] = []

    def look(self, rows: Integers, licence: Integers, workload: Integers | None = None) -> None:
        """Find those among rows of deployment, or of use where the workloads are given."""
        noted = {row for row, _ in self._given.notes}
        if not noted:
            return
        licences, names = self._licences, self.texts.products
        at = {int(rows[place]): place for place in np.flatnonzero(np.isin(rows, list(noted))).tolist()}
        for row, place in at.items():
            self.customers[row] = self.ids[int(licences.customer[licence[place]])]
        for row, name, value in self._given.raw:
            if row not in at or name in (_OF_USE if workload is None else _OF_DEPLOYMENT):
                continue
            of, place = int(licence[at[row]]), at[row]
            used = None if workload is None else self.texts.workloads[int(workload[place])][0]
            product = names[int(licences.product[of])]
            self._raw.append(RawCell(self.customers[row], product, used, name, value))

    def raw(self) -> tuple[RawCell, ...]:
        """The cells that show as they were given."""
        return tuple(self._raw)


def _text(value: Any) -> str:
    """A text, or what is shown of a cell that is none and was taken on purpose."""
    return value if isinstance(value, str) else "" if value is MISSING or value is None else repr(value)


def _texts(given: Given) -> tuple[Texts, dict[str, Integers]]:
    """What the codes mean; of what can be written in more than one way, which code each becomes."""
    found: dict[str, list[Any]] = {
        "services": [(name, code or name) for name, code in _named(given.services, {})],
        "workloads": _named(
            given.workloads, {each.code.casefold(): each.name for each in given.products.workloads}
        ),
        "product_ids": [_text(key[0]).upper() for key in given.product_ids.codes],
    }
    distinct = {name: list(dict.fromkeys(texts)) for name, texts in found.items()}
    codes: dict[str, Integers] = {
        name: np.array([*map({text: at for at, text in enumerate(distinct[name])}.get, texts), -1], np.int32)
        for name, texts in found.items()
    }
    return Texts(
        products=tuple(_text(key[0]) for key in given.names.codes),
        channels=tuple(_text(key[0]) for key in given.channels.codes),
        processed=tuple(_text(key[0]) for key in given.times.codes),
        **{name: tuple(texts) for name, texts in distinct.items()},
    ), codes


def _named(interned: Interned, names: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Names and codes: a name without a code has that of the same name, a code without a name its own.

    `names`: by known codes, folded. A code in the place of a name, alone, means the name.
    """
    given = [(_text(name), _text(code)) for name, code in interned.codes]
    texts = [
        (name if name and code else names.get((name or code).casefold(), name or code), code)
        for name, code in given
    ]
    coded = {name: code for name, code in texts if code}
    return [(name, code or coded.get(name)) for name, code in texts]


def _enter_product_ids(
    given: Given, licences: LicenceTable, entry: Integers, codes: Integers, texts: Texts
) -> None:
    """The ids that were given for products; a problem where a licence has two."""
    tables = (given.deployment, given.use)
    columns = [each.joined("product_id") for each in tables]
    if not texts.product_ids:
        return
    column = codes[np.concatenate(columns)]
    licence = entry[np.concatenate([each.column("key") for each in tables])]
    row = np.concatenate([each.column("row") for each in tables])
    of = "the licence's other rows (PI220 one-meaning)"
    check_texts(given, licence, column, row, texts.product_ids, "productId", of)
    _put(licences.product_id, licence, column, column >= 0)


def _behind(given: Given, calendar: Calendar) -> tuple[int, int] | None:
    """How much further than made rows those of each dataset lie behind the day; None where not said."""
    if not given.snapshots.codes and not given.is_all:
        return None
    newer, older = _days(given.snapshots, SNAPSHOT, given), _days(given.times, "processedDateTime", given)
    found: list[int | None] = []
    for dataset, entries in zip(DATASETS, (given.deployment, given.use), strict=True):
        codes = entries.joined("snapshot")
        if newer:
            of = "the other rows: the newer operations tell of one day, and earlier ones follow from it"
            together = np.zeros(len(codes), dtype=np.int64)
            check_texts(given, together, codes, entries.column("row"), newer, SNAPSHOT, of)
        days = [day for code in _present(codes) if (day := newer[code])]
        if not days and given.is_all:  # of older rows alone only what no service is late by says so
            told = (older[code] for code in _present(entries.column("processed")))
            latest = max(filter(None, told), default=given.as_of)
            days = [latest] if (given.as_of - latest).days > MAX_LAG else []
        found.append((calendar.processed_day(dataset) - days[0]).days if days else None)
    deployment, use = found
    if deployment is None:
        return None if use is None else (use, use)
    return deployment, deployment if use is None else use


def _present(codes: Integers) -> list[int]:
    """The codes that there are, −1 left out."""
    present = np.zeros(codes.max(initial=-1) + 2, dtype=np.bool_)
    present[codes] = True
    found: list[int] = np.flatnonzero(present[:-1]).tolist()
    return found


def _days(interned: Interned, column: str, given: Given) -> list[date | None]:
    """The day of each time; None of one that was taken on purpose although it is none."""
    return [
        None if text_problem(column, text, given.as_of) else date.fromisoformat(text[:10])
        for (text,) in interned.codes
    ]


def _customers(given: Given) -> tuple[Integers, list[str], list[str], list[str | None]]:
    """Of each code the customer; of each customer id, name and domain, in the order of their first rows."""
    keys = list(given.customers.codes)
    ids: list[str | None] = [_id(key[0]) for key in keys]
    ids_of_name = _ids_of({key[1] for key, one in zip(keys, ids, strict=True) if one is None}, keys, ids)
    column_of = {"name": "customerName", "domain": "domain"}
    position: dict[str, int] = {}
    names: list[str] = []
    domains: list[str | None] = []
    codes = np.empty(len(keys), dtype=np.int64)
    for code, ((_, name, domain, _), one) in enumerate(zip(keys, ids, strict=True)):
        if one is None:  # known by name alone: one of this name, or one more
            same = ids_of_name.get(name, set())
            one = next(iter(same)) if len(same) == 1 else id_of(_text(name))
        place = codes[code] = position.setdefault(one, len(names))
        if place == len(names):
            names.append(_text(name))
            domains.append(_text(domain) or None)
            continue
        for column, words, value in ((names, "name", _text(name)), (domains, "domain", _text(domain))):
            if value and column[place] and column[place] != value:
                told = f"{value!r} is another {words} than {column[place]!r}, which {one} has had"
                given.problem(given.first_row[code], column_of[words], told)
            elif value:
                column[place] = value
    for one, place in position.items():
        names[place] = names[place] or f"Customer {one[:8]}"
    given.forget_customers()
    return codes, list(position), names, domains


def _id(value: Any) -> str | None:
    if not isinstance(value, str) or GUID.fullmatch(value) is None:
        return None
    return value if value.islower() else value.lower()  # most are, and a copy of each takes memory


def _ids_of(names: set[Any], keys: list[tuple[Any, ...]], ids: list[str | None]) -> dict[Any, set[str]]:
    """The ids that are given with each of some names."""
    found: dict[Any, set[str]] = {}
    for key, one in zip(keys, ids, strict=True) if names else ():
        if one is not None and key[1] in names:
            found.setdefault(key[1], set()).add(one)
    return found


def id_of(name: str) -> str:
    """The id of a customer of whom no more than the name was given: everywhere the same."""
    return guid(field_key(0, "given customer", name), field_key(1, "given customer", name))


def _enter_deployment(given: Given, licences: LicenceTable, entry: Integers, about: _About) -> None:
    """Sold and deployed into their licences; a problem where two rows about one do not agree."""
    if not given.deployment:
        return
    column = given.deployment.joined
    licence, row, processed = entry[column("key")], column("row"), column("processed", np.int32)
    _enter_counts(given, licences, licence, row, _days_of(processed, about.texts))
    _check_times(given, licences, licence, processed, row, about.texts)
    about.look(row, licence)
    _put(licences.processed, licence, processed, processed >= 0)
    licences.is_row[licence] = True


def _enter_counts(
    given: Given, licences: LicenceTable, licence: Integers, row: Integers, days: Callable[[int], str]
) -> None:
    """Sold, deployed and percents into their licences."""
    column = given.deployment.joined
    sold, deployed, percent = column("sold"), column("deployed"), column("percent", np.float64)
    counts = {"licensesSold": sold, "licensesDeployed": deployed}
    check_rows(given, licence, row, column("source"), days, counts, short=True)
    _put(licences.sold, licence, sold, sold != LEFT_OUT)
    _put(licences.deployed, licence, deployed, deployed != LEFT_OUT)
    _put(licences.percent, licence, percent, ~np.isnan(percent))


def _uses(
    given: Given, licences: LicenceTable, entry: Integers, workloads: Integers, about: _About
) -> UseTable:
    """The uses of the licences; a problem where two rows do not agree, or more is active than sold."""
    if not given.use:
        return UseTable.nothing()
    column, texts = given.use.joined, about.texts
    row = column("row")
    uses = UseTable(
        licence=entry[column("key")],
        workload=workloads[column("workload", np.int32)],
        qualified=column("qualified"),
        active=column("active"),
        percent=column("percent", np.float64),
        processed=column("processed", np.int32),
    )
    same_name = texts.same_workload
    counts = {"licensesQualified": uses.qualified, "licensesActive": uses.active}
    use = uses.licence * max(len(same_name), 1) + same_name[uses.workload]
    days = _days_of(uses.processed, texts)
    again = check_rows(given, use, row, column("source"), days, counts, short=False)
    sold = licences.sold[uses.licence]
    over = (uses.qualified == LEFT_OUT) & (sold != LEFT_OUT) & (uses.active > sold)
    for at in np.flatnonzero(over).tolist():
        words = f"{uses.active[at]} active licences are more than the {sold[at]} sold"
        workload = texts.workloads[uses.workload[at]][0]
        place = given.named(int(row[at]), "licensesActive", workload)
        given.problem(int(row[at]), place, f"{words} (PI205 active-within-qualified)")
    _check_times(given, licences, uses.licence, uses.processed, row, texts)
    about.look(row, uses.licence, uses.workload)
    return uses if again is None else folded_uses(uses, np.where(again, -1 - np.arange(len(use)), use))


def _days_of(processed: Integers, texts: Texts) -> Callable[[int], str]:
    """The day that an entry was processed on, by its number; empty where that was not given."""
    return lambda at: "" if processed[at] < 0 else texts.processed[processed[at]][:10]


def _check_times(
    given: Given, licences: LicenceTable, licence: Integers, processed: Integers, row: Integers, texts: Texts
) -> None:
    """One processing time for a customer's rows of a service in one answer."""
    if not texts.processed:
        return
    service = same_names([name for name, _ in texts.services])
    group = licences.customer[licence] * len(service) + service[licences.service[licence]]
    of = "the customer's other rows of the service (PI213 one-date-per-service)"
    check_texts(given, group, processed, row, texts.processed, "processedDateTime", of)


def _put(target: Any, place: Integers, values: Any, mask: Any) -> None:
    if mask.all():  # most often, and a copy of a million rows takes memory
        target[place] = values
    else:
        target[place[mask]] = values[mask]


def _alone(given: Given, customer_of: Integers, data: OwnData) -> list[str]:
    """Customers whose licences were left out, so that they are drawn."""
    if not given.alone:
        return []
    has = set(data.licences.customer.tolist())
    complete = given.api_deployment or given.api_use
    lone = {
        int(customer_of[code]): on_purpose or (complete and given.api_customers)
        for code, (_, on_purpose) in given.alone.items()
    }
    return [data.ids[place] for place, none in lone.items() if not none and place not in has]
