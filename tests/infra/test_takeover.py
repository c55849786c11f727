"""A web page of another site, or a program without the credentials, gets nothing from the running bundle."""

import json
import stat
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.infra.attacks import FUNCTION, Attack, attacks, forged_authorizations
from tests.infra.calls_of_a_page import STATUSES, calls_of_a_page, every_kind_of_call, sign_in_elsewhere
from tests.support.browser import SITE, Website, chromium, text_of, website
from tests.support.local_stack import LocalStack

FOREIGN = {"Origin": "http://attacker.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
SANDBOXED = {"Origin": "null"}
OTHER_PORT = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
_RUNS_WITHIN = 2.0

_PAGE = """<!DOCTYPE html><iframe name="frame"></iframe><script>
const attacks = ATTACKS, results = [];
function submit({method, url, body}) {  // a form sends what no preflight asks for
  const form = Object.assign(document.createElement("form"),
                             {method, action: url, enctype: "text/plain", target: "frame"});
  const at = body.indexOf("=") + 1;
  form.append(Object.assign(document.createElement("input"), {name: body.slice(0, at - 1), value: body.slice(at)}));
  document.body.append(form);
  form.submit();
}
function listen(url) {
  return new Promise(done => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => done("open");
    socket.onerror = () => done("closed");
  });
}
(async () => {
  for (const {method, url, body} of attacks)
    for (const mode of ["no-cors", "cors"])
      try {
        const answer = await fetch(url, {method, mode, body: body || undefined, credentials: "include"});
        results.push({url, mode, type: answer.type, text: await answer.text()});
      } catch (error) { results.push({url, mode, type: "error", text: ""}); }
  for (const attack of attacks.filter(({method}) => method === "POST")) {
    submit(attack);
    await new Promise(done => setTimeout(done, 100));
  }
  const sockets = await Promise.all(SOCKETS.map(listen));
  await fetch("/report", {method: "POST", body: JSON.stringify({results, sockets})});
})();
</script>"""


@pytest.fixture(scope="module")
def stack(local_stack: LocalStack) -> LocalStack:
    _mail(local_stack)
    return local_stack


@pytest.fixture(scope="module")
def markers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the files that attackers' functions would write, also some time after the attacks."""
    folder = tmp_path_factory.mktemp("markers")
    yield folder
    time.sleep(_RUNS_WITHIN)
    assert [path.name for path in folder.iterdir()] == []


@pytest.fixture
def marker(stack: LocalStack, markers: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file that the attacker's function would write. Afterwards the bundle must be as it was."""
    functions = _functions(stack)
    yield markers / f"{request.node.name}".replace("/", "_")
    assert _functions(stack) == functions
    assert FUNCTION not in functions
    assert _get(stack, "/auth/me")["user"]["id"]
    assert _get(stack, "/_local/mail.json")["mails"]


@pytest.mark.parametrize("headers", [FOREIGN, SANDBOXED, OTHER_PORT])
def test_requests_of_another_origin_get_nothing(stack: LocalStack, marker: Path, headers: dict[str, str]) -> None:
    answers = {attack.url: _send(attack, headers) for attack in attacks(stack, marker)}
    assert {url: status for url, status in answers.items() if status not in (403, 404)} == {}


@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example", ""])
def test_requests_with_a_foreign_host_get_nothing(stack: LocalStack, marker: Path, host: str) -> None:
    port = urlsplit(stack.variables["TALLYBOOK_URL"]).port
    answers = {attack.url: _send(attack, {"Host": f"{host}:{port}"}) for attack in attacks(stack, marker)}
    assert set(answers.values()) == {403}


def test_requests_without_the_credentials_get_nothing(stack: LocalStack, marker: Path) -> None:
    at_emulator = [one for one in attacks(stack, marker) if one.url.startswith(stack.variables["AWS_ENDPOINT_URL"])]
    for headers in ({}, {"X-Tallybook-Local": "x"}, *forged_authorizations()):
        assert {_send(attack, headers) for attack in at_emulator} == {403}


def test_the_known_port_hides_the_emulators_own_paths(stack: LocalStack, marker: Path) -> None:
    api = stack.variables["TALLYBOOK_URL"]
    for path in ("_ministack/ses/messages", "%5Fministack/health", "/_ministack/health", "x/../_ministack/health"):
        assert _send(Attack("GET", f"{api}/{path}"), {}) == 404
    for path in ("_ministack/reset", "_aws/execute-api/x/y", "2015-03-31/functions", "", "%24default/_ministack/reset"):
        assert _send(Attack("POST", f"{api}/{path}"), {}) == 404


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed; raw requests test the same")
def test_a_page_of_another_origin_in_chromium_gets_nothing(stack: LocalStack, marker: Path) -> None:
    cloud, api = urlsplit(stack.variables["AWS_ENDPOINT_URL"]), urlsplit(stack.variables["TALLYBOOK_URL"])
    with website() as site, website() as other:
        control = Attack("POST", f"http://127.0.0.1:{urlsplit(other.origin).port}/arrived", "a=b")
        tried = [control, *attacks(stack, marker)]
        sent = json.dumps([{"method": one.method, "url": one.url, "body": one.body} for one in tried])
        sockets = json.dumps([f"http://{cloud.netloc}/", f"http://{api.netloc}/"])
        report = site.visit(_PAGE.replace("ATTACKS", sent).replace("SOCKETS", sockets))
    assert other.posted_to.count("/arrived") == 3  # the browser does send them: two by fetch, one by a form
    assert len(report["results"]) == 2 * len(tried)
    assert {result["type"] for result in report["results"] if result["mode"] == "cors"} == {"error"}
    assert {result["text"] for result in report["results"]} == {""}
    assert report["sockets"] == ["closed", "closed"]


@pytest.mark.parametrize("path", ["/_local/mail.json", "/_local/", "/_local/reference", "/"])
def test_an_allowed_origin_reads_the_api_and_nothing_local(
    stack: LocalStack, allowed: tuple[Website, Website], path: str
) -> None:
    headers = {"Origin": allowed[0].origin, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
    assert _send(Attack("GET", stack.variables["TALLYBOOK_URL"] + path), headers) == 403
    assert _send(Attack("GET", stack.variables["TALLYBOOK_URL"] + "/auth/me"), headers) == 401


def test_the_handshake_of_a_sender_of_events_reaches_the_function(stack: LocalStack) -> None:
    address = urlsplit(stack.variables["TALLYBOOK_URL"])
    connection = HTTPConnection(address.netloc, timeout=30)
    connection.request("OPTIONS", "/v1/platform/events", headers={"WebHook-Request-Origin": "sender.example.com"})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.headers["WebHook-Allowed-Origin"]) == (204, "sender.example.com")


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_a_page_of_another_site_calls_with_a_token_the_cookie_stays_away(
    stack: LocalStack, allowed: tuple[Website, Website]
) -> None:
    answers = calls_of_a_page(allowed[1], stack, sign_in_elsewhere(stack))
    assert [answer["status"] for answer in answers] == [200, 401, 200]


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_a_page_of_an_allowed_origin_uses_every_method_and_reads_errors(
    stack: LocalStack, allowed: tuple[Website, Website]
) -> None:
    answers = calls_of_a_page(allowed[0], stack, every_kind_of_call(stack))
    assert {answer["name"]: answer["status"] for answer in answers} == STATUSES
    by_name = {answer["name"]: answer for answer in answers}
    assert by_name["no credential"]["headers"]["www-authenticate"].startswith("Bearer")
    assert by_name["wrong method"]["headers"]["allow"] == "GET, HEAD, OPTIONS"
    assert int(by_name["too many"]["headers"]["retry-after"]) > 0
    assert by_name["key again"]["headers"]["idempotent-replayed"] == "true"
    assert by_name["unknown path"]["body"]["code"] == "not_found"
    assert by_name["too many"]["body"]["error"]["code"] == "too_many_requests"


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed; raw requests test the same")
def test_a_name_that_was_rebound_to_this_computer_shows_nothing(stack: LocalStack, marker: Path) -> None:
    for variable, paths in (
        ("TALLYBOOK_URL", ("/_local/mail.json", "/_ministack/ses/messages", "/auth/me")),
        ("AWS_ENDPOINT_URL", ("/_ministack/ses/messages", "/2015-03-31/functions/")),
    ):
        port = urlsplit(stack.variables[variable]).port
        for path in paths:
            text = text_of(f"http://{SITE}:{port}{path}")
            assert "answers" in text
            assert "example.com" not in text


def test_only_the_owner_can_read_the_folder_and_its_files(stack: LocalStack) -> None:
    of_the_walk = stack.folder / "usage.ndjson"
    paths = [path for path in (stack.folder, *stack.folder.rglob("*")) if path != of_the_walk]
    readable = {str(path): oct(mode) for path in paths if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077}
    assert {path.name for path in paths} >= {"env", "older", "ministack.log", "tallybook-local.template.json"}
    assert readable == {}


def _send(attack: Attack, headers: Mapping[str, str]) -> int:
    """The status that the request gets; its Host is the address's unless `headers` names one."""
    address = urlsplit(attack.url)
    connection = HTTPConnection(address.netloc, timeout=30)
    try:
        connection.putrequest(attack.method, attack.url.removeprefix(f"http://{address.netloc}"), skip_host=True)
        content = {"Content-Length": str(len(attack.body)), "Content-Type": "text/plain"}
        for name, value in ({"Host": address.netloc} | content | dict(attack.headers) | dict(headers)).items():
            connection.putheader(name, value)
        connection.endheaders(attack.body.encode())
        return connection.getresponse().status
    finally:
        connection.close()


def _mail(stack: LocalStack) -> None:
    """A mail that an attacker could read or delete."""
    ses = stack.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    text = {"Data": "reset your password"}
    content = {"Simple": {"Subject": text, "Body": {"Text": text}}}
    to = {"ToAddresses": ["owner@example.com"]}
    ses.send_email(FromEmailAddress="hello@example.com", Destination=to, Content=content)


def _functions(stack: LocalStack) -> set[str]:
    return {one["FunctionName"] for one in stack.client("lambda").list_functions(MaxItems=100)["Functions"]}


def _get(stack: LocalStack, path: str) -> dict[str, dict[str, str]]:
    variables = stack.variables
    request = Request(variables["TALLYBOOK_URL"] + path, headers={"X-API-Key": variables["TALLYBOOK_API_KEY"]})
    with urlopen(request, timeout=30) as answer:
        found: dict[str, dict[str, str]] = json.load(answer)
        return found
