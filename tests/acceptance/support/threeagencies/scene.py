"""The axis of the day with its three agencies, and whoever looks at it from outside."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Browser

from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.embedded.papers import PaperDesk
from docaxis.embedded.population import member_of
from docaxis.embedded.story.witness import KafkaWitness
from docaxis.runtime import Runtime
from docaxis_schemas.moments import VIETNAM
from threeagencies.desks import DeskAgency
from threeagencies.field import FieldAgency
from threeagencies.folders import FolderAgency
from threeagencies.letters import DayClock

MINISTRY: Final = "G98"
"""Works at the pages."""
PROVINCE: Final = "H98"
"""Has software of the field."""
CITY: Final = "H99"
"""Has a folder and the connector."""
MORNING: Final = datetime(2026, 6, 2, 8, 0, tzinfo=VIETNAM)
"""A Tuesday; the next working day is the Wednesday."""
PATIENCE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the day needs."""

    axis: LocalAxis
    gateway: str
    pages: str
    clock: DayClock
    papers: PaperDesk
    witness: KafkaWitness
    folder: Path
    desk: DeskAgency
    field: FieldAgency
    city: FolderAgency

    @property
    def agencies(self) -> Mapping[str, DeskAgency | FieldAgency | FolderAgency]:
        return {agency.code: agency for agency in (self.desk, self.field, self.city)}


@asynccontextmanager
async def opened(browser: Browser, folder: Path) -> AsyncIterator[Scene]:
    """Open the axis in the morning, with each agency at its place."""
    clock = DayClock(MORNING)
    plan = AxisPlan(folder / "axis", crl_refresh=timedelta(seconds=1))
    async with (
        LocalAxis(plan, clock=clock) as axis,
        Runtime(axis.settings(), clock=clock) as runtime,
        KafkaWitness(axis.cluster.access, axis.members.values()) as witness,
        httpx.AsyncClient(base_url=runtime.url, trust_env=False, timeout=60) as http,
    ):
        context = await browser.new_context(java_script_enabled=False, locale="vi-VN")
        context.set_default_timeout(PATIENCE_MS)
        profiles = axis.write_profiles(runtime.url, folder / "profiles")
        clerk = axis.members[member_of(MINISTRY)]
        desk = DeskAgency(MINISTRY, await context.new_page(), runtime.pages_url, clerk, folder)
        await desk.sign_in()
        yield Scene(
            axis,
            runtime.url,
            runtime.pages_url,
            clock,
            PaperDesk(axis.authorities, clock),
            witness,
            folder,
            desk,
            FieldAgency(PROVINCE, http, axis.members[member_of(PROVINCE)].clerk_credential, clock),
            FolderAgency(CITY, folder / "lien-thong", profiles[member_of(CITY)], clock),
        )
        await context.close()
