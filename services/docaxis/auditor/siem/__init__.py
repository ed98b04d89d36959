"""Events of the log in the forms that security teams collect: OCSF and ECS as JSON lines, CEF as text."""

from docaxis.auditor.siem.cef import cef, syslog
from docaxis.auditor.siem.ecs import ecs
from docaxis.auditor.siem.ocsf import ocsf

__all__ = ["cef", "ecs", "ocsf", "syslog"]
