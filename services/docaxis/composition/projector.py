"""Builds the projector, with the follower of the log that fills the auditors' index."""

from docaxis.auditor.following import LogFollower
from docaxis.bus.kafka import KafkaBus
from docaxis.composition.parts import Context, Part
from docaxis.directory.entries import MemberState
from docaxis.projector.service import Projector, ProjectorMetrics
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.projection import ProjectionStore


async def build(context: Context) -> Part:
    """Build the projector, with the follower of the log that fills the auditors' index."""

    def active() -> list[str]:
        return [name for name, member in context.directory.current().members.items() if member.state in MemberState]

    projector = Projector(
        KafkaBus(context.bus_settings("projector")),
        ProjectionStore(context.engine),
        members=active,
        slots=context.settings.bus.slots,
        metrics=ProjectorMetrics(context.registry),
    )
    follower = LogFollower(AuditIndex(context.engine, context.settings.log_origin))
    work = {"reader": projector.run, "audit": follower.serve}
    return Part("projector", work, lambda: (*projector.causes, *follower.causes))
