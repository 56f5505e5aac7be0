"""Spans over OTLP: the one module that needs the extra ``otel``."""

from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def otlp_provider() -> TracerProvider:
    """Return what sends spans in the background, and the last of them when the process ends.

    It is the service ``andon`` unless the environment names it otherwise. A collector that is away
    costs spans and holds nothing up.
    """
    ours = Resource({"service.name": "andon", "service.version": version("andon")})
    named = ours.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=Resource.create(named.attributes))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
