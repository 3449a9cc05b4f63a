"""What a fault plan may name in this fake: operations, customers, faults of the wire, mutants."""

from __future__ import annotations

import difflib
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from partner_insights.errors import InputError, names_there_are
from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS
from partner_insights.server.http.routes import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue
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

    def check_fault(self, name: str) -> None:
        """InputError where there is no such fault."""
        if name not in CONNECTION_FAULTS and name not in self.mutants:
            near = difflib.get_close_matches(name, [*CONNECTION_FAULTS, *self.mutants], 3)
            hint = f"did you mean {', '.join(near)}? " if near else ""
            raise InputError(f"there is no fault {name!r}", remedy=f"{hint}GET /_admin/faults lists them")
