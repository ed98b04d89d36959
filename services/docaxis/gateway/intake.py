"""The rules of intake: every check of a submission that needs no input or output, in the order they are told.

Given a manifest whose signature verified, the directory and the time, they give the plan of what will be claimed, or
raise the problem with everything that is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import Principal, Role
from docaxis.directory.errors import RejectedIssuer, RejectedMember, RejectedRecipients
from docaxis.directory.resolution import Resolution
from docaxis.directory.snapshot import SendingRight
from docaxis.gateway.refusals import Refused
from docaxis.settings import FairnessSettings
from docaxis.storage.claims import Standing
from docaxis_schemas.digests import contents_digest, document_digest
from docaxis_schemas.document import BusinessAction, DocumentMetadata, RejectedDocument
from docaxis_schemas.faults import Fault, fault
from docaxis_schemas.files import judge_files
from docaxis_schemas.moments import to_text
from docaxis_schemas.natural_key import NaturalKey, amends, natural_key
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import MAX_AGE, MAX_AHEAD, MAX_RECIPIENTS, Heading, Manifest
from docaxis_schemas.topics import SUBMITTED, SUBMITTED_BULK, SUBMITTED_URGENT

_ALONE: Final = {
    "secret": Code.SECRET_DOCUMENT,
    "file-too-large": Code.CONTENT_TOO_LARGE,
    "empty-file": Code.CONTENT_EMPTY,
}
"""Rules with a problem of their own; it is told when nothing else is wrong. A secrecy mark is always told."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a submission will be, if its contents are there and nothing stands against it."""

    manifest: Manifest
    metadata: DocumentMetadata
    issuer: str
    resolution: Resolution
    natural_key: NaturalKey | None
    contents_sha256: str
    document_sha256: str

    @property
    def recipients(self) -> list[str]:
        """Canonical codes of the organisations it goes to."""
        return [recipient.organisation for recipient in self.resolution.recipients]


def check_heading(heading: Heading, *, member: str, own_id: str, axis: str, environment: str) -> None:
    """Check that a record is meant for this axis, by this member, under this key.

    Raises:
        Refused: It is not.
    """
    if heading.axis != axis:
        raise Refused(Code.WRONG_AXIS, f"Trục này là {axis}.", f"This axis is {axis}.")
    if heading.environment != environment:
        raise Refused(
            Code.WRONG_ENVIRONMENT, f"Môi trường này là {environment}.", f"This environment is {environment}."
        )
    if heading.member != member:
        raise Refused(
            Code.MANIFEST_SIGNATURE_INVALID,
            "Bản ghi đứng tên thành viên khác với khóa truy cập.",
            "The record names another member than the credential does.",
        )
    if heading.own_id != own_id:
        raise Refused(
            Code.MALFORMED_REQUEST,
            "Idempotency-Key phải trùng với 'id' trong bản ghi đã ký.",
            "The Idempotency-Key must be the 'id' of the signed record.",
        )


def check_age(signed_at: datetime, now: datetime) -> None:
    """Check the age of a record on which a new claim would be made.

    Raises:
        Refused: Too old, or further ahead than clocks are.
    """
    if now - signed_at > MAX_AGE:
        raise Refused(Code.MANIFEST_EXPIRED, f"Ký lúc {to_text(signed_at)}.", f"It was signed at {to_text(signed_at)}.")
    if signed_at - now > MAX_AHEAD:
        raise Refused(
            Code.MANIFEST_EXPIRED,
            "Thời gian ký ở tương lai; kiểm tra đồng hồ của hệ thống.",
            "The time of signing lies in the future; check the system's clock.",
        )


def judge_manifest(manifest: Manifest, snapshot: DirectorySnapshot, principal: Principal, now: datetime) -> Plan:
    """Judge a manifest against the directory.

    Raises:
        Refused: With every fault of the metadata and the file list, or the first of the later rules that fails.
    """
    member = manifest.heading.member
    require_active(snapshot, member, now)
    metadata = _read_metadata(manifest, now)
    issuer = _check_issuer(manifest, metadata, snapshot, principal, now)
    resolution = _resolve(manifest, snapshot, now)
    return Plan(
        manifest,
        metadata,
        issuer,
        resolution,
        natural_key(metadata, issuer),
        contents_digest(entry.sha256 for entry in manifest.contents),
        document_digest(manifest.contents),
    )


def require_active(snapshot: DirectorySnapshot, member: str, now: datetime) -> None:
    """Check that a member may act now.

    Raises:
        Refused: It is suspended.
    """
    try:
        snapshot.require_member(member, accepted_at=now)
    except RejectedMember as error:
        raise Refused(Code.MEMBER_SUSPENDED) from error


def _read_metadata(manifest: Manifest, now: datetime) -> DocumentMetadata:
    faults: list[Fault] = []
    metadata = None
    try:
        metadata = DocumentMetadata.from_json(manifest.document, now=now)
    except RejectedDocument as error:
        faults.extend(error.faults)
    try:
        judge_files(manifest.contents)
    except RejectedDocument as error:
        faults.extend(error.faults)
    if not manifest.recipients:
        faults.append(fault("recipients", "no-recipient"))
    if len(manifest.recipients) > MAX_RECIPIENTS:
        raise _too_many(len(manifest.recipients))
    if metadata is None or faults:
        raise _metadata_problem(tuple(dict.fromkeys(faults)))  # document and manifest may lack the same
    return metadata


