"""What a fault plan may name in this fake: operations, customers, faults of the wire, mutants."""

from __future__ import annotations

import difflib
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from partner_insights.contract.schema_files import references_in
from partner_insights.errors import InputError, names_there_are
from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS
from partner_insights.server.faults.link_forms import LINK_FORMS
from partner_insights.server.http.routes import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.mutants import Mutant
    from partner_insights.server.http.routes import PathTable
    from partner_insights.server.state import State


class FaultCatalogue(Struct, dict=True):
    """The names of one fake, as it is now."""

    catalogue: Catalogue
    paths: PathTable
    state: State

    @cached_property
    def mutants(self) -> Mapping[str, Mutant]:
        """The catalogue of mutants; read when the first fault is asked for."""
        from partner_insights.mutants import mutants

        return mutants(self.catalogue)

    @property
    def is_read(self) -> bool:
        """Whether the catalogue of mutants has been read, which takes a moment."""
        return "mutants" in vars(self)

    def faults(self) -> list[dict[str, str]]:
        """Every fault that can be asked for by name, with a line each."""
        wire = [{"name": each.id, "description": each.title} for each in CONNECTION_FAULTS.values()]
        return wire + [{"name": each.id, "description": each.title} for each in self.mutants.values()]

    def check_operation(self, name: str) -> None:
        """InputError where there is no such operation."""
        if name not in self.paths.operations and name != TOKEN:
            known = ["*", TOKEN, *self.paths.operations]
            raise InputError(f"there is no operation {name!r}", remedy=names_there_are(name, known))

    def check_customer(self, customer_id: str) -> None:
        """InputError where the partner has no such customer."""
        if self.state.scene.world.customer_index(customer_id) is None:
            raise InputError(f"the partner has no customer {customer_id!r}", remedy="GET /v1/customers")

    def spared_by(self, name: str) -> frozenset[str]:
        """The operations that a fault means nothing for; InputError where there is no such fault."""
        operations = self.paths.operations
        if name in self._linkless:
            return self._linkless[name]
        if name in CONNECTION_FAULTS:
            return frozenset()
        if name in self.mutants:
            return frozenset(operations) - self.mutants[name].operations
        near = difflib.get_close_matches(name, [*CONNECTION_FAULTS, *self.mutants], 3)
        hint = f"did you mean {', '.join(near)}? " if near else ""
        raise InputError(f"there is no fault {name!r}", remedy=f"{hint}GET /_admin/faults lists them")

    @cached_property
    def _linkless(self) -> dict[str, frozenset[str]]:
        without = frozenset(each.id for each in self.paths.operations.values() if not self._has_links(each))
        return {form.id: without for form in LINK_FORMS}

    def _has_links(self, operation: Operation) -> bool:
        """Whether anything in the operation's body may have `links`."""
        names = list(references_in(self.catalogue.response_schema(operation)))
        for name in names:  # which grows
            schema = self.catalogue.schema(name)
            if "links" in schema.get("properties", ()):
                return True
            names += set(references_in(schema)).difference(names)
        return False
