"""Signed records as they come in: opened against the member's keys, or signed in a clerk's place."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import GATEWAY_KEY, Principal, Role
from docaxis.gateway.authentication import member_of
from docaxis.gateway.refusals import Refused
from docaxis.gateway.signing import GatewayKeys, Registers
from docaxis_schemas.canonical import RejectedJson, canonical, parse_object
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import record_digest
from docaxis_signing.statements import MemberSigner, RejectedStatement, open_statement

SIGNED: Final = "application/jose"
UNSIGNED: Final = "application/json"
LARGE: Final = 256 * 1024
"""Bytes from which reading a record would hold up other requests for a noticeable time."""


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record whose signature verified, as it is kept for the evidence."""

    payload: Mapping[str, Any]
    data: bytes
    token: str
    key: bytes
    acted_by_gateway: bool

    @property
    def digest(self) -> str:
        """What a claim binds: the digest of the record without its time."""
        return record_digest(self.payload)

    @property
    def sha256(self) -> str:
        """What evidence names: the digest of the signed bytes."""
        return hashlib.sha256(self.data).hexdigest()


async def open_record(  # noqa: PLR0917 - one call site a kind of record
    data: bytes,
    media_type: str,
    principal: Principal,
    snapshot: DirectorySnapshot,
    keys: GatewayKeys,
    directory: Registers,
    *,
    limit: int,
    now: datetime,
) -> OpenedRecord:
    """Verify a member's record, or sign a clerk's.

    Raises:
        Refused: Not signed, wrongly signed, not JSON with one meaning, or unsigned from who must sign.
    """
    if media_type == SIGNED:
        verify = partial(_verify, data, member_of(principal), snapshot, limit=limit, now=now)
        return verify() if len(data) < LARGE else await asyncio.to_thread(verify)
    if media_type != UNSIGNED:
        raise Refused(
            Code.MALFORMED_REQUEST,
            "Bản ghi phải là application/jose (đã ký).",
            "A record is application/jose (signed).",
        )
    if principal.role is not Role.CLERK:
        raise Refused(
            Code.MANIFEST_SIGNATURE_INVALID,
            "Hệ thống thành viên phải tự ký bản ghi.",
            "A member's system signs its own records.",
        )
    return await _sign(data, member_of(principal), keys, directory, limit=limit)


def _verify(data: bytes, member: str, snapshot: DirectorySnapshot, *, limit: int, now: datetime) -> OpenedRecord:
    key_of = snapshot.key_of(member)
    try:
        opened = open_statement(data, key_of, at=now, limit=limit)
    except RejectedStatement as error:
        if isinstance(error.__cause__, RejectedJson):
            raise _malformed(error.__cause__) from error
        raise Refused(Code.MANIFEST_SIGNATURE_INVALID, "Chữ ký của bản ghi không hợp lệ.", f"{error}.") from error
    if opened.kid.startswith(GATEWAY_KEY):
        raise Refused(Code.MANIFEST_SIGNATURE_INVALID)
    key = key_of(opened.kid)
    assert key is not None, "the statement was opened with it"
    return OpenedRecord(
        opened.payload, opened.data, data.decode("ascii"), canonical(dict(key.jwk)), acted_by_gateway=False
    )


async def _sign(data: bytes, member: str, keys: GatewayKeys, directory: Registers, *, limit: int) -> OpenedRecord:
    parse, is_large = partial(parse_object, data, limit=limit), len(data) >= LARGE
    try:
        payload = await asyncio.to_thread(parse) if is_large else parse()
    except RejectedJson as error:
        raise _malformed(error) from error
    signer = await keys.for_member(member, directory)
    sign = partial(_signed, payload, signer)
    return await asyncio.to_thread(sign) if is_large else sign()


def _signed(payload: Mapping[str, Any], signer: MemberSigner) -> OpenedRecord:
    token, key = signer.sign(payload), canonical(signer.public_jwk())
    return OpenedRecord(payload, canonical(payload), token, key, acted_by_gateway=True)


def _malformed(error: RejectedJson) -> Refused:
    return Refused(Code.MALFORMED_JSON, f"JSON: {error}", f"JSON: {error}")
