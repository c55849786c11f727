"""The deployment program on an emulated cloud: its order, the first catalog, and the smoke test after each release.

The stack is that of `make run`, synthesized once for all tests, and CloudFormation gets it without the CDK's CLI.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.cdk import DeployFailed
from infra.deploy.deploy import Deployment, deploy
from infra.deploy.request import Refused, Request
from infra.deploy.target import find_stack, find_target
from infra.local.cloud import Cloud, ministack
from infra.local.deploy import deploy as deploy_by_cloudformation
from infra.local.proxy import Proxy
from infra.stage import Stage, local
from tallybook.cli.catalog_file import read_catalog
from tallybook.domain.formats import THIS
from tallybook.runtime import connect
from tallybook.services.billing.apply_catalog import apply_catalog
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import CATALOG
from tests.support.local_stack import free_port
from tests.support.template import Synthesized

STACK = "tallybook-local"
KEPT = replace(local(8000), keep=True)


@dataclass
class Install:
    """A cloud, its proxy, and what was done to it: each synthesized stage, each call of the CDK, each line said."""

    cloud: Cloud
    proxy: Proxy
    port: int
    assembly: Path
    stages: list[Stage] = field(default_factory=list)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def deploy(self, *, yes: bool = True, port: int | None = None) -> None:
        url = f"http://localhost:{port or self.port}"
        to = Deployment(find_target(), self.said.append, url, self._cdk, lambda stage, _: self.stages.append(stage))
        deploy(Request(KEPT, yes), to)

    def _cdk(self, _target: object, *arguments: str) -> None:
        self.calls.append(arguments)
        if len(self.calls) == 1:
            made = deploy_by_cloudformation(self.cloud, self.assembly, STACK, "x")
            self.proxy.serve(self.cloud, made.outputs["ApiId"])

    def tables(self) -> Any:
        existing = find_stack(find_target(), STACK)
        assert existing
        return connect(core_table=existing.outputs["CoreTable"], usage_table=existing.outputs["UsageTable"])


@pytest.fixture(scope="module")
def install(on_this_computer: Synthesized) -> Iterator[Install]:
    port = free_port()
    with pytest.MonkeyPatch.context() as patched, ministack() as cloud, Proxy(port) as proxy:
        for name, value in {**cloud.credentials.variables, "AWS_ENDPOINT_URL": cloud.endpoint}.items():
            patched.setenv(name, value)
        yield Install(cloud, proxy, port, on_this_computer.folder)


def test_an_account_without_bootstrap_is_refused_before_anything_is_built(install: Install) -> None:
    with pytest.raises(Refused, match="is not prepared for the CDK: run make bootstrap STAGE=local"):
        install.deploy()
    assert (install.stages, install.calls) == ([], [])
    install.cloud.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")


def test_a_first_deployment_protects_the_data_last_and_leaves_what_works(install: Install) -> None:
    install.deploy()
    assert [stage.protected for stage in install.stages] == [False, True]
    assert [call[:2] for call in install.calls] == [("deploy", "--app")] * 2
    assert [call[-2:] for call in install.calls] == [("--require-approval", "never")] * 2
    said = "\n".join(install.said)
    assert said.startswith(f"Creating {STACK} in AWS account 000000000000, eu-west-1, at http://127.0.0.1:")
    assert "Applied the catalog infra/catalog.toml" in said
    assert "SES accepted welcome" in said
    assert "is deployed and works" in install.said[-1]


def test_the_next_one_asks_and_keeps_the_catalog(install: Install) -> None:
    apply_catalog(install.tables(), read_catalog(CATALOG) | {"welcome_credit": 5})
    install.said.clear()
    install.deploy(yes=False)
    assert install.stages[-1].protected is True
    assert len(install.calls) == 3
    assert install.calls[-1][-2:] == ("--require-approval", "any-change")
    said = "\n".join(install.said)
    assert said.startswith(f"Updating {STACK}")
    assert "Applied" not in said
    assert install.tables().catalogs.stored()[2]["welcome_credit"] == 5
    assert "exists; resumed" in said


def test_code_that_can_not_read_the_data_is_refused_before_anything_changes(install: Install) -> None:
    tables, calls = install.tables().tables, len(install.calls)
    item = tables.get(keys.format_item())
    assert [int(number) for number in item["formats"]] == [int(item["writes"])] == [THIS.writes]
    tables.write(Update(keys.format_item(), set={"formats": [THIS.writes, 99]}))
    with pytest.raises(Refused, match="Use the release that wrote format 99"):
        install.deploy()
    assert len(install.calls) == calls
    tables.write(Update(keys.format_item(), set={"formats": item["formats"]}))


def test_a_release_that_does_not_answer_fails_with_the_step(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallybook.cli.smoke.api.READY_SECONDS", 0.0)
    says = r"tallybook-local is deployed, but does not work: smoke test: registration: .* can't be reached"
    with pytest.raises(DeployFailed, match=says):
        install.deploy(port=free_port())
