"""Metrics for Prometheus."""

from __future__ import annotations

import prometheus_client as prometheus

PATH = "/monitoring/prometheus/metrics"
"""URL path of the metrics, the same as TensorFlow Serving's in a bundle's `monitoring.config`."""


class Metrics:
    """Counters and histograms of one server.

    Attributes:
        registry: Registry of all metrics.
    """

    def __init__(self) -> None:
        """Makes the metrics, all zero."""
        self.registry = prometheus.CollectorRegistry()
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
        """Counts a request.

        Args:
            api: "REST" or "gRPC".
            code: Name of the status code of gRPC.
            seconds: Time from its arrival to its response.
        """
        self._requests.labels(api, code).inc()
        self._seconds.labels(api).observe(seconds)

    def batch(self, signature: str, items: int) -> None:
        """Counts a batch of `items` rows."""
        self._batches.labels(signature).observe(items)

    def versions(self, available: list[int]) -> None:
        """Sets the versions that are served."""
        self._versions.clear()
        for version in available:
            self._versions.labels(str(version)).set(1)

    def text(self, items: int) -> bytes:
        """All metrics in Prometheus's text format.

        Args:
            items: Number of rows that wait or are being computed now.
        """
        self._items.set(items)
        return prometheus.generate_latest(self.registry)
