"""A stage with a wrong setting isn't deployed: each problem names the stage, the field, and what to do."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.stage import STAGES, Stage, local
from infra.stage_checks import find_problems

ROOT = Path(__file__).parents[2]
GOOD = replace(STAGES["production"], mail_from="Ada <no-reply@mail.tallybook.dev>", alarm_email="ops@tallybook.dev")


def test_settings_of_a_company_have_no_problem() -> None:
    full = replace(
        GOOD,
        allowed_origins=("https://app.tallybook.dev", "http://localhost:3000"),
        page_url="https://api.tallybook.dev",
        app_url="https://app.tallybook.dev/start?from=mail",
    )
    assert find_problems(GOOD) == find_problems(full) == []


def test_a_fresh_clone_can_synthesize_dev_and_local() -> None:
    assert find_problems(STAGES["dev"]) == []
    assert find_problems(local(8000)) == []


def test_a_fresh_clones_production_lacks_its_addresses() -> None:
    assert find_problems(STAGES["production"]) == [
        "production: mail_from is at example.com, which nobody owns: set an address at a domain of yours",
        "production: alarm_email is missing: set the address that gets the alarms",
    ]


@pytest.mark.parametrize(
    "domain", ["example.com", "mail.example.org", "example.net", "shop.example", "a.test", "b.invalid"]
)
def test_a_stage_that_keeps_data_may_not_send_from_a_reserved_domain(domain: str) -> None:
    (problem,) = find_problems(replace(GOOD, mail_from=f"no-reply@{domain}"))
    assert problem.startswith(f"production: mail_from is at {domain}, which nobody owns")
    assert find_problems(replace(GOOD, keep=False, archive_days=None, mail_from=f"no-reply@{domain}")) == []


def test_nor_may_its_alarms_go_there() -> None:
    (problem,) = find_problems(replace(GOOD, alarm_email="ops@example.com"))
    assert problem.startswith("production: alarm_email is at example.com")


def test_a_name_that_only_ends_like_a_reserved_one_is_allowed() -> None:
    assert find_problems(replace(GOOD, mail_from="no-reply@myexample.com")) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Production"),
        ("name", "a b"),
        ("name", "-a"),
        ("mail_from", "Tallybook"),
        ("mail_from", "no-reply@"),
        ("mail_from", "no-reply@localhost"),
        ("mail_from", "a@b@tallybook.dev"),
        ("mail_from", "Ada\n <a@tallybook.dev>"),
        ("mail_from", "a@tallybook.dev, b@tallybook.dev"),
        ("alarm_email", "ops"),
        ("alarm_email", "Ops <ops@tallybook.dev>"),
        ("allowed_origins", ("https://app.tallybook.dev/",)),
        ("allowed_origins", ("app.tallybook.dev",)),
        ("allowed_origins", ("https://*.tallybook.dev",)),
        ("allowed_origins", ("*",)),
        ("allowed_origins", ("https://a.tallybook.dev,https://b.tallybook.dev",)),
        ("allowed_origins", ("https://App.tallybook.dev",)),
        ("allowed_origins", ("http://app.tallybook.dev",)),
        ("allowed_origins", ("https://app.tallybook.dev", "https://app.tallybook.dev")),
        ("allowed_origins", "https://app.tallybook.dev"),
        ("page_url", "api.tallybook.dev"),
        ("page_url", "https://api.tallybook.dev/"),
        ("page_url", "http://api.tallybook.dev"),
        ("page_url", "https://api.tallybook.dev/v1"),
        ("page_url", ""),
        ("app_url", "javascript:alert(1)"),
        ("app_url", "https://app tallybook.dev"),
        ("app_url", "http://app.tallybook.dev"),
        ("brand", ""),
        ("brand", "Tally\nbook"),
        ("usage_shards", 0),
        ("metering_concurrency", 0),  # AWS would call the function no more
        ("max_read_units", 0),
        ("max_write_units", -1),
        ("archive_days", 90),  # S3 refuses to delete what it shall move on that day
        ("log_days", 31),
        ("log_level", "LOUD"),
    ],
)
def test_a_malformed_setting_is_one_problem_that_names_its_field(field: str, value: Any) -> None:
    (problem,) = find_problems(replace(GOOD, **{field: value}))
    assert f": {field} " in problem
    assert "\n" not in problem
    assert ": " in problem.partition(f"{field} ")[2]  # what to do


def test_an_archive_needs_tables_that_are_kept() -> None:
    (problem,) = find_problems(replace(GOOD, keep=False, archive_days=91))
    assert problem.endswith("archive_days is 91: use it with keep only, since exports need continuous backups")


def test_each_problem_is_found_in_one_go() -> None:
    bad = Stage(name="x", keep=True, expire=True, mail_from="nobody", page_url="nowhere")
    assert [problem.split(" ")[1] for problem in find_problems(bad)] == ["mail_from", "alarm_email", "page_url"]


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("production", "production: alarm_email is missing"),
        ("staging", "There is no stage 'staging' in infra/stage.py; the stages are production, dev, local"),
    ],
)
def test_synthesis_refuses_it_before_anything_is_built(stage: str, says: str, tmp_path: Path) -> None:
    settings = {**os.environ, "STAGE": stage, "OUT": str(tmp_path / "out")}
    command = [sys.executable, "-m", "infra.app"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
