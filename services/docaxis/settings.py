"""One frozen settings object a process, read at the edge from ``DOCAXIS_...`` and handed down in parts."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BusSettings(_Part):
    """Where the broker is and as whom this process speaks to it."""

    bootstrap: str = "127.0.0.1:9092"
    username: str = ""
    password: SecretStr = SecretStr("")
    passwords: dict[str, SecretStr] = Field(
        default_factory=dict, description="password of each service that this process runs; users are s.<service>"
    )
    security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    ca_file: Path | None = None
    slots: int = Field(4, ge=1, le=256, description="partitions of every slotted topic; fixed at the first start")
    owned: tuple[int, ...] | None = Field(
        None,
        description="slots this process serves; all of them by default. A registrar may serve none (`[]`): then it "
        "writes the log alone",
    )
    replication: int = Field(1, ge=1, le=5)
    keep_inputs: timedelta = Field(
        timedelta(days=7), ge=timedelta(0), description="how long a stage's inputs are kept although they are finished"
    )
    keep_evidence: timedelta = Field(
        timedelta(days=30), ge=timedelta(0), description="the same for statements that are signed and in the log"
    )
    trim_every: timedelta = Field(
        timedelta(hours=1), ge=timedelta(minutes=1), description="how often a stage deletes what need not be kept"
    )


class RetrySettings(_Part):
    """When an undecided document is tried again, and until when."""

    short: timedelta = timedelta(seconds=30)
    medium: timedelta = timedelta(minutes=5)
    long: timedelta = timedelta(minutes=30)
    deadline: timedelta = timedelta(hours=24)
    urgent_deadline: timedelta = timedelta(minutes=15)
    named_deadline: timedelta = Field(
        timedelta(hours=25),
        description="how long an update, replacement or recall waits for the document it names to be decided",
    )


class FairnessSettings(_Part):
    """How members share the axis."""

    bulk_above: int = Field(
        50, description="undecided submissions of a member above which its next go to the bulk lane"
    )
    urgent_quota_per_hour: int = Field(200, description="submissions of a member an hour that may use the urgent lane")
    lane_weights: tuple[int, int, int] = Field((8, 4, 1), description="urgent, normal, bulk")
    member_share: float = Field(0.5, description="of the worker pool that one member may hold while others wait")


class VerifierSettings(_Part):
    """The worker pool."""

    workers: int | None = Field(None, description="worker processes; one more than cores by default")
    memory_mb: int = 512
    seconds: float = Field(10.0, description="of processor time that a document may take")
    ahead: int = 64
    shadow_every: int = Field(
        1000, ge=0, description="one document in so many is judged by stock pyHanko too and compared; 0 for none"
    )


class _WebSettings(_Part):
    host: str = "127.0.0.1"
    port: int = 0
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="networks of the proxies in front: their X-Forwarded-For says whose wrong tries are counted"
    )
    spool_limit: int = Field(
        9 * 1024**3, description="bytes of temporary storage for uploads in hand; one member may have half of it"
    )
    spool_requests: int = Field(
        32, ge=2, description="uploads in hand at once that need temporary storage; one member may have half of them"
    )


class GatewaySettings(_WebSettings):
    """The HTTP interface."""

    pdf_limit: int = 100 * 1024 * 1024
    file_limit: int = 2 * 1024**3
    minimum_bytes_per_second: int = 16 * 1024
    stall_allowance: timedelta = Field(
        timedelta(seconds=10), description="a connection may stall this long in all before its rate is judged"
    )
    upload_lease: timedelta = Field(
        timedelta(hours=24), description="how long a content is kept that no submission names"
    )
    unclaimed_contents: int = Field(
        1000, ge=1, description="contents that a member may have uploaded and no submission names yet"
    )
    unclaimed_bytes: int = Field(20 * 1024**3, ge=1, description="bytes of such contents")


class OidcSettings(_Part):
    """An OpenID Connect provider at which people may sign in to the clerk's pages, beside their passwords."""

    issuer: str = Field("", description="its issuer identifier, exactly as its tokens name it; none without")
    client_id: str = Field("", description="as whom the pages are registered there")
    client_secret_file: Path | None = Field(None, description="the client's secret; PKCE is used with and without")
    public_url: str = Field(
        "", description="address of the pages in browsers; the provider is given it with /sign-in/provider/return"
    )
    name: str = Field("OpenID", max_length=60, description="what people call it, on the button to sign in")
    claim: str = Field(
        "sub",
        pattern="^[a-z][a-z0-9_:/.-]{1,100}$",
        description="claim that accounts are linked by; what people can change at the provider is refused",
    )
    scopes: tuple[str, ...] = Field(("openid",), description="openid, and what the claim needs")
    ca_file: Path | None = Field(None, description="authorities of its TLS certificate; the system's by default")

    @field_validator("claim")
    @classmethod
    def _stays_with_one_person(cls, claim: str) -> str:
        if claim in {"email", "name", "nickname", "preferred_username", "phone_number"}:
            raise ValueError(f"{claim} is no identity (OpenID Connect Core 1.0, 5.7)")
        return claim


