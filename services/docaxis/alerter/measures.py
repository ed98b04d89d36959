"""What the alerter tells those who watch it."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class AlertMeasures:
    """Alerts by rule, calls by webhook, and how far the rules have read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.raised = Counter("docaxis_alerts_raised", "Alerts raised.", ["rule", "severity"], registry=registry)
        self.calls = Counter("docaxis_alert_calls", "Webhooks called.", ["webhook", "outcome"], registry=registry)
        self.read = Gauge("docaxis_alert_leaves", "Leaves that the rules have read.", registry=registry)
        self.looked = Gauge(
            "docaxis_alert_looked_timestamp_seconds", "When the rules looked at the axis last.", registry=registry
        )
