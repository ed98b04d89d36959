"""The cast of the TEST authorities: issuers, organisations and who signs for them. All names are fictional."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

KeyKind = Literal["rsa-2048", "rsa-3072", "p-256"]
Source = Literal["government", "public", "unlisted"]
Purpose = Literal["signer", "tsa"]
Role = Literal["seal", "leader", "clerk"]


@dataclass(frozen=True, slots=True)
class AuthorityPlan:
    """A certification authority; `issuer` is None for a root."""

    name: str
    subject: str
    issuer: str | None
    key: KeyKind
    source: Source
    purposes: tuple[Purpose, ...] = ("signer",)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs; `title` is the post as it stands above the signature."""

    name: str
    title: str
    capacity: str = ""  # TM., KT., TL. ... of decree 30, empty when the head signs in his own right


@dataclass(frozen=True, slots=True)
class Organisation:
    """An agency of the cast with both code forms and what its documents carry."""

    code: str
    old_code: str
    name: str
    parent: str
    abbreviation: str
    place: str
    issuer: str
    leader: Person
    clerk: Person
    keys: tuple[KeyKind, KeyKind, KeyKind] = ("rsa-2048", "p-256", "rsa-2048")  # seal, leader, clerk


@dataclass(frozen=True, slots=True)
class SignerPlan:
    """A certificate for a person or a seal. Nothing in the certificate tells which: the register does."""

    name: str
    common_name: str
    organisation: str
    registered_to: str
    role: Role
    issuer: str
    key: KeyKind
    starts_before: timedelta = field(default=timedelta(days=400))
    ends_after: timedelta = field(default=timedelta(days=1200))
    revoked_before: timedelta | None = None
    key_usage: Literal["signing", "encryption"] = "signing"


AUTHORITIES = (
    AuthorityPlan(
        "gov-root",
        "TEST Root CA Chuyên dùng Công vụ Thử nghiệm",
        None,
        "rsa-3072",
        "government",
        ("signer", "tsa"),
    ),
    AuthorityPlan("gov-state", "TEST CA phục vụ cơ quan Nhà nước", "gov-root", "rsa-2048", "government"),
    AuthorityPlan("gov-party", "TEST CA phục vụ cơ quan Đảng", "gov-root", "p-256", "government"),
    AuthorityPlan("gov-local", "TEST CA phục vụ chính quyền địa phương", "gov-root", "rsa-3072", "government"),
    AuthorityPlan("gov-tsa", "TEST CA dịch vụ cấp dấu thời gian", "gov-root", "rsa-2048", "government", ("tsa",)),
    AuthorityPlan("public-root", "TEST Root CA Quốc gia Thử nghiệm", None, "p-256", "public"),
    AuthorityPlan("public-one", "TEST CA công cộng Một", "public-root", "rsa-2048", "public"),
    AuthorityPlan("public-two", "TEST CA công cộng Hai", "public-root", "p-256", "public"),
    AuthorityPlan("unlisted-root", "TEST Root CA không có trong danh sách", None, "p-256", "unlisted"),
    AuthorityPlan("unlisted-issuing", "TEST CA không có trong danh sách", "unlisted-root", "p-256", "unlisted"),
)

ISSUING = ("gov-state", "gov-party", "gov-local", "public-one", "public-two")
"""The five sub-CAs that issue to trusted signers; a crowd of signers is spread over them."""

TIMESTAMPING = "gov-tsa"

