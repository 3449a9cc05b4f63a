"""One chunk of given rows → entries: codes of texts, counts and percents, looked at as whole columns.

A row is about a licence (product, sold, deployed), about the use of one (workload, active), about both, or
about a customer alone. Texts are looked at once for all rows that share them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from partner_insights.errors import InputError
from partner_insights.world.own import cells
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.chunk_columns import ChunkColumns
from partner_insights.world.own.columns_of_data import (
    ACTIVE,
    COUNTS,
    LICENSES,
    OBJECT_TYPE,
    OF_PARTNER,
    PERCENTS,
    SNAPSHOT,
)
from partner_insights.world.own.entries import ANSWERS, NEWER_ROWS, ROWS, SHORT
from partner_insights.world.own.folding import groups
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
        self._all = ChunkColumns(chunk)
        self._columns, self._named = self._all.columns, self._all.names
        self._absent = self._all.absent
        self._first = given.begin(chunk, self._named)
        self._rows = np.arange(self._first, self._first + len(chunk))
        self._source = (
            np.full(len(chunk), given.answers + ANSWERS)
            if chunk.partial
            else np.where(self._all.newer, NEWER_ROWS, ROWS)
        )
        if "productName" not in self._named.get("productName", ()) and OBJECT_TYPE not in self._columns:
            self._source[:] = SHORT

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
            self._enter_licences(at, [each[at] for each in texts])

    def _set_partner_aside(self) -> None:
        columns = self._columns
        partner = {at for name in OF_PARTNER if name in columns for at in _given(columns[name])}
        if not partner:
            return
        self._given.partner.append((self._chunk, sorted(partner), columns))
        rest = [at for at in range(len(self._chunk)) if at not in partner]
        self._columns = {name: [values[at] for at in rest] for name, values in columns.items()}
        self._rows, self._source = self._rows[rest], self._source[rest]

    def _enter_licences(self, at: Integers, texts: list[Integers]) -> None:
        given, source = self._given, self._source[at]
        is_api = bool(source[0] != SHORT)
        values = {name: self._counts(name)[at] for name in COUNTS}
        percents = {name: self._numbers(name, cells.percents, np.nan)[at] for name in PERCENTS}
        codes = {
            "processed": self._codes(given.times, ("processedDateTime",))[at],
            "snapshot": self._codes(given.snapshots, (SNAPSHOT,))[at],
            "product_id": self._codes(given.product_ids, ("productId",))[at],
        }
        workload = self._codes(given.workloads, ("workloadName", "workloadCode"))[at]
        is_use = workload >= 0
        for percent, part, whole, rule in _RATIOS:
            if len(self._columns.keys() & {percent, part, whole}) < 2:  # nothing to compare
                continue
            self._check_ratio(at, percents[percent], values, (percent, part, whole), rule)
        self._check_strays(
            at[~is_use], {name: values[name][~is_use] for name in COUNTS[2:] if name in self._columns}
        )
        sold, deployed = values["licensesSold"], values["licensesDeployed"]
        is_row = ~is_use | (sold != LEFT_OUT) | (deployed != LEFT_OUT)
        is_row |= ~np.isnan(percents["deploymentPercent"])
        if is_api:
            given.api_deployment |= bool(is_row.any())
            given.api_use |= bool(is_use.any())
        rows = self._rows[at]
        key = self._enter_keys(texts, is_api)
        self._check_product(at, "serviceName", "productName", texts[1], texts[2])
        self._check_product(at, "productName", "productId", codes["product_id"], texts[1])
        shared = {"key": key, "row": rows, "source": source, **codes}
        shared = {name: each.astype(np.int32) for name, each in shared.items()}
        given.deployment.add(
            is_row, **shared, sold=sold, deployed=deployed, percent=percents["deploymentPercent"]
        )
        given.use.add(
            is_use, **shared, workload=workload.astype(np.int32), percent=percents["usagePercent"],
            qualified=values["licensesQualified"], active=values["licensesActive"],
        )  # fmt: skip
        for name in self._columns:
            if name.startswith(ACTIVE):
                self._enter_active(name, at, key, values["licensesQualified"])

    def _enter_keys(self, texts: list[Integers], is_api: bool) -> Integers:
        """Each licence of the chunk once; the number of each row's."""
        given = self._given
        combined = pairs(*texts)
        first, entry = groups(combined)
        customer, product, service, channel = (each[first].astype(np.int32) for each in texts)
        short = np.full(len(first), not is_api)
        every = np.ones(len(first), dtype=np.bool_)
        given.keys.add(
            every, customer=customer, product=product, service=service, channel=channel, short=short
        )
        given.key_count += len(first)
        return entry + (given.key_count - len(first))

    def _enter_active(self, name: str, at: Integers, key: Integers, qualified: Integers) -> None:
        """The column of one workload's active licences."""
        active, workload = self._counts(name)[at], name.removeprefix(ACTIVE)
        wrong = cells.text_problem("workloadName", workload, self._given.as_of)
        if wrong is not None:
            raise InputError(f"the workload {wrong}", where=self._chunk.place(0, self._named[name][0]))
        used = active != LEFT_OUT
        count = len(at)
        nothing = np.full(count, -1, dtype=np.int32)
        ((code, *_), _) = self._given.workloads.of([[workload], None], self._absent)
        self._given.use.add(
            used, key=key.astype(np.int32), workload=np.full(count, code, dtype=np.int32),
            row=self._rows[at].astype(np.int32), source=self._source[at].astype(np.int32),
            qualified=qualified, active=active, percent=np.full(count, np.nan),
            processed=nothing, snapshot=nothing, product_id=nothing,
        )  # fmt: skip

    def _enter_customers(self, customer: Integers, alone: Integers) -> None:
        """Whom the rows are about; those of whom a row speaks without a product."""
        given = self._given
        first, _ = groups(customer)
        given.first_row.extend(self._rows[first[customer[first] >= len(given.first_row)]].tolist())
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
        """The code of each row's texts; −1 where they are left out, but for customers."""
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
        if len(names) == 2:
            for key in new:
                self._check_meaning(codes.index(interned.codes[key]), names, key)
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

    def _check_meaning(self, at: int, names: Sequence[str], texts: tuple[Any, ...]) -> None:
        """A code has one name, and a name one code."""
        if texts[0] in _NOTHING or texts[1] in _NOTHING:
            return
        for (column, value), (of, code) in permutations(zip(names, texts, strict=True)):
            known = self._given.meanings.setdefault((column, of, code), value)
            if known != value:
                words = f"{value!r} is not the {known!r} that the {of} {code!r} has had"
                self._problem(at, column, f"{words} (PI220 one-meaning)")

    def _check_product(self, at: Integers, column: str, of: str, *codes: Integers) -> None:
        """A product is of one service, and an id of one product; `codes` tell the pairs apart."""
        if column not in self._columns or of not in self._columns:
            return
        for place in at[groups(pairs(*codes))[0]].tolist():
            value, other = hashable(self._columns[column][place]), hashable(self._columns[of][place])
            if value in _NOTHING or other in _NOTHING:
                continue
            known = self._given.meanings.setdefault((column, of, str(other).casefold()), value)
            if str(known).casefold() != str(value).casefold():  # other letters are no other product
                words = f"{value!r} is not the {known!r} that the {of} {other!r} has had"
                self._problem(place, column, f"{words} (PI220 one-meaning)")

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
        """A part within its whole, a percent that is their ratio; a count that is left out follows."""
        part, whole = values[names[1]], values[names[2]]
        scale = self._given.scale
        follows = (part == LEFT_OUT) & (whole != LEFT_OUT) & ~np.isnan(percent)
        part[follows] = np.rint(percent[follows] * whole[follows] / scale)
        follows = (whole == LEFT_OUT) & (part != LEFT_OUT) & (percent > 0)
        for row in np.flatnonzero((percent == 0) & (part > 0) & (whole == LEFT_OUT)).tolist():
            self._problem(at[row], names[0], f"0 is not {part[row]} of any number (PI207 percent-of-counts)")
        whole[follows] = np.minimum(np.rint(part[follows] * scale / percent[follows]), cells.MAX_COUNT)
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

    def _check_strays(self, at: Integers, values: dict[str, Integers]) -> None:
        """Active licences of no workload."""
        for name, column in values.items():
            for row in np.flatnonzero(column != LEFT_OUT).tolist():
                self._problem(at[row], name, "of which workload? Name it as workload, or write active.NAME")

    def _counts(self, name: str) -> Integers:
        return self._numbers(name, cells.whole_numbers, LEFT_OUT)

    def _numbers(self, name: str, read: Callable[..., Any], nothing: float) -> npt.NDArray[Any]:
        """The numbers of a column; `nothing` in place of each where there is no such column."""
        column = self._columns.get(name)
        if column is None:
            return np.full(len(self._rows), nothing)
        values: npt.NDArray[Any]
        values, problems = read(column, is_text=self._chunk.is_text)
        for at, value, words in problems:
            self._problem(at, name, words, value)
        return values

    def _problem(self, at: int, name: str, words: str, value: Any = MISSING) -> None:
        row = int(self._rows[at])
        shown = "processedDateTime" if name == SNAPSHOT else name
        self._given.problem(row, self._all.name_in(name, row - self._first), words, value, shown)


def pairs(first: Integers, *others: Integers) -> Integers:
    """One number for each combination of codes, of which each is −1 at least."""
    for codes in others:
        first = first * (int(codes.max()) + 2) + codes + 1
    return first


def _is_told_apart(customer: tuple[Any, ...]) -> bool:
    """Whether a customer surely has an id or a name, and no other id as its tenant's."""
    customer_id, name, _, tenant = customer
    return (customer_id not in _NOTHING or name not in _NOTHING) and tenant in _NOTHING


def hashable(cell: Any) -> Any:
    """The cell itself, or what is shown of one that is no single value."""
    return (repr(cell),) if isinstance(cell, (list, dict)) else cell


def _given(values: Sequence[Any]) -> list[int]:
    return [at for at, cell in enumerate(values) if cell not in _NOTHING]
