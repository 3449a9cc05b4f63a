"""Laws over HTTP: what the fake answers passes the judge, what a mutant of it answers does not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.contract import Catalogue, Standing
from partner_insights.verify.inspection import ContractBroken
from partner_insights.world.mutants import mutants

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE = Catalogue.load("strict")
MUTANTS = mutants(CATALOGUE)
NO_TABLE_STATES_IT = {"PI108", "PI111", "PI112", "PI113", "PI114"}
"""Codes of keywords that no derived schema has; PI315 has a test of its own below."""


def the_first_of_each_code() -> Iterator[tuple[str, str]]:
    """Each code with a mutant it is right for; behaviours first, for they are told by one code mostly."""
    ordered = sorted(MUTANTS.values(), key=lambda mutant: (mutant.kind, len(mutant.codes)))
    seen: set[str] = set()
    for mutant in ordered:
        for code in mutant.codes:
            if code not in seen:
                seen.add(code)
                yield code, mutant.id


FIRSTS = list(the_first_of_each_code())
SCHEMA = [mutant.id for mutant in MUTANTS.values() if mutant.kind == "schema"]
SOME = SCHEMA[::9]
"""Every ninth schema mutant; `benchmarks/kill_matrix.py` tries them all."""


def test_what_the_fake_answers_keeps_the_contract(inspect: Any, every_attempt: Any) -> None:
    """Without a mutant, all that is asked below finds nothing: no kill is a false alarm."""
    inspection = inspect()
    for operation in CATALOGUE.operations:
        for attempt in every_attempt(inspection, operation):
            attempt()
    for partner in ("partner-licenses-deployment", "partner-licenses-usage"):
        inspection.sums(partner, partner.replace("partner", "customer"))
    inspection.ask(None, path="/v1/unknown")
    assert inspection.record.violations == []


@pytest.mark.parametrize(("code", "name"), FIRSTS, ids=[f"{code}-{name}" for code, name in FIRSTS])
def test_each_code_is_raised_by_a_fake_that_does_wrong(
    code: str, name: str, wearing: Any, inspect: Any, interrogated: Any
) -> None:
    """There is no code that only hand-made exchanges can raise."""
    mutant = MUTANTS[name]
    with wearing(name):
        found = interrogated(inspect(), mutant)
    assert {(each, "error") for each in mutant.codes} & found, (code, found)


def test_no_code_is_left_out() -> None:
    """Each code of codes.toml and rules.toml is among those raised here."""
    assert {code for code, _ in FIRSTS} | NO_TABLE_STATES_IT | {"PI315"} == CATALOGUE.codes.keys()


def test_no_answer_at_all_is_told(inspect: Any, fake: Any) -> None:
    """PI315, and PI311 for headers without end: from a server that closes, and from one that floods."""
    inspection = inspect()
    for content, code in ((b"", "PI315"), (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", "PI311")):
        with one_answer(content) as url:
            inspection._client.url = url
            with pytest.raises(ContractBroken, match=code):
                inspection.ask("partner-licenses-usage")


@contextlib.contextmanager
def one_answer(content: bytes) -> Iterator[str]:
    """A server that sends the same bytes to whoever comes, and hangs up."""
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("name", SOME)
def test_a_schema_mutant_is_found(name: str, wearing: Any, inspect: Any, interrogated: Any) -> None:
    """One broken keyword in one place is reported under its code."""
    with wearing(name):
        found = interrogated(inspect(), MUTANTS[name])
    assert {(code, "error") for code in MUTANTS[name].codes} & found


ASSUMED = [mutant for mutant in MUTANTS.values() if mutant.standing is Standing.ASSUMED]
WEIGHED = [*[each.id for each in ASSUMED if each.kind == "schema"][::8], "duplicated-row", "missing-charset"]


@pytest.mark.parametrize("name", WEIGHED)
def test_what_breaks_an_assumption_only_warns_unless_strict(
    name: str, wearing: Any, inspect: Any, interrogated: Any
) -> None:
    """Both profiles mean something: warnings alone under `corrected`, an error under `strict`."""
    with wearing(name):
        lenient = interrogated(inspect("corrected"), MUTANTS[name])
        strict = interrogated(inspect("strict"), MUTANTS[name])
    (code,) = MUTANTS[name].codes
    assert (code, "warning") in lenient
    assert {severity for _, severity in lenient} == {"warning"}
    assert (code, "error") in strict
    assert {severity for _, severity in strict} == {"error"}


def test_what_breaks_a_documented_constraint_is_an_error_in_both(
    wearing: Any, inspect: Any, interrogated: Any
) -> None:
    """A number that is text."""
    with wearing("number-as-string"):
        assert ("PI101", "error") in interrogated(inspect("corrected"), MUTANTS["number-as-string"])


def test_a_mutant_taken_off_leaves_no_trace(wearing: Any, inspect: Any) -> None:
    """The measure of one mutant says nothing of the one before."""
    with wearing("wrong-total-count"):
        assert inspect().customers.complete
    inspection = inspect()
    for operation in ("partner-licenses-usage", "customers"):
        inspection.ask(operation)
    assert inspection.record.violations == []
