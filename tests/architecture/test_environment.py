"""The tests take nothing from the environment: neither an address nor a table of a running bundle."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.connections import listening

ROOT = Path(__file__).parents[2]
TESTS = (
    "tests/cli/test_accounts.py::test_accounts_are_listed_newest_first_up_to_a_limit",
    "tests/cli/test_stack.py::test_the_tables_are_read_from_the_stacks_outputs_once",
    "tests/cli/meter/test_send.py::test_blank_lines_are_skipped_and_the_last_line_needs_no_end",
    "tests/cli/meter/test_command.py::test_an_unknown_command_opens_no_session",
)


def run_tests(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *TESTS]
    return subprocess.run(command, cwd=ROOT, env=clean | variables, capture_output=True, text=True, check=False)


def test_after_source_of_a_bundles_variables_the_tests_do_not_reach_it(tmp_path: Path) -> None:
    config = tmp_path / "config"
    with listening() as bundle:
        address = f"http://127.0.0.1:{bundle.port}"
        config.write_text(f"[default]\nendpoint_url = {address}\n[profile local]\nendpoint_url = {address}\n")
        done = run_tests(
            {
                "AWS_ENDPOINT_URL": address,
                "AWS_ENDPOINT_URL_DYNAMODB": address,
                "AWS_CONFIG_FILE": str(config),
                "AWS_PROFILE": "local",
                "TALLYBOOK_URL": address,
                "TALLYBOOK_STACK": "tallybook-local",
                "TALLYBOOK_PLATFORM_KEY": "pk-of-the-bundle",
                "TALLYBOOK_ACCOUNT_ID": "acc-of-the-bundle",
                "TALLYBOOK_CLOCK_FILE": str(tmp_path / "clock"),
                "CORE_TABLE": "core-of-the-bundle",
                "USAGE_TABLE": "usage-of-the-bundle",
                "HTTP_PROXY": address,
                "http_proxy": address,
                "FORCE_COLOR": "1",
                "NO_COLOR": "",
                "COLUMNS": "20",
            }
        )
        assert (done.returncode, bundle.connections) == (0, 0), done.stdout + done.stderr
