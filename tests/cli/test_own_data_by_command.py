"""The newcomer's walk; what a shell sees of data of one's own: taken, refused, exported, written by days."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CSV = re.compile(r"^```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AS_OF = "--as-of=2026-11-22"


def cli(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, arguments)


def get(fake: RunningFake, path: str) -> Any:
    headers = {"Authorization": f"Bearer {fake.token}"}
    with urlopen(Request(fake.url + path, headers=headers), timeout=20) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six lines of the documentation, which are the README's, too."""
    (text,) = CSV.findall((ROOT / "docs" / "data.md").read_text(encoding="utf-8"))
    assert CSV.findall((ROOT / "README.md").read_text(encoding="utf-8")) == [text]
    assert len(text.splitlines()) == 6
    path = tmp_path_factory.mktemp("walk") / "own.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fake(walk: Path) -> Iterator[RunningFake]:
    with running_fake(f"--data={walk}", "--only-data", AS_OF) as running:
        yield running


def test_the_walk_of_a_newcomer(fake: RunningFake) -> None:
    """Three named customers, seen in all operations, and the sums that docs/data.md has by hand."""
    customers = get(fake, "/v1/customers")["items"]
    names = [each["companyProfile"]["companyName"] for each in customers]
    assert names == ["Fabrikam", "Contoso", "Tailspin Toys"]
    assert get(fake, f"/v1/customers/{customers[1]['id']}")["companyProfile"]["companyName"] == "Contoso"
    (row,) = get(fake, "/v1/analytics/licenses/deployment")["items"]
    assert (row["licensesSold"], row["proratedDeploymentPercent"]) == (200, 70.0)
    used = {row["workloadName"]: row for row in get(fake, "/v1/analytics/licenses/usage")["items"]}
    assert used["Exchange"]["proratedLicensesUsagePercent"] == 52.94
    assert used["Teams"]["proratedLicensesUsagePercent"] == 35.29
    of_contoso = f"/v1/customers/{customers[1]['id']}/analytics/licenses"
    rows = get(fake, f"{of_contoso}/deployment")["items"]
    assert {row["productName"]: row["deploymentPercent"] for row in rows} == {
        "Office 365 E3": 90.0,
        "Visio Plan 2": 50.0,
    }
    rows = [row for row in get(fake, f"{of_contoso}/usage")["items"] if row["productName"] == "Office 365 E3"]
    assert {row["workloadName"]: row["licensesActive"] for row in rows} == {"Exchange": 45, "Teams": 20}


def test_the_contract_holds_on_own_data(fake: RunningFake) -> None:
    """`verify` is green on customers and figures that somebody gave."""
    token = {"PARTNER_INSIGHTS_TOKEN": fake.token}
    judged = cli("verify", "--url", fake.url, "--max-requests", "120", "--profile", "strict", **token)
    assert judged.exit_code == 0, judged.stdout + judged.stderr


def test_an_export_of_no_fake_is_told(tmp_path: Path) -> None:
    """Where nothing answers it is exit 3, as of other verbs, and no folder is made."""
    told = cli("fixtures", "export", "--url", "http://127.0.0.1:1", "--out", str(tmp_path / "exported"))
    assert (told.exit_code, "urlopen" in told.stderr) == (3, False)
    assert "nothing answers" in told.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_an_export_is_taken_back_to_the_same_bytes(fake: RunningFake, tmp_path: Path, form: str) -> None:
    """Export of the running fake, and a fake of it: the same items in all operations."""
    out = tmp_path / "exported"
    told = cli("fixtures", "export", "--url", fake.url, "--out", str(out), "--format", form)
    assert told.exit_code == 0, told.stderr
    assert cli("fixtures", "export", "--url", fake.url, "--out", str(out)).exit_code == 2
    with running_fake(f"--data={out}", "--only-data", AS_OF) as again:
        ids = [each["id"] for each in get(fake, "/v1/customers")["items"]]
        paths = [
            f"/v1/customers/{each}/analytics/licenses/{kind}"
            for each in ids
            for kind in ("usage", "deployment")
        ]
        for path in (
            "/v1/analytics/licenses/usage",
            "/v1/analytics/licenses/deployment",
            "/v1/customers",
            *paths,
        ):
            assert json.dumps(get(again, path)["items"]) == json.dumps(get(fake, path)["items"])


