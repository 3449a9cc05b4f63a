"""All entries → OwnData; what rows say of each other is looked at here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec.structs import replace

from partner_insights.contract.formats import GUID
from partner_insights.world.customer_ids import guid
from partner_insights.world.hashing import field_key
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.table import (
    LEFT_OUT,
    NOBODY,
    LicenceTable,
    OwnData,
    RawCell,
    Texts,
    UseTable,
    in_order,
    licence_groups,
)
from partner_insights.world.products import O365

if TYPE_CHECKING:
    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.entries import Given

_OF_DEPLOYMENT: Final = ("licensesSold", "licensesDeployed", "deploymentPercent")
_OF_USE: Final = ("licensesQualified", "licensesActive", "usagePercent", "workloadName", "workloadCode")


def finished(given: Given) -> tuple[OwnData, list[str]]:
    """The data, and the ids of customers of whom nothing but that they are was said. InputError."""
    customer_of, ids, names, domains = _customers(given)
    texts = _texts(given)
    keys = {name: given.keys.joined(name) for name in ("customer", "product", "service", "channel")}
    short = given.keys.joined("short", np.bool_)
    count = len(short)
    service, texts = _services(given, texts, keys["product"], keys["service"])
    licences = LicenceTable(
        customer=customer_of[keys["customer"]],
        product=keys["product"],
        service=service,
        channel=keys["channel"],
        sold=np.full(count, LEFT_OUT),
        deployed=np.full(count, LEFT_OUT),
        percent=np.full(count, np.nan),
        processed=np.full(count, -1, dtype=np.int32),
        is_row=np.full(count, not given.api_deployment) & ~short,
        fills=short | (not given.api_use),
    )
    licences, entry = licence_groups(licences, texts)
    about = _About(given, licences, texts, ids)
    _enter_deployment(given, licences, entry, about)
    uses = _uses(given, licences, entry, about)
    licences.fills[uses.licence] = False  # who names one workload, names all
    licences, uses = in_order(licences, uses, texts)
    data = OwnData(
        ids=tuple(ids),
        names=tuple(names),
        domains=tuple(domains),
        made=np.full(len(ids), NOBODY, dtype=np.int64),
        licences=licences,
        uses=uses,
        texts=texts,
        raw=about.raw(),
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


def _texts(given: Given) -> Texts:
    return Texts(
        products=tuple(_text(key[0]) for key in given.names.codes),
        services=tuple((_text(name), _text(code) or _text(name)) for name, code in given.services.codes),
        channels=tuple(_text(key[0]) for key in given.channels.codes),
        workloads=tuple((_text(name), _text(code) or None) for name, code in given.workloads.codes),
        processed=tuple(_text(key[0]) for key in given.times.codes),
    )


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
    return value.lower() if isinstance(value, str) and GUID.fullmatch(value) else None


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


def _services(given: Given, texts: Texts, product: Integers, service: Integers) -> tuple[Integers, Texts]:
    """The service of each licence; left out, it is that of the product elsewhere, or in the catalogue."""
    left = service < 0
    if not left.any():
        return service, texts
    known = dict(zip(product[~left].tolist(), service[~left].tolist(), strict=True))
    services = {each: place for place, each in enumerate(texts.services)}
    for code in np.unique(product[left]).tolist():
        if code not in known:
            sold = given.products.by_name.get(texts.products[code].casefold())
            name = (O365 if sold is None else sold.service).code
            known[code] = services.setdefault((name, name), len(services))
    filled = service.copy()
    filled[left] = [known[code] for code in product[left].tolist()]
    return filled, replace(texts, services=tuple(services))


def _enter_deployment(given: Given, licences: LicenceTable, entry: Integers, about: _About) -> None:
    """Sold and deployed into their licences; a problem where a licence is given twice."""
    licence, row = entry[given.deployment.joined("key")], given.deployment.joined("row")
    short = given.deployment.joined("short", np.bool_)
    sold, deployed = given.deployment.joined("sold"), given.deployment.joined("deployed")
    percent = given.deployment.joined("percent", np.float64)
    processed = given.deployment.joined("processed", np.int32)
    for first, second in _twice(licence):
        if not (short[first] and short[second]):
            _complain_twice(given, row[first], row[second])
            continue
        for name, column in (("sold", sold), ("deployed", deployed)):  # a line for each workload repeats them
            before, after = column[first], column[second]
            if LEFT_OUT not in (before, after) and before != after:
                words = f"{after} is not the {before} of {given.place(int(row[first]), name)}"
                given.problem(int(row[second]), name, f"{words} (PI203 unique-rows)")
    _check_times(given, licences, licence, processed, row, about.texts)
    about.look(row, licence)
    _put(licences.sold, licence, sold, sold != LEFT_OUT)
    _put(licences.deployed, licence, deployed, deployed != LEFT_OUT)
    _put(licences.percent, licence, percent, ~np.isnan(percent))
    _put(licences.processed, licence, processed, processed >= 0)
    licences.is_row[licence] = True


def _uses(given: Given, licences: LicenceTable, entry: Integers, about: _About) -> UseTable:
    """The uses of the licences; a problem where one is given twice, or more is active than sold."""
    licence, row, texts = entry[given.use.joined("key")], given.use.joined("row"), about.texts
    uses = UseTable(
        licence=licence,
        workload=given.use.joined("workload", np.int32),
        qualified=given.use.joined("qualified"),
        active=given.use.joined("active"),
        percent=given.use.joined("percent", np.float64),
        processed=given.use.joined("processed", np.int32),
    )
    same_name = _by_name(texts.workloads)
    for first, second in _twice(licence * len(same_name) + same_name[uses.workload]):
        _complain_twice(given, row[first], row[second])
    sold = licences.sold[licence]
    over = (uses.qualified == LEFT_OUT) & (sold != LEFT_OUT) & (uses.active > sold)
    for at in np.flatnonzero(over).tolist():
        words = f"{uses.active[at]} active licences are more than the {sold[at]} sold"
        given.problem(int(row[at]), "active", f"{words} (PI205 active-within-qualified)")
    _check_times(given, licences, licence, uses.processed, row, texts)
    about.look(row, licence, uses.workload)
    return uses


def _complain_twice(given: Given, first: Any, second: Any) -> None:
    words = f"says the same as {given.place(int(first))}: customer, product and channel (PI203 unique-rows)"
    given.problem(int(second), None, words)


def _check_times(
    given: Given, licences: LicenceTable, licence: Integers, processed: Integers, row: Integers, texts: Texts
) -> None:
    """One processing time for a customer's rows of a service in one answer."""
    known = np.flatnonzero(processed >= 0)
    service = _by_name(texts.services)
    held = licence[known]
    group = licences.customer[held] * len(service) + service[licences.service[held]]
    codes = processed[known]
    first = np.empty(group.max(initial=0) + 1, dtype=codes.dtype)
    first[group[::-1]] = codes[::-1]  # of several values for one place the last stays
    for at in np.flatnonzero(codes != first[group]).tolist():
        one, other = texts.processed[first[group[at]]], texts.processed[codes[at]]
        words = f"{other!r} is not the {one!r} of the customer's other rows of the service"
        given.problem(int(row[known[at]]), "processedDateTime", f"{words} (PI213 one-date-per-service)")


def _by_name(texts: tuple[tuple[str, Any], ...]) -> Integers:
    """Of each text with a code a number that all of its name share."""
    places = {name: at for at, name in enumerate(dict.fromkeys(name for name, _ in texts))}
    return np.array([places[name] for name, _ in texts] or [0])


def _twice(key: Integers) -> list[tuple[int, int]]:
    """Entries about one and the same: each with the one before it."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    return list(zip(order[again].tolist(), order[again + 1].tolist(), strict=True))


def _put(target: Any, place: Integers, values: Any, mask: Any) -> None:
    target[place[mask]] = values[mask]


def _alone(given: Given, customer_of: Integers, data: OwnData) -> list[str]:
    """Customers whose licences were left out, so that they are drawn."""
    has = set(np.unique(data.licences.customer).tolist())
    complete = given.api_deployment or given.api_use
    lone = {
        int(customer_of[code]): on_purpose or (complete and given.api_customers)
        for code, (_, on_purpose) in given.alone.items()
    }
    return [data.ids[place] for place, none in lone.items() if not none and place not in has]
