"""The production mode: what is for development, or was left as it came, does not start."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from docaxis.composition.parts import MisconfiguredService
from docaxis.embedded.authorities import TestAuthorities
from docaxis.production import require_production
from docaxis.runtime import Runtime
from docaxis.settings import BusSettings, Settings

LONG = "Qm9Yk2-v7Rr_8sLx"
DATABASE = f"postgresql+asyncpg://docaxis_services:{LONG}@db.axis.internal/docaxis?ssl=verify-full"
SERVICES = ("gateway", "router")


def settings(*, bus: dict[str, Any] | None = None, **changes: Any) -> Settings:
    given = {"bootstrap": "kafka-1.axis.internal:9092", "password": SecretStr(LONG)} | (bus or {})
    plain: dict[str, Any] = {
        "mode": "production",
        "environment": "production",
        "database": SecretStr(DATABASE),
        "directory_key": Path("directory.public.json"),
    }
    return Settings(bus=BusSettings(**given), **plain | changes)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (settings(environment="test"), "environment"),
        (settings(directory_key=None), "DOCAXIS_DIRECTORY_KEY"),
        (settings(bus={"security_protocol": "SASL_PLAINTEXT"}), "SASL_PLAINTEXT"),
        (settings(bus={"security_protocol": "SASL_PLAINTEXT", "bootstrap": "127.0.0.1:1,10.0.0.1:1"}), "SASL_PLAIN"),
        (settings(bus={"password": SecretStr("")}), "password of gateway"),
        (settings(bus={"passwords": {"router": SecretStr("short")}}), "password of router"),
        (settings(database=SecretStr("postgresql+asyncpg://localhost/docaxis")), "database's password"),
        (settings(database=SecretStr(DATABASE.replace(LONG, "PASSWORD"))), "database's password"),
        (settings(database=SecretStr(DATABASE.replace("verify-full", "prefer"))), "without ssl"),
        (settings(database=SecretStr("no url")), "cannot be read"),
    ],
)
def test_what_is_refused(wrong: Settings, said: str) -> None:
    with pytest.raises(MisconfiguredService, match=said) as caught:
        require_production(wrong, SERVICES)
    assert LONG not in str(caught.value)


@pytest.mark.parametrize(
    "right",
    [
        settings(),
        settings(bus={"security_protocol": "SASL_PLAINTEXT", "bootstrap": "127.0.0.1:1, [::1]:2,localhost:3"}),
        settings(database=SecretStr("postgresql+asyncpg://docaxis@/docaxis?host=/run/postgresql")),
        settings(database=SecretStr(f"postgresql+asyncpg://docaxis:{LONG}@localhost/docaxis")),
    ],
)
def test_what_is_taken(right: Settings) -> None:
    require_production(right, SERVICES)


def test_a_trust_store_with_test_authorities_is_for_development_only(tmp_path: Path) -> None:
    now = datetime(2026, 10, 9, tzinfo=UTC)
    made = TestAuthorities.create(tmp_path / "authorities", base_url="http://127.0.0.1:9", now=now)
    made.write_trust(tmp_path / "trust")
    wrong = settings(trust=tmp_path / "trust")
    require_production(wrong, SERVICES)  # who does not judge does not read it
    with pytest.raises(MisconfiguredService, match="TEST authority"):
        require_production(wrong, ("verifier",))
    require_production(wrong.model_copy(update={"mode": "development"}), ("verifier",))
    with pytest.raises(MisconfiguredService, match="trust store"):
        require_production(settings(trust=tmp_path / "nothing"), ("verifier",))


def test_a_verifier_starts_on_a_signed_trust_directory_only() -> None:
    with pytest.raises(MisconfiguredService, match="DOCAXIS_TRUST_KEY"):
        require_production(settings(), ("verifier",))
    with pytest.raises(MisconfiguredService) as caught:
        require_production(settings(trust_key=Path("trust.public.json")), ("verifier",))
    assert "DOCAXIS_TRUST_KEY" not in str(caught.value)
    require_production(settings(), SERVICES)  # who does not judge needs none


async def test_a_process_asks_before_it_opens_anything() -> None:
    with pytest.raises(MisconfiguredService, match="not fit for production"):
        async with Runtime(settings(environment="test"), SERVICES):
            pytest.fail("it started")
