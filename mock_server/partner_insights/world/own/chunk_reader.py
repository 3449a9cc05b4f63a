"""One chunk of given rows → entries: codes of texts, counts and percents, looked at as whole columns.

A row is about a licence (product, sold, deployed), about the use of one (workload, active), about both, or
about a customer alone. Texts are looked at once for all rows that share them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from partner_insights.errors import InputError
from partner_insights.world.own import cells
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.columns_of_data import (
    ACTIVE,
    COUNTS,
    LICENSES,
    OBJECT_TYPE,
    OF_PARTNER,
    PERCENTS,
    api_name,
)
from partner_insights.world.own.table import LEFT_OUT

if TYPE_CHECKING:
    import numpy.typing as npt

    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.entries import Given, Interned

CUSTOMER: Final = ("customerId", "customerName", "domain", "tenantId")
_RATIOS: Final = (
    ("deploymentPercent", "licensesDeployed", "licensesSold", "PI204 deployed-within-sold"),
    ("usagePercent", "licensesActive", "licensesQualified", "PI205 active-within-qualified"),
)
"""Percent, part, whole, and the rule that holds the part within the whole."""
_TYPES: Final = {
    "CustomerLicensesDeploymentInsights": "licensesSold",
    "CustomerLicensesUsageInsights": "workloadName",
    "PartnerLicensesDeploymentInsights": "proratedDeploymentPercent",
    "PartnerLicensesUsageInsights": "proratedLicensesUsagePercent",
    "Customer": "customerName",
}
"""`objectType` of a row → a column that such a row has."""
_NOTHING: Final = (MISSING, "")

_CheckText: TypeAlias = Callable[[int, tuple[Any, ...]], None]


class ChunkReader:
    """Reads one chunk."""

    def __init__(self, given: Given, chunk: Chunk) -> None:
        self._given = given
        self._chunk = chunk
        self._first = given.begin(chunk)
        self._rows = np.arange(self._first, self._first + len(chunk))
        self._absent = "" if chunk.is_text else MISSING
        self._columns: dict[str, list[Any]] = {}
        self._named: dict[str, list[str]] = {}
        """The API's name of each column → the names it has in the file."""
        for name, values in chunk.columns.items():
            known = api_name(name, chunk.place(-1 if chunk.is_text else 0, name))
            if known is None:
                continue
            self._named.setdefault(known, []).append(name)
            self._columns[known] = self._either(known, values) if known in self._columns else values

    def read(self) -> None:
        """Enter everything; InputError for the first cell that cannot be."""
        given = self._given
        self._check_types()
        for row, cell in enumerate(self._chunk.columns.get("attributes", ())):
            if cell not in _NOTHING:
                self._problem(row, "attributes", "names no resource as its objectType (type)")
        self._set_partner_aside()
        if not len(self._rows):
            return
        is_api = "productName" in self._named.get("productName", ()) or OBJECT_TYPE in self._columns
        customer = self._codes(given.customers, CUSTOMER, self._check_customer)
        texts = [
            customer,
            self._codes(given.names, ("productName",)),
            self._codes(given.services, ("serviceName", "serviceCode")),
            self._codes(given.channels, ("channel",)),
        ]
        is_licence = texts[1] >= 0
        self._enter_customers(customer, np.flatnonzero(~is_licence))
        at = np.flatnonzero(is_licence)
        if len(at):
            self._enter_licences(at, [each[at] for each in texts], is_api)

    def _either(self, known: str, values: list[Any]) -> list[Any]:
        """Two columns of one meaning, of which a row has the one or the other."""
        merged = []
        for at, (one, other) in enumerate(zip(self._columns[known], values, strict=True)):
            if one is not self._absent and other is not self._absent and one != other:
                names = self._named[known]
                words = f"{one!r} and {other!r} are given for one thing, {' and '.join(names)}"
                raise InputError(
                    words, where=self._chunk.place(at, names[-1]), remedy="leave one of them out"
                )
            merged.append(other if one is self._absent or one == "" else one)
        return merged

    def _set_partner_aside(self) -> None:
        columns = self._columns
        partner = {at for name in OF_PARTNER if name in columns for at in _given(columns[name])}
        if not partner:
            return
        self._given.partner.append((self._chunk, sorted(partner), columns))
        rest = [at for at in range(len(self._chunk)) if at not in partner]
        self._columns = {name: [values[at] for at in rest] for name, values in columns.items()}
        self._rows = self._rows[rest]

    def _enter_licences(self, at: Integers, texts: list[Integers], is_api: bool) -> None:
        given = self._given
        values = {name: self._counts(name)[at] for name in COUNTS}
        percents = {name: self._percents(name)[at] for name in PERCENTS}
        processed = self._codes(given.times, ("processedDateTime",))[at].astype(np.int32)
        workload = self._codes(given.workloads, ("workloadName", "workloadCode"))[at]
        is_use = workload >= 0
        for percent, part, whole, rule in _RATIOS:
            self._check_ratio(at, percents[percent], values, (percent, part, whole), rule)
        self._check_strays(at[~is_use], {name: values[name][~is_use] for name in COUNTS[2:]})
        sold, deployed = values["licensesSold"], values["licensesDeployed"]
        is_row = ~is_use | (sold != LEFT_OUT) | (deployed != LEFT_OUT)
        is_row |= ~np.isnan(percents["deploymentPercent"])
        if is_api:
            given.api_deployment |= bool(is_row.any())
            given.api_use |= bool(is_use.any())
        rows = self._rows[at]
        key = self._enter_keys(texts, is_api)
        given.deployment.add(
            key=key[is_row], sold=sold[is_row], deployed=deployed[is_row], row=rows[is_row],
            percent=percents["deploymentPercent"][is_row], processed=processed[is_row],
            short=np.full(int(is_row.sum()), not is_api),
        )  # fmt: skip
        given.use.add(
            key=key[is_use], workload=workload[is_use].astype(np.int32), row=rows[is_use],
            qualified=values["licensesQualified"][is_use], active=values["licensesActive"][is_use],
            percent=percents["usagePercent"][is_use], processed=processed[is_use],
        )  # fmt: skip
        for name in self._columns:
            if name.startswith(ACTIVE):
                self._enter_active(name, at, key, values["licensesQualified"])

    def _enter_keys(self, texts: list[Integers], is_api: bool) -> Integers:
        """Each licence of the chunk once; the number of each row's."""
        given = self._given
        combined = texts[0]
        for codes in texts[1:]:
            combined = combined * (int(codes.max()) + 2) + codes + 1
        _, first, entry = np.unique(combined, return_index=True, return_inverse=True)
        customer, product, service, channel = (each[first].astype(np.int32) for each in texts)
        short = np.full(len(first), not is_api)
        given.keys.add(customer=customer, product=product, service=service, channel=channel, short=short)
        given.key_count += len(first)
        return entry + (given.key_count - len(first))

    def _enter_active(self, name: str, at: Integers, key: Integers, qualified: Integers) -> None:
        """The column of one workload's active licences."""
        active, workload = self._counts(name)[at], name.removeprefix(ACTIVE)
        wrong = cells.text_problem("workloadName", workload, self._given.as_of)
        if wrong is not None:
            raise InputError(f"the workload {wrong}", where=self._chunk.place(0, self._named[name][0]))
        used = active != LEFT_OUT
        count = int(used.sum())
        ((code, *_), _) = self._given.workloads.of([[workload], None], self._absent)
        self._given.use.add(
            key=key[used], workload=np.full(count, code, dtype=np.int32), row=self._rows[at][used],
            qualified=qualified[used], active=active[used],
            percent=np.full(count, np.nan), processed=np.full(count, -1, dtype=np.int32),
        )  # fmt: skip

    def _enter_customers(self, customer: Integers, alone: Integers) -> None:
        """Whom the rows are about; those of whom a row speaks without a product."""
        given = self._given
        codes, first = np.unique(customer, return_index=True)
        given.first_row += self._rows[first[codes >= len(given.first_row)]].tolist()
        if not len(alone):
            return
        given.api_customers |= "companyProfile.companyName" in self._named.get("customerName", ())
        licences = [name for name in (*COUNTS, *PERCENTS, "workloadName") if name in self._columns]
        none = self._columns.get(LICENSES)
        for at in alone.tolist():
            if any(self._columns[name][at] not in _NOTHING for name in licences):
                self._problem(at, "productName", "is missing: of which product are these licences?")
                continue
            on_purpose = none is not None and none[at] is not MISSING
            given.alone.setdefault(int(customer[at]), (int(self._rows[at]), on_purpose))

    def _codes(self, interned: Interned, names: Sequence[str], check: _CheckText | None = None) -> Integers:
        """The code of each row's texts; −1 where the first of them is left out, but for customers."""
        count = len(self._rows)
        if check is None and not any(name in self._columns for name in names):
            return np.full(count, -1, dtype=np.int64)
        columns = [self._columns.get(name) for name in names]
        if not any(column is not None for column in columns):
            columns[0] = [self._absent] * count
        try:
            codes, new = interned.of(columns, self._absent)
        except TypeError:  # a list or an object, where a text belongs
            told = [None if each is None else list(map(hashable, each)) for each in columns]
            codes, new = interned.of(told, self._absent)
        if new:
            self._check_texts(interned, names, codes, new, check)
        array = np.array(codes, dtype=np.int64)
        if check is None and interned.nothing:
            array[np.isin(array, list(interned.nothing))] = -1
        return array

    def _check_texts(
        self,
        interned: Interned,
        names: Sequence[str],
        codes: list[int],
        new: list[tuple[Any, ...]],
        check: _CheckText | None,
    ) -> None:
        """Look at the texts that are new."""
        if all(
            cells.are_plain(name, {key[place] for key in new} - {self._absent})
            for place, name in enumerate(names)
        ) and (check is None or all(map(_is_told_apart, new))):
            return
        first = dict(zip(reversed(codes), range(len(codes) - 1, -1, -1), strict=True))
        for key in new:
            wrong = [
                (name, value, words)
                for name, value in zip(names, key, strict=True)
                if value != self._absent
                and (words := cells.text_problem(name, value, self._given.as_of)) is not None
            ]
            if not wrong and check is None:
                continue
            code = interned.codes[key]
            for name, value, words in wrong:
                self._problem(first[code], name, words, value)
                for at in range(first[code] + 1, len(codes)):  # of those that are taken on purpose each shows
                    if codes[at] == code:
                        self._problem(at, name, words, value)
            if check is not None:
                check(first[code], key)

    def _check_customer(self, at: int, key: tuple[Any, ...]) -> None:
        customer_id, name, _, tenant = key
        if customer_id in _NOTHING and name in _NOTHING:
            self._problem(at, "customerName", "is missing: whose row is it?")
        if tenant not in _NOTHING and tenant != customer_id:
            self._problem(at, "tenantId", f"{tenant!r} is not the id of the customer")

    def _check_types(self) -> None:
        """The objectType of each row: a resource whose properties it has."""
        column = self._columns.get(OBJECT_TYPE, [])
        try:
            kinds = set(column)
        except TypeError:
            kinds = set(map(hashable, column))
        for kind in kinds - {MISSING, ""}:
            wanted = _TYPES.get(kind) if isinstance(kind, str) else None
            has = self._columns.get(wanted or "")
            for at, cell in enumerate(column) if has is None or kinds != {kind} else ((0, kind),):
                if hashable(cell) == kind and (has is None or has[at] in _NOTHING):
                    words = (
                        f"a row of {kind} has {wanted}" if wanted else f"{kind!r} is none of rows like these"
                    )
                    self._problem(at, OBJECT_TYPE, f"{words} (const)")

    def _check_ratio(
        self,
        at: Integers,
        percent: npt.NDArray[Any],
        values: dict[str, Integers],
        names: tuple[str, str, str],
        rule: str,
    ) -> None:
        """A part within its whole, a percent that is their ratio; a part that is left out follows from it."""
        part, whole = values[names[1]], values[names[2]]
        scale = self._given.scale
        both = (part != LEFT_OUT) & (whole != LEFT_OUT)
        for row in np.flatnonzero(both & (part > whole)).tolist():
            self._problem(
                at[row],
                names[1],
                f"{part[row]} is more than {self._named[names[2]][0]} {whole[row]} ({rule})",
            )
        for row in np.flatnonzero(cells.disagrees(percent, part, whole, scale)).tolist():
            words = f"{percent[row]:g} is not {part[row]} of {whole[row]} in percents up to {scale}"
            self._problem(at[row], names[0], f"{words} (PI207 percent-of-counts)")
        follows = (part == LEFT_OUT) & (whole != LEFT_OUT) & ~np.isnan(percent)
        part[follows] = np.rint(percent[follows] * whole[follows] / scale)

    def _check_strays(self, at: Integers, values: dict[str, Integers]) -> None:
        """Active licences of no workload."""
        for name, column in values.items():
            for row in np.flatnonzero(column != LEFT_OUT).tolist():
                self._problem(at[row], name, "of which workload? Name it as workload, or write active.NAME")

    def _counts(self, name: str) -> Integers:
        column = self._columns.get(name)
        if column is None:
            return np.full(len(self._rows), LEFT_OUT)
        values, problems = cells.whole_numbers(column, is_text=self._chunk.is_text)
        self._report(name, problems)
        return values

    def _percents(self, name: str) -> npt.NDArray[Any]:
        column = self._columns.get(name)
        if column is None:
            return np.full(len(self._rows), np.nan)
        values, problems = cells.percents(column, is_text=self._chunk.is_text)
        self._report(name, problems)
        return values

    def _report(self, name: str, problems: list[cells.Problem]) -> None:
        for at, value, words in problems:
            self._problem(at, name, words, value)

    def _problem(self, at: int, name: str, words: str, value: Any = MISSING) -> None:
        row = int(self._rows[at])
        self._given.problem(row, self._name(name, row - self._first), words, value, name)

    def _name(self, name: str, at: int) -> str:
        """What the file calls a column, in a row of the chunk."""
        names = self._named.get(name, [name])
        given = (
            each
            for each in names
            if self._chunk.columns.get(each, [self._absent] * (at + 1))[at] != self._absent
        )
        return next(given, names[0])


def _is_told_apart(customer: tuple[Any, ...]) -> bool:
    """Whether a customer surely has an id or a name, and no other id as its tenant's."""
    customer_id, name, _, tenant = customer
    return (customer_id not in _NOTHING or name not in _NOTHING) and tenant in _NOTHING


def hashable(cell: Any) -> Any:
    """The cell itself, or what is shown of one that is no single value."""
    return (repr(cell),) if isinstance(cell, (list, dict)) else cell


def _given(values: Sequence[Any]) -> list[int]:
    return [at for at, cell in enumerate(values) if cell not in _NOTHING]
