"""Watches what the log says and how the axis is, by rules that are data, and tells who has to know."""

from docaxis.alerter.rules import RejectedRules, Rules, read_rules, shipped_rules

__all__ = ["RejectedRules", "Rules", "read_rules", "shipped_rules"]
