"""What the gateway counts, for Prometheus. Labels are few and fixed: nothing a stranger sends becomes one."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """The gateway's metrics, in a registry of their own so that two gateways in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "docaxis_gateway_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "docaxis_gateway_request_seconds",
            "Time until a request was answered",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.in_hand = Gauge("docaxis_gateway_requests_in_hand", "Requests in hand", registry=self.registry)
        self.submissions = Counter(
            "docaxis_gateway_submissions", "Submissions by outcome", ["outcome"], registry=self.registry
        )
        self.refusals = Counter("docaxis_gateway_refusals", "Refusals by problem", ["code"], registry=self.registry)
        self.swept = Counter("docaxis_gateway_swept", "What sweeps did", ["what"], registry=self.registry)
