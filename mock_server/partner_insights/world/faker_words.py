"""Faker → `words.json`, the words of all worlds. The one module that knows Faker.

`python -m partner_insights.world.faker_words` writes the file; with `--check` it only compares, and exits 1
where the installed Faker says something else.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from faker import VERSION
from faker.factory import Factory
from msgspec.structs import asdict

from partner_insights.world.vocabulary import LOCALES, WORDS_FILE, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def content() -> str:
    """What the file has to say."""
    words = {locale.culture: asdict(each) for locale, each in zip(LOCALES, faker_words(), strict=True)}
    return json.dumps({"faker": VERSION, "words": words}, ensure_ascii=False, indent=1) + "\n"


def refresh(path: Path, *, check: bool) -> int:
    """Write the file, or compare it; the exit code."""
    if not check:
        path.write_text(content(), encoding="utf-8", newline="\n")
    elif path.read_text(encoding="utf-8") != content():
        print(f"{path.name} is not what Faker {VERSION} says: run python -m {__spec__.name}", file=sys.stderr)
        return 1
    return 0


def faker_words() -> tuple[Words, ...]:
    """What the installed Faker says."""
    providers = [f"faker.providers.{part}" for part in ("company", "person", "address")]
    taken: set[str] = set()
    words = []
    for locale in LOCALES:
        # Only the three providers needed, and unweighted: several times faster, and the words are as good.
        # Faker adds its words' methods at run time, so its own type does not know them.
        faker: Any = Factory.create(
            locale.culture.replace("-", "_"), providers=providers, use_weighting=False
        )
        faker.seed_instance(0)
        companies = _distinct(faker.company, locale.companies, taken)
        taken.update(companies)
        places = (
            _few(faker.city),
            _few(faker.street_name),
            _few(faker.first_name),
            _few(faker.last_name, 400),
        )
        words.append(Words(companies, *places))
    return tuple(words)


def _distinct(draw: Callable[[], str], count: int, taken: Iterable[str]) -> tuple[str, ...]:
    """`count` different words that are not taken; where the source runs dry, numbered ones."""
    seen = dict.fromkeys(taken)
    before = len(seen)
    for _ in range(count * 20):
        if len(seen) == before + count:
            break
        seen.setdefault(draw())
    number = 2
    while len(seen) < before + count:
        seen.setdefault(f"{draw()} {number}")
        number += 1
    return tuple(seen)[before:]


def _few(draw: Callable[[], str], draws: int = 48) -> tuple[str, ...]:
    """The different words among some."""
    return tuple(dict.fromkeys(draw() for _ in range(draws)))


if __name__ == "__main__":
    sys.exit(refresh(WORDS_FILE, check="--check" in sys.argv[1:]))
