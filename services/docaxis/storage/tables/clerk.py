"""Tables of the clerk's pages: who may sign in, who is signed in, and what is being written."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

clerk_accounts = Table(
    "clerk_accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="in lower case, as it is typed to sign in"),
    Column("full_name", Text, nullable=False),
    Column("member", Text, ForeignKey("members.member"), nullable=False),
    Column("organisations", ARRAY(Text), nullable=False, comment="the bodies this person works for"),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False, comment="argon2id with its parameters"),
    Column("credential", LargeBinary, nullable=False, comment="the gateway's credential, sealed under the pages' key"),
    Column("created_at", MOMENT, nullable=False),
    Column("disabled_at", MOMENT),
    comment="People who sign in at the pages.",
)

clerk_sessions = Table(
    "clerk_sessions",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("account_id", Uuid, ForeignKey("clerk_accounts.account_id"), nullable=False),
    Column("begun_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Index("clerk_sessions_of_account", "account_id"),
    comment="Who is signed in. The cookie holds 256 random bits, the table their digest.",
)

clerk_drafts = Table(
    "clerk_drafts",
    metadata,
    Column("draft_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("clerk_accounts.account_id"), nullable=False),
    Column("form", LargeBinary, nullable=False, comment="what was typed, as JSON"),
    Column("files", LargeBinary, nullable=False, comment="contents already uploaded, as JSON"),
    Column("changed_at", MOMENT, nullable=False),
    Column("submission_id", Uuid, comment="set when it was sent"),
    Index("clerk_drafts_of_account", "account_id", "changed_at"),
    comment="Submissions that are being written at the pages.",
)