def test_what_cannot_be_ends_with_2(walk: Path, tmp_path: Path) -> None:
    """A broken cell: exit 2 with file, line, cell and rule; on purpose it is served and counted."""
    broken = tmp_path / "broken.csv"
    broken.write_text(walk.read_text(encoding="utf-8").replace(",20,20,,", ",20,21,,"), encoding="utf-8")
    with pytest.raises(InputError, match="exit code 2") as told, running_fake(f"--data={broken}"):
        pass
    assert f"{broken}, line 3, deployed: 21 is more than sold 20 (PI204" in str(told.value)
    with running_fake(f"--data={broken}", "--allow-invalid") as running:
        assert get(running, "/_admin/world")["invalid"] == 1
    assert cli("serve", "--only-data").exit_code == 2


def test_parquet_that_is_none_ends_with_2(tmp_path: Path) -> None:
    """With the file, whether it is cut short or has one row that cannot be."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    broken = tmp_path / "own.parquet"
    parquet.write_table(pa.table({"customer": ["C"], "product": ["P"], "sold": [-1]}), broken)
    with pytest.raises(InputError, match="exit code 2") as told, running_fake(f"--data={broken}"):
        pass
    assert f"{broken}, row 1, sold: -1 is less than 0" in str(told.value)
    broken.write_bytes(broken.read_bytes()[:-9])
    with pytest.raises(InputError, match="exit code 2") as told, running_fake(f"--data={broken}"):
        pass
    assert f"{broken}: is no Parquet" in str(told.value)


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    """`--catalogue FILE` sells from the file; one that is none is refused before anything is served."""
    own = json.loads((ROOT / "mock_server/partner_insights/world/products.json").read_text(encoding="utf-8"))
    for product in own["products"]:
        product["name"] = f"OWN {product['name']}"
        product["renamed"] = {day: f"OWN {name}" for day, name in product.get("renamed", {}).items()}
    path = tmp_path / "products.json"
    path.write_text(json.dumps(own), encoding="utf-8")
    with running_fake(f"--catalogue={path}", "--customers=2", AS_OF) as running:
        customer = get(running, "/v1/customers")["items"][0]["id"]
        rows = get(running, f"/v1/customers/{customer}/analytics/licenses/deployment")["items"]
        assert rows
        assert all(row["productName"].startswith("OWN ") for row in rows)
    path.write_text("{}", encoding="utf-8")
    refused = pytest.raises(InputError, match=r"exit code 2(?s:.*)is no catalogue of products")
    with refused, running_fake(f"--catalogue={path}"):
        pass


def test_a_world_of_several_days_is_a_folder_a_day(tmp_path: Path) -> None:
    """`--days`: each day's folder is the world that this day alone would be written as."""
    out, alone = tmp_path / "lake", tmp_path / "alone"
    written = cli("fixtures", "write", "world", "--customers=3", "--days=3", "--out", str(out), AS_OF)
    assert written.exit_code == 0, written.stderr
    days = ["processedDate=2026-11-20", "processedDate=2026-11-21", "processedDate=2026-11-22"]
    assert sorted(each.name for each in out.iterdir()) == days
    cli("fixtures", "write", "world", "--customers=3", "--out", str(alone), "--as-of=2026-11-21")
    files = [each for each in alone.rglob("*") if each.is_file()]
    assert len(files) > 5
    for each in files:
        assert (out / days[1] / each.relative_to(alone)).read_bytes() == each.read_bytes()
    assert cli("fixtures", "write", "world", "--days=3", "--out", str(out)).exit_code == 2