def _metadata_problem(faults: Sequence[Fault]) -> Refused:
    rules = {item.rule for item in faults}
    if "secret" in rules:
        return Refused(Code.SECRET_DOCUMENT, faults=faults)
    if len(rules) == 1 and (alone := _ALONE.get(next(iter(rules)))) is not None:
        return Refused(alone, faults=faults)
    if rules == {"too-many"} and {item.field for item in faults} == {"recipients"}:
        return Refused(Code.TOO_MANY_RECIPIENTS, faults=faults)
    return Refused(Code.METADATA_INVALID, f"Có {len(faults)} lỗi.", f"Faults: {len(faults)}.", faults=faults)


def _check_issuer(
    manifest: Manifest, metadata: DocumentMetadata, snapshot: DirectorySnapshot, principal: Principal, now: datetime
) -> str:
    """Check that the sender may send for the issuer, or says that it passes on what another issued."""
    issuer = snapshot.canonical(metadata.issuer.code)
    if not manifest.forwarded and not metadata.form_of_copy.is_certified_copy:
        try:
            right = snapshot.require_sending_right(manifest.heading.member, metadata.issuer.code, now)
        except RejectedIssuer as error:
            raise _not_authorised(metadata.issuer.code) from error
        mandated = right is SendingRight.MANDATE and principal.role is not Role.CLERK
        if issuer not in principal.organisations and not mandated:
            raise _not_authorised(metadata.issuer.code)
    return issuer or metadata.issuer.code


def _not_authorised(issuer: str) -> Refused:
    return Refused(Code.NOT_AUTHORISED_FOR_ISSUER, f"Cơ quan ban hành: {issuer}", f"Issuer: {issuer}")


def _resolve(manifest: Manifest, snapshot: DirectorySnapshot, now: datetime) -> Resolution:
    try:
        resolution = snapshot.resolve(manifest.recipients, now)
    except RejectedRecipients as error:
        raise _too_many(None) from error
    if not resolution.recipients:
        left_out = [*resolution.unknown, *resolution.suspended]
        raise Refused(
            Code.UNKNOWN_RECIPIENTS,
            ", ".join(item.given for item in left_out[:20]),
            ", ".join(f"{item.given} ({item.reason.value})" for item in left_out[:20]),
            more={"recipients": notices_json(resolution)},
        )
    return resolution


def _too_many(count: int | None) -> Refused:
    return Refused(
        Code.TOO_MANY_RECIPIENTS,
        f"{count if count is not None else 'Hơn ' + str(MAX_RECIPIENTS)} bên nhận; tối đa {MAX_RECIPIENTS}.",
        f"{count if count is not None else 'More than ' + str(MAX_RECIPIENTS)} recipients; at most {MAX_RECIPIENTS}.",
    )


def judge_standing(plan: Plan, standing: Standing) -> None:
    """Check a plan against what was delivered before.

    Raises:
        Refused: Another document stands under the natural key, or every recipient has these contents already: an
            update, replacement or recall may bring the same file again, for what it says beside it.
    """
    other = standing.document_sha256 is not None and standing.document_sha256 != plan.document_sha256
    if other and plan.natural_key is not None and not amends(plan.metadata, plan.natural_key):
        raise Refused(
            Code.NATURAL_KEY_TAKEN,
            f"Số, ký hiệu: {plan.metadata.display_number}",
            f"Number and notation: {plan.metadata.display_number}",
        )
    is_new = plan.metadata.business.action is BusinessAction.NEW
    if is_new and standing.delivered.keys() >= set(plan.recipients):
        raise Refused(
            Code.ALREADY_DELIVERED,
            more={
                "deliveries": [
                    {"recipient": code, "submission_id": str(submission), "delivery_id": str(delivery)}
                    for code, (submission, delivery) in sorted(standing.delivered.items())
                ]
            },
        )


def choose_lane(plan: Plan, standing: Standing, fairness: FairnessSettings) -> str:
    """Choose the topic: urgent within the member's quota, bulk when it has much in hand already."""
    if plan.metadata.urgency.is_urgent and standing.urgent_lately < fairness.urgent_quota_per_hour:
        return SUBMITTED_URGENT
    return SUBMITTED_BULK if standing.undecided >= fairness.bulk_above else SUBMITTED


def notices_json(resolution: Resolution) -> dict[str, Any]:
    """Give what the sender is told about its recipient list, line by line."""
    at = to_text(resolution.at)
    return {
        "delivered_to": len(resolution.recipients),
        "merged": [{"asked": n.given, "successor": n.organisation, "at": at} for n in resolution.notices],
        "unknown": [_left_out(item.given, item.reason.value, item.group) for item in resolution.unknown],
        "suspended": [_left_out(item.given, item.reason.value, item.group) for item in resolution.suspended],
    }


def resolution_json(resolution: Resolution) -> dict[str, Any]:
    """Give the resolution as the claim keeps it for the router."""
    notices = notices_json(resolution)
    del notices["delivered_to"]
    return notices | {
        "recipients": [
            {
                "organisation": r.organisation,
                "name": r.name,
                "member": r.member,
                "role": r.role,
                "via": next((name for name in r.given if name in resolution.groups), None),
                "asked": r.given[0],
            }
            for r in resolution.recipients
        ],
        "groups": {name: list(codes) for name, codes in resolution.groups.items()},
    }


def _left_out(given: str, reason: str, group: str | None) -> dict[str, str]:
    return {"asked": given, "reason": reason} | ({"via": group} if group is not None else {})