ORGANISATIONS = (
    Organisation(
        "G98",
        "000.00.00.G98",
        "Bộ Thử nghiệm",
        "",
        "BTN",
        "Hà Nội",
        "gov-state",
        Person("Nguyễn Thị Ánh Dương", "BỘ TRƯỞNG"),
        Person("Phạm Quốc Khánh", "THỨ TRƯỞNG", "KT. BỘ TRƯỞNG"),
        ("rsa-3072", "rsa-2048", "p-256"),
    ),
    Organisation(
        "G98.05",
        "000.00.05.G98",
        "Cục Chuyển đổi số Thử nghiệm",
        "Bộ Thử nghiệm",
        "CĐSTN",
        "Hà Nội",
        "gov-state",
        Person("Lê Hoàng Phương", "CỤC TRƯỞNG"),
        Person("Đặng Thúy Quỳnh", "PHÓ CỤC TRƯỞNG", "KT. CỤC TRƯỞNG"),
    ),
    Organisation(
        "H98",
        "000.00.00.H98",
        "Ủy ban nhân dân tỉnh Thử Nghiệm",
        "",
        "UBND",
        "Thử Nghiệm",
        "gov-local",
        Person("Trần Đức Thịnh", "CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN"),
        Person("Võ Thị Kim Ngân", "PHÓ CHỦ TỊCH", "KT. CHỦ TỊCH"),
    ),
    Organisation(
        "H98.14",
        "000.00.14.H98",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "Ủy ban nhân dân tỉnh Thử Nghiệm",
        "SNV",
        "Thử Nghiệm",
        "gov-local",
        Person("Hoàng Minh Tuấn", "GIÁM ĐỐC"),
        Person("Bùi Thị Thanh Hương", "PHÓ GIÁM ĐỐC", "KT. GIÁM ĐỐC"),
    ),
    Organisation(
        "H98.44",
        "000.00.44.H98",
        "Ủy ban nhân dân xã Bình Mẫu",
        "Ủy ban nhân dân tỉnh Thử Nghiệm",
        "UBND",
        "Bình Mẫu",
        "public-two",
        Person("Đỗ Văn Nghĩa", "CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN"),
        Person("Lý Thị Hòa", "PHÓ CHỦ TỊCH", "KT. CHỦ TỊCH"),
        ("p-256", "p-256", "p-256"),
    ),
    Organisation(
        "H99",
        "000.00.00.H99",
        "Ủy ban nhân dân tỉnh Mô Phỏng",
        "",
        "UBND",
        "Mô Phỏng",
        "gov-local",
        Person("Ngô Quang Vinh", "CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN"),
        Person("Dương Ngọc Ý", "PHÓ CHỦ TỊCH", "KT. CHỦ TỊCH"),
    ),
    Organisation(
        "H99.09",
        "000.00.09.H99",
        "Sở Tài chính tỉnh Mô Phỏng",
        "Ủy ban nhân dân tỉnh Mô Phỏng",
        "STC",
        "Mô Phỏng",
        "public-one",
        Person("Phan Thị Tuyết Mai", "GIÁM ĐỐC"),
        Person("Huỳnh Bảo Long", "PHÓ GIÁM ĐỐC", "KT. GIÁM ĐỐC"),
        ("rsa-2048", "rsa-3072", "rsa-2048"),
    ),
    Organisation(
        "A98",
        "000.00.00.A98",
        "Văn phòng Tỉnh ủy Thử Nghiệm",
        "Tỉnh ủy Thử Nghiệm",
        "VPTU",
        "Thử Nghiệm",
        "gov-party",
        Person("Mai Xuân Trường", "CHÁNH VĂN PHÒNG"),
        Person("Tạ Thị Yến", "PHÓ CHÁNH VĂN PHÒNG", "KT. CHÁNH VĂN PHÒNG"),
        ("p-256", "p-256", "rsa-2048"),
    ),
)

SPECIALS = (
    SignerPlan(
        "revoked",
        "Hồ Sỹ Lâm",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "H98.14",
        "leader",
        "gov-local",
        "rsa-2048",
        revoked_before=timedelta(days=30),
    ),
    SignerPlan(
        "expired",
        "Chu Thị Lan",
        "Sở Tài chính tỉnh Mô Phỏng",
        "H99.09",
        "leader",
        "public-one",
        "rsa-2048",
        ends_after=timedelta(days=-1),
    ),
    # Its subject names one agency and the register another: words in a subject prove nothing.
    SignerPlan(
        "foreign-seal",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "H99.09",
        "seal",
        "public-one",
        "rsa-2048",
    ),
    SignerPlan(
        "untrusted",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "Sở Nội vụ tỉnh Thử Nghiệm",
        "H98.14",
        "seal",
        "unlisted-issuing",
        "p-256",
    ),
    SignerPlan(
        "encryption-only",
        "Vũ Hải Đăng",
        "Bộ Thử nghiệm",
        "G98",
        "clerk",
        "gov-state",
        "rsa-2048",
        key_usage="encryption",
    ),
)


AXIS = SignerPlan(
    "axis",
    "TEST Trục liên thông văn bản",
    "Bộ Thử nghiệm",
    "G98",
    "seal",
    "gov-state",
    "p-256",
)
"""The organisation that runs the axis and stands for its receipts; it signs no documents, so no register has it."""


def signer_plans() -> tuple[SignerPlan, ...]:
    """Seal, leader and clerk of every organisation, then the specials."""
    ordinary = [
        plan
        for organisation in ORGANISATIONS
        for plan in (
            _plan(organisation, "seal", organisation.name, organisation.keys[0]),
            _plan(organisation, "leader", organisation.leader.name, organisation.keys[1]),
            _plan(organisation, "clerk", organisation.clerk.name, organisation.keys[2]),
        )
    ]
    return (*ordinary, *SPECIALS)


def crowd_plans(organisations: int, key: KeyKind) -> tuple[SignerPlan, ...]:
    """A leader and a seal for each of many invented communes, spread over the five issuing authorities."""
    plans = []
    for number in range(1, organisations + 1):
        name, code, issuer = f"Ủy ban nhân dân xã Mẫu số {number}", f"H97.{number:02d}", ISSUING[number % len(ISSUING)]
        for role, common_name in (("leader", f"Nguyễn Văn Mẫu {number}"), ("seal", name)):
            plans.append(SignerPlan(f"{code}-{role}-{key}", common_name, name, code, role, issuer, key))  # type: ignore[arg-type]
    return tuple(plans)


def _plan(organisation: Organisation, role: Role, common_name: str, key: KeyKind) -> SignerPlan:
    name = f"{organisation.code}-{role}"
    return SignerPlan(name, common_name, organisation.name, organisation.code, role, organisation.issuer, key)
