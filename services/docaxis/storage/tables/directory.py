"""Tables of the directory. Organisations keep every version of every entry; secrets are stored as digests only."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

directory_versions = Table(
    "directory_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("what", Text, nullable=False, comment="list, member, key, mandate, certificate"),
    Column("subject", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("serial", BigInteger, unique=True, comment="of a signed list"),
    Column("list_sha256", Text),
    Column("list_key", Text),
    comment="Every change of the directory, in order; a submission carries the version it was resolved with.",
)

directory_attestations = Table(
    "directory_attestations",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("token", Text, nullable=False, comment="compact JWS by the directory's keeper"),
    Column("at", MOMENT, nullable=False),
    comment="What the keeper has signed of the directory; the newest must be about what it holds.",
)

organisations = Table(
    "organisations",
    metadata,
    Column("code", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("from_version", BigInteger, primary_key=True, autoincrement=False),
    Column("to_version", BigInteger, comment="the version that changed or dropped this entry; null: it stands"),
    Column("old_code", Text),
    Column("name", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("parent", Text),
    Column("member", Text),
    Column("valid_to", Date),
    Column("successor", Text),
    Column("groups", ARRAY(Text), nullable=False),
    Column("kind", Text, nullable=False),
    Index("organisations_standing", "code", "valid_from", unique=True, postgresql_where="to_version IS NULL"),
    comment="Bodies with their validity in the world (valid_from, valid_to) and in the directory (versions).",
)

members = Table(
    "members",
    metadata,
    Column("member", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("registered_at", MOMENT, nullable=False),
    Column("suspended_at", MOMENT),
    Column("compromised_since", MOMENT),
    CheckConstraint("state IN ('active', 'suspended')", name="members_state"),
)

member_keys = Table(
    "member_keys",
    metadata,
    Column("member", Text, ForeignKey("members.member"), primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("jwk", JSONB, nullable=False, comment="public part only"),
    Column("valid_from", MOMENT, nullable=False),
    Column("valid_to", MOMENT),
)

credentials = Table(
    "credentials",
    metadata,
    Column("credential_id", Uuid, primary_key=True),
    Column("secret_sha256", LargeBinary, nullable=False, unique=True),
    Column("member", Text, ForeignKey("members.member")),
    Column("organisations", ARRAY(Text), nullable=False),
    Column("role", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("valid_from", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
    Index("credentials_holder", "member", "role", "holder"),
    comment="Secrets of 256 random bits need no slow hash: SHA-256 cannot be searched either.",
)

mandates = Table(
    "mandates",
    metadata,
    Column("member", Text, ForeignKey("members.member"), primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("valid_from", MOMENT, primary_key=True),
    Column("valid_to", MOMENT),
    Column("granted_by", Text, nullable=False),
)

registered_certificates = Table(
    "registered_certificates",
    metadata,
    Column("certificate_sha256", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("certificate", LargeBinary, nullable=False, comment="DER"),
    Column("valid_from", MOMENT, nullable=False),
    Column("valid_to", MOMENT),
    Column("possession", Text, nullable=False),
    Column("proof", LargeBinary, nullable=False, comment="the signature over the challenge, to be checked again"),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", MOMENT, nullable=False),
    CheckConstraint("role IN ('seal', 'person')", name="registered_certificates_role"),
)

possession_challenges = Table(
    "possession_challenges",
    metadata,
    Column("challenge", LargeBinary, primary_key=True),
    Column("certificate_sha256", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    UniqueConstraint("certificate_sha256", "organisation", name="possession_challenges_one"),
    comment="Random, single use, bound to one certificate and one body.",
)
