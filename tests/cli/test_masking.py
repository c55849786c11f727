"""A secret is masked by the name of its variable, whatever it looks like; what is no secret stays readable."""

import pytest

from tallybook.cli.masking import mask


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TALLYBOOK_PASSWORD", "12345678"),
        ("AWS_SECRET_ACCESS_KEY", "/bcdEFGH1234567890abcdefghij+/ABCDEFGHIJ"),
        ("AWS_SESSION_TOKEN", "/QoJb3JpZ2luX2VjEJ"),
    ],
)
def test_a_secret_like_a_number_or_a_path_is_masked(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert mask(f"refused: {value}!") == "refused: ***!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("XDG_SESSION_ID", "1234567"),
        ("SSL_KEY_FILE", "/etc/tls/key.pem"),
        ("PASSWORD_FILE", "/run/secrets/password"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
    ],
)
def test_the_number_of_a_session_or_the_path_of_a_file_stays(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert mask(f"refused: {value}!") == f"refused: {value}!"
