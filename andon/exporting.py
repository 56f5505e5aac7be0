"""Where spans go: to a collector of OpenTelemetry, if its own variables ask for it.

The SDK reads the standard's variables itself (OpenTelemetry specification, "Environment variable
specification"). What is decided here is whether they ask for anything, and that it can be had.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider, set_tracer_provider

from andon.wiring import NotPossible

DISABLED: Final = "OTEL_SDK_DISABLED"
EXPORTER: Final = "OTEL_TRACES_EXPORTER"
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

OTLP, NOTHING = "otlp", "none"
PROTOCOL: Final = "http/protobuf"
"""The one of OTLP's three that comes with the extra, and the standard's default."""


def export_traces(environment: Mapping[str, str]) -> bool:
    """Send spans from now on where ``environment`` says; return whether it asks for that.

    Whoever has set up an SDK before, such as ``opentelemetry-instrument``, is left alone.

    Raises:
        NotPossible: It asks for what is not installed, or for what Andon does not know.
    """
    if not isinstance(get_tracer_provider(), ProxyTracerProvider) or not is_asked(environment):
        return False
    try:
        from andon.otlp import otlp_provider  # noqa: PLC0415 - an extra may have to be installed
    except ModuleNotFoundError as error:
        raise NotPossible(
            f"OTEL_... asks for traces: pip install 'andon[otel]', or set {DISABLED}=true"
        ) from error
    set_tracer_provider(otlp_provider())
    return True


def is_asked(environment: Mapping[str, str]) -> bool:
    """Return whether ``environment`` asks for spans to be sent.

    Raises:
        NotPossible: By an exporter or a protocol that Andon does not know.
    """
    if environment.get(DISABLED, "").strip().lower() == "true":
        return False
    named = environment.get(EXPORTER, "").strip()
    if named not in ("", OTLP, NOTHING):
        raise NotPossible(f"{EXPORTER}={named}: Andon knows {OTLP} and {NOTHING}")
    if named == NOTHING or not (named or _first(environment, ENDPOINTS)):
        return False
    protocol = _first(environment, PROTOCOLS) or PROTOCOL
    if protocol != PROTOCOL:
        raise NotPossible(
            f"OTLP over {protocol}: Andon sends {PROTOCOL}, which collectors take on port 4318; "
            f"set {PROTOCOLS[1]}={PROTOCOL}"
        )
    return True


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name].strip() for name in names if environment.get(name)), "")
