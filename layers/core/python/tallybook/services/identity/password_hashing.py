"""Password hashes: bcrypt over SHA-256, because bcrypt alone ignores everything after the first 72 bytes.

Passwords are hashed in NFC. Earlier releases hashed what was typed, so that is checked too where it differs.
"""

import base64
import hashlib

import bcrypt

from tallybook.domain.text_rules import composed_password

# A well-formed hash that no password matches: a check against it costs the same as a real one with these rounds.
_NO_PASSWORD = b"$2b$%02d$" + b"." * 53


def hash_password(password: str, *, rounds: int) -> str:
    return bcrypt.hashpw(_digest(composed_password(password)), bcrypt.gensalt(rounds)).decode()


def password_matches(password: str, stored: str | None, *, rounds: int) -> bool:
    """Whether `stored` is the hash of this password; without a stored hash, False after the same work.

    A wrong password costs one hash; two if it is not in NFC, whether or not there is a stored hash.
    """
    hashed = stored.encode() if stored else _NO_PASSWORD % rounds
    forms = dict.fromkeys((composed_password(password), password))
    return any(bcrypt.checkpw(_digest(form), hashed) for form in forms) and stored is not None


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode()).digest())
