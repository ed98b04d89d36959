"""Tables of the clerk's pages: accounts, sessions, drafts, and the registers of incoming and outgoing documents."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

clerk_accounts = Table(
    "clerk_accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="in lower case, as it is typed to sign in"),
    Column("full_name", Text, nullable=False),
    Column("member", Text, ForeignKey("members.member"), comment="null: an auditor, who belongs to none"),
    Column("organisations", ARRAY(Text), nullable=False, comment="the bodies this person works for"),
    Column("roles", ARRAY(Text), nullable=False, comment="clerk, leader, administrator; or auditor alone"),
    Column("password_hash", Text, nullable=False, comment="argon2id with its parameters"),
    Column("credential", LargeBinary, nullable=False, comment="the gateway's credential, sealed under the pages' key"),
    Column("created_at", MOMENT, nullable=False),
    Column("disabled_at", MOMENT),
    CheckConstraint(
        "CASE WHEN member IS NULL THEN roles = '{auditor}' AND organisations = '{}' "
        "ELSE NOT 'auditor' = ANY(roles) END",
        name="clerk_accounts_auditors_belong_to_nobody",
    ),
    comment="People who sign in at the pages.",
)

clerk_passwords = Table(
    "clerk_passwords",
    metadata,
    Column("account_id", Uuid, ForeignKey("clerk_accounts.account_id"), primary_key=True),
    Column("password_hash", Text, nullable=False, comment="argon2id with its parameters"),
    Column("changed_at", MOMENT, nullable=False),
    Column("once_until", MOMENT, comment="handed out by an administrator, for one use until then"),
    comment="Passwords that people chose themselves, instead of the one their account was made with.",
)

clerk_account_acts = Table(
    "clerk_account_acts",
    metadata,
    Column("act_id", Uuid, primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("member", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisations", ARRAY(Text), nullable=False, comment="the account's at that moment"),
    Column("act", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("done_by", Text, nullable=False, comment="the name of an account; empty: the operator"),
    Index("clerk_account_acts_of_member", "member", "at"),
    comment="What was done with accounts, by whom; never changed.",
)

clerk_sessions = Table(
    "clerk_sessions",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("account_id", Uuid, ForeignKey("clerk_accounts.account_id"), nullable=False),
    Column("begun_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Column("issuer", Text, comment="where the person signed in; null: here, with a password"),
    Index("clerk_sessions_of_account", "account_id"),
    comment="Who is signed in. The cookie holds 256 random bits, the table their digest.",
)

clerk_identities = Table(
    "clerk_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", Uuid, ForeignKey("clerk_accounts.account_id"), nullable=False),
    Column("linked_at", MOMENT, nullable=False),
    Index("clerk_identities_of_account", "issuer", "account_id", unique=True),
    comment="Who an account is at an OpenID Connect provider, as its administrator linked it.",
)

clerk_used_states = Table(
    "clerk_used_states",
    metadata,
    Column("state_sha256", LargeBinary, primary_key=True),
    Column("used_at", MOMENT, nullable=False),
    comment="Answers of a provider that were taken; none is taken twice. Forgotten when too old to be taken at all.",
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

clerk_documents = Table(
    "clerk_documents",
    metadata,
    Column("register", Text, primary_key=True, comment="incoming or outgoing"),
    Column("document_id", Uuid, primary_key=True, comment="the delivery's id, or the submission's"),
    Column("submission_id", Uuid, nullable=False),
    Column("member", Text, nullable=False),
    Column("organisation", Text, nullable=False, comment="whose register; empty: sent under a mandate, in no register"),
    Column("at", MOMENT, nullable=False, comment="when it arrived, or was handed in"),
    Column("issuer", Text, nullable=False),
    Column("number", Text, nullable=False, comment="number and notation as people write them"),
    Column("type_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("signer", Text, nullable=False, comment="as the metadata name them; empty: not named"),
    Column("promulgated_on", Date),
    Column("due_at", MOMENT),
    Column("urgency", Text, nullable=False),
    Column("folded", Text, nullable=False, comment="number, type and subject as they are searched"),
    Column("reference", Text, comment="how other documents name it, normalised; none: entered before links were kept"),
    Column("year", Integer, comment="of the register"),
    Column("register_number", Integer, comment="given in sequence, never taken back"),
    Column("registered_at", MOMENT),
    Column("registered_by", Text, comment="the account; empty: by sending"),
    Index("clerk_documents_of_member", "member", "at", "document_id"),
    Index("clerk_documents_referred", "member", "reference", postgresql_where=sql("reference IS NOT NULL")),
    Index(
        "clerk_documents_numbered",
        "member",
        "organisation",
        "register",
        "year",
        "register_number",
        unique=True,
        postgresql_where=sql("register_number IS NOT NULL"),
    ),
    comment="Documents as the registers and the search of the pages show them; the pages catch up with what came.",
)

clerk_links = Table(
    "clerk_links",
    metadata,
    Column("register", Text, primary_key=True),
    Column("document_id", Uuid, primary_key=True),
    Column("reference", Text, primary_key=True, comment="the earlier document, as `clerk_documents.reference` has it"),
    Column("member", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="reply, reference, update, replace or revoke"),
    Index("clerk_links_to", "member", "reference"),
    comment="Which earlier documents a document of the registers names, and what for.",
)

clerk_assignments = Table(
    "clerk_assignments",
    metadata,
    Column("assignment_id", Uuid, primary_key=True),
    Column("member", Text, nullable=False),
    Column("delivery_id", Uuid, nullable=False),
    Column("assignee", Text, nullable=False, comment="person or unit; empty: an instruction to who has it already"),
    Column("instruction", Text, nullable=False, comment="stays in the organisation"),
    Column("due_on", Date),
    Column("assigned_by", Text, nullable=False, comment="the account"),
    Column("at", MOMENT, nullable=False),
    Index("clerk_assignments_of_delivery", "member", "delivery_id", "at"),
    comment="Who deals with what came, and what was decided about it.",
)

clerk_registers = Table(
    "clerk_registers",
    metadata,
    Column("member", Text, primary_key=True),
    Column("organisation", Text, primary_key=True),
    Column("register", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False, comment="the last number that was given"),
    comment="Counters of the registers: one row a register, organisation and year, locked by who takes a number.",
)

clerk_register_gaps = Table(
    "clerk_register_gaps",
    metadata,
    Column("member", Text, primary_key=True),
    Column("organisation", Text, primary_key=True),
    Column("register", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("explained_by", Text, nullable=False, comment="the account"),
    Column("at", MOMENT, nullable=False),
    comment="Numbers that were given elsewhere (a paper register, say), each run with its reason.",
)

clerk_notices = Table(
    "clerk_notices",
    metadata,
    Column("notice_id", Uuid, primary_key=True, comment="from what it tells to whom: it is given once"),
    Column("member", Text, nullable=False, comment="whose pages show it"),
    Column("organisation", Text, nullable=False, comment="to whom"),
    Column("kind", Text, nullable=False, comment="reminder or overdue"),
    Column("duty", Text, nullable=False, comment="acknowledge or answer"),
    Column("relation", Text, nullable=False, comment="recipient, sender or parent"),
    Column("recipient", Text, nullable=False, comment="whose duty it is"),
    Column("document_id", Uuid, comment="in the register of whom it is told to; none for a parent"),
    Column("number", Text, nullable=False, comment="empty for a parent"),
    Column("due_at", MOMENT, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("clerk_notices_of_organisation", "member", "organisation", "at"),
    comment="Reminders and overdue notices, each given once.",
)
