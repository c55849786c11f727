"""API keys and sign-in sessions, as items. Only the hashes of secrets are stored."""

from collections.abc import Iterable

from tallybook.domain.credentials import Credential, CredentialRef, Kind
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.commands import Delete, Item, Put
from tallybook.store.keys import Key


def key_of(kind: Kind, account_id: str, credential_id: str) -> Key:
    return (keys.api_key if kind == "api_key" else keys.sign_in)(account_id, credential_id)


def credential_keys(ref: CredentialRef) -> tuple[Key, Key, Key]:
    """The three items that authentication reads: credential, user, account."""
    return (
        key_of(ref.kind, ref.account_id, ref.credential_id),
        keys.user(ref.account_id, ref.user_id),
        keys.account(ref.account_id),
    )


def put_credential(credential: Credential) -> Put:
    """DynamoDB's TTL deletes an expired sign-in session; an API key stays until it is revoked."""
    expires = credential.expires_at if credential.kind == "session" else None
    return Put(
        key_of(credential.kind, credential.account_id, credential.id),
        {
            "id": credential.id,
            "kind": credential.kind,
            "account_id": credential.account_id,
            "user_id": credential.user_id,
            "secret_hash": credential.secret_hash,
            "created_at": stamp(credential.created_at),
            "expires_at": stamp_or_none(credential.expires_at),
            "name": credential.name,
            "hint": credential.hint,
            "generation": credential.generation,
            "parent_id": credential.parent_id,
            "expires": int(expires.timestamp()) if expires else None,
        },
    )


def delete_keys(api_keys: Iterable[Credential]) -> list[Delete]:
    """Delete these API keys; WriteConflict if one of them is gone."""
    return [Delete(keys.api_key(key.account_id, key.id)) for key in api_keys]


def read_credential(item: Item) -> Credential:
    return Credential(
        id=item["id"],
        kind=item["kind"],
        account_id=item["account_id"],
        user_id=item["user_id"],
        secret_hash=item["secret_hash"],
        created_at=parse_instant(item["created_at"]),
        expires_at=instant_or_none(item.get("expires_at")),
        last_used_at=instant_or_none(item.get("last_used_at")),
        name=item.get("name"),
        hint=item.get("hint"),
        generation=int(item["generation"]) if "generation" in item else None,
        parent_id=item.get("parent_id"),
    )
