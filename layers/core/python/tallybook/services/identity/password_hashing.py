"""Password hashes: bcrypt over SHA-256, because bcrypt alone ignores everything after the first 72 bytes."""

import base64
import hashlib

import bcrypt

# A well-formed hash that no password matches: a check against it costs the same as a real one with these rounds.
_NO_PASSWORD = b"$2b$%02d$" + b"." * 53


def hash_password(password: str, *, rounds: int) -> str:
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(rounds)).decode()


def password_matches(password: str, stored: str | None, *, rounds: int) -> bool:
    """Whether `stored` is the hash of this password; without a stored hash, False after the same work."""
    hashed = stored.encode() if stored else _NO_PASSWORD % rounds
    return bcrypt.checkpw(_digest(password), hashed) and stored is not None


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode()).digest())