class ClerkSettings(_WebSettings):
    """The clerk's pages."""

    gateway: str = Field("", description="address of the gateway they act through; that of this process by default")
    oidc: OidcSettings = OidcSettings()


class KeySettings(_Part):
    """Files of private keys; each process is given only its own."""

    store_key: Path | None = None
    clerk_key: Path | None = Field(None, description="seals the credentials of the accounts of the clerk's pages")
    gateway_key: Path | None = None
    evidence_key: Path | None = None
    log_key: Path | None = Field(None, description="private key of the transparency log, as a signed-note key")
    organisation_key: str = Field(
        "",
        description="key and certificate (file: PKCS#12, or pkcs11:) with which the axis's organisation signs receipts "
        "that are downloaded; none without",
    )
    organisation_passphrase: Path | None = Field(None, description="file with its passphrase or PIN")
    evidence_public_keys: Path | None = Field(None, description="the pinned keys this axis publishes")


class LogSettings(_Part):
    """The transparency log: the one registrar that writes it, and the gateways that hand it out."""

    directory: Path | None = Field(
        None, description="where it lies; one registrar of an axis is given it, and gateways to read from"
    )
    origin: str = Field("", description="its name in checkpoints; by default the axis and its environment")
    witnesses: Path | None = Field(
        None,
        description="policy file (C2SP tlog-policy) with the witnesses that the log's writer asks; the clerk's pages "
        "check cosignatures by their keys",
    )
    interval: timedelta = Field(timedelta(seconds=1), description="between two checkpoints")
    tsa: str = Field(
        "", description="address of the authority (RFC 3161) that time-stamps checkpoints and receipts; none without"
    )
    anchor_interval: timedelta = Field(timedelta(hours=1), description="between two time-stamped checkpoints")


class WebhookSettings(_Part):
    """Somebody who is told alerts over HTTP (Standard Webhooks)."""

    url: str
    secret: SecretStr
    least: Literal["informational", "low", "medium", "high", "critical"] = "medium"


class AlertSettings(_Part):
    """The alerter: its rules, and whom it tells."""

    rules: Path | None = Field(None, description="file of rules; those that come with the package without")
    every: timedelta = Field(timedelta(seconds=2), description="between two looks at the log's index and at calls due")
    webhooks: dict[str, WebhookSettings] = Field(
        default_factory=dict, description="by name: url, secret (whsec_ and base64), least severity (medium)"
    )


class Settings(BaseSettings):
    """Everything a process is told."""

    model_config = SettingsConfigDict(env_prefix="DOCAXIS_", env_nested_delimiter="__", frozen=True, extra="ignore")

    axis: str = "docaxis"
    environment: str = "test"
    mode: Literal["development", "production"] = "development"
    migrate: bool = Field(
        default=True, description="bring the database to this version at start; false where the role may not"
    )
    database: SecretStr = SecretStr("postgresql+asyncpg://localhost/docaxis")
    contents: str = Field("", description="URL of the content store: file:///... or s3://bucket/prefix")
    trust: Path = Path("trust")
    trust_key: Path | None = Field(
        default=None,
        description="public JWK of whoever signs the trust directory; with it an unsigned or older one is refused",
    )
    directory_key: Path | None = Field(
        default=None,
        description="public JWK of the directory's keeper; with it nothing counts of a directory that it did not sign",
    )
    bus: BusSettings = BusSettings()
    retry: RetrySettings = RetrySettings()
    fairness: FairnessSettings = FairnessSettings()
    verifier: VerifierSettings = VerifierSettings()
    gateway: GatewaySettings = GatewaySettings()
    log: LogSettings = LogSettings()
    clerk: ClerkSettings = ClerkSettings()
    alerts: AlertSettings = AlertSettings()
    keys: KeySettings = KeySettings()
    metrics_port: int | None = None
    crl_refresh: timedelta = timedelta(minutes=5)

    @property
    def log_origin(self) -> str:
        """The log's name in its checkpoints."""
        return self.log.origin or f"{self.axis}/{self.environment}"
