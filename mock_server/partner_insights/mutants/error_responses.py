"""Refusals that are not given, or are given wrongly → mutants of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.mutants.http import PAGE
from partner_insights.mutants.mutant import Answered, Change, Mutant, Scene, behaviour
from partner_insights.mutants.sample_values import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.contract import Catalogue, Operation


def refusing_mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every mutant of what is refused."""
    yield from _admitting(catalogue)
    yield from _error_bodies(catalogue)
    yield from _error_heads(catalogue)


def _admitting(catalogue: Catalogue) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED

    collections = frozenset(each.id for each in catalogue.operations.values() if each.envelope is not None)
    admitted = {
        "answers-without-token": ("200 without a valid token", "PI401", documented, "unauthenticated"),
        "answers-app-only": ("200 for an app-only token", "PI402", documented, "app-only"),
        "answers-unknown-customer": ("200 for an unknown customer", "PI403", documented, "unknown-customer"),
        "answers-malformed-customer": (
            "200 for a malformed customer id",
            "PI404",
            documented,
            "malformed-customer",
        ),
        "answers-any-method": ("POST is answered like GET", "PI301", documented, "method-not-allowed"),
        "answers-any-accept": ("JSON for who accepts none", "PI301", assumed, "not-acceptable"),
        "answers-any-page-size": ("200 for a page size out of bounds", "PI301", documented, "invalid-query"),
    }
    for name, (title, codes, standing, case) in admitted.items():
        yield behaviour(name, title, codes, standing, operations=_refusing(catalogue, case), admits=case)
    yield behaviour(
        "empty-for-unknown-customer",
        "200 without rows for an unknown customer",
        "PI403",
        documented,
        _nothing_for_strangers(catalogue),
        operations=_refusing(catalogue, "unknown-customer") & collections,
    )
    yield behaviour(
        "answers-unknown-path",
        "200 for a path that there is not",
        "PI301",
        documented,
        lambda answered, scene: (
            replace(answered, status=200) if scene.operation is None and answered.status == 404 else answered
        ),
    )
    yield behaviour(
        "errors-as-200",
        "every refusal comes with status 200",
        "PI301 PI401 PI402 PI403 PI404",
        documented,
        of_errors(lambda answered: replace(answered, status=200)),
    )


def _refusing(catalogue: Catalogue, case: str) -> frozenset[str]:
    """The operations that can meet this case."""
    return frozenset(each.id for each in catalogue.operations.values() if _refuses(each, case))


def _refuses(operation: Operation, case: str) -> bool:
    if case == "app-only":
        return case not in operation.auth
    return any(error.case == case for error in operation.errors)


def _nothing_for_strangers(catalogue: Catalogue) -> Change:
    """An empty collection for a customer nobody knows."""

    def change(answered: Answered, scene: Scene) -> Answered:
        operation = scene.operation
        if answered.status != 404 or operation is None or operation.envelope is None:
            return answered
        empty = {**sample(catalogue, operation.envelope), "totalCount": 0, "items": []}
        return replace(answered, status=200).with_content(empty)

    return change


def of_errors(change: Callable[[Answered], Answered]) -> Change:
    """A change of every refusal."""
    return lambda answered, scene: change(answered) if answered.status >= 400 else answered


def _of_body(respell: Callable[[Any], Any]) -> Change:
    return of_errors(lambda answered: answered.with_content(respell(answered.content)))


def _error_bodies(catalogue: Catalogue) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    yield behaviour(
        "wrong-error-body",
        "errors are in another service's dialect",
        "PI102",
        assumed,
        _of_body(lambda body: {"error": {"code": body["code"], "message": body["description"]}}),
    )
    yield behaviour(
        "throttle-dialect",
        "errors are in the dialect of the throttle",
        "PI102",
        assumed,
        _of_body(lambda body: {"statusCode": 400, "message": body["description"]}),
    )
    yield behaviour(
        "error-data-null",
        "an error's data is null",
        "PI101",
        documented,
        _of_body(lambda body: {**body, "data": None}),
    )
    yield behaviour(
        "error-data-object",
        "an error's data is an object",
        "PI101",
        documented,
        _of_body(lambda body: {**body, "data": {"0": "customer-id"}}),
    )
    yield behaviour(
        "wrong-error-code",
        "an error's code is another one",
        "PI405",
        assumed,
        _of_body(lambda body: {**body, "code": "9999"}),
    )
    yield behaviour(
        "error-in-a-list",
        "errors come in a list",
        "PI101",
        documented,
        _of_body(lambda body: [body]),
    )


def _error_heads(catalogue: Catalogue) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    yield behaviour(
        "html-error",
        "errors are HTML pages",
        "PI302 PI307",
        documented,
        of_errors(lambda answered: replace(answered, body=PAGE).with_header("Content-Type", "text/html")),
    )
    yield behaviour(
        "html-error-called-json",
        "errors are HTML pages that say they are JSON",
        "PI307",
        documented,
        of_errors(lambda answered: replace(answered, body=PAGE)),
    )
    yield behaviour(
        "empty-error",
        "errors carry nothing",
        "PI306",
        documented,
        of_errors(lambda answered: replace(answered, body=b"")),
    )
    yield behaviour(
        "unauthenticated-is-403",
        "403 where 401 belongs",
        "PI301",
        documented,
        _renumbered(401, 403),
    )
    yield behaviour(
        "unauthenticated-is-500",
        "500 where 401 belongs",
        "PI301",
        documented,
        _renumbered(401, 500),
    )
    yield behaviour(
        "forbidden-is-500",
        "500 where an app-only token is refused, as one user reported",
        "PI301",
        documented,
        _renumbered(403, 500),
        operations=_refusing(catalogue, "app-only"),
    )
    yield behaviour(
        "unknown-is-500",
        "500 for what is not found",
        "PI301",
        documented,
        _renumbered(404, 500),
        operations=_refusing(catalogue, "unknown-customer"),
    )
    yield behaviour(
        "no-allow",
        "405 does not say what is allowed",
        "PI313",
        assumed,
        lambda answered, _: answered.with_header("Allow", None) if answered.status == 405 else answered,
    )
    yield behaviour(
        "no-challenge",
        "401 has no WWW-Authenticate",
        "PI313",
        assumed,
        lambda answered, _: (
            answered.with_header("WWW-Authenticate", None) if answered.status == 401 else answered
        ),
    )


def _renumbered(wrong: int, status: int) -> Change:
    return lambda answered, scene: replace(answered, status=status) if answered.status == wrong else answered
