"""Passwords are stored as bcrypt over their SHA-256, so that every character of a long one counts."""

import base64
import hashlib

import bcrypt

# A well-formed hash that no password has; checking against it costs what a real check of 12 rounds does.
_NOBODY = b"$2b$%02d$" + b"." * 53


def hash_password(password: str, *, rounds: int) -> str:
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(rounds)).decode()


def password_matches(password: str, stored: str | None, *, rounds: int) -> bool:
    """Whether it is the stored password; with nothing stored, False after the same work."""
    hashed = stored.encode() if stored else _NOBODY % rounds
    return bcrypt.checkpw(_digest(password), hashed) and stored is not None


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode()).digest())
