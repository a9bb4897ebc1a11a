"""What Prometheus is told."""

from __future__ import annotations

import prometheus_client as prometheus

PATH = "/monitoring/prometheus/metrics"
"""That of TensorFlow Serving, as a bundle's `monitoring.config` sets it."""


class Metrics:
    """Counts and times of one server.

    Attributes:
        registry: All of them.
        cancelled: Requests whose sender went away before they had come or been answered, or that were cut off.
    """

    def __init__(self) -> None:
        """Makes them, at zero."""
        self.registry = prometheus.CollectorRegistry()
        self.cancelled = 0
        self._requests = prometheus.Counter(
            "latent_xlate_requests", "Requests answered.", ["api", "code"], registry=self.registry
        )
        self._seconds = prometheus.Histogram(
            "latent_xlate_request_seconds", "From a request's arrival to its answer.", ["api"], registry=self.registry
        )
        self._batches = prometheus.Histogram(
            "latent_xlate_batch_items",
            "Rows of a batch.",
            ["signature"],
            buckets=[2**i for i in range(11)],
            registry=self.registry,
        )
        self._items = prometheus.Gauge(
            "latent_xlate_items", "Rows that wait or are being computed.", registry=self.registry
        )
        self._versions = prometheus.Gauge(
            "latent_xlate_version_available", "1 for each version served.", ["version"], registry=self.registry
        )

    def request(self, api: str, code: str, seconds: float) -> None:
        """Counts an answered request: api "REST" or "gRPC", code that of gRPC."""
        self._requests.labels(api, code).inc()
        self.cancelled += code == "CANCELLED"
        self._seconds.labels(api).observe(seconds)

    def batch(self, signature: str, items: int) -> None:
        """Counts a batch."""
        self._batches.labels(signature).observe(items)

    def versions(self, available: list[int]) -> None:
        """Tells which versions are served."""
        self._versions.clear()
        for version in available:
            self._versions.labels(str(version)).set(1)

    def text(self, items: int) -> bytes:
        """All of them in Prometheus's format.

        Args:
            items: Rows that wait or are being computed now.
        """
        self._items.set(items)
        return prometheus.generate_latest(self.registry)
