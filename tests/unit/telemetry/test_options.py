"""Options refuse what cannot be."""

from __future__ import annotations

import pytest

from routersvc.telemetry.options import CallSpanMaker, MetricsOptions, TraceExporter, TraceOptions


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_ratio_outside_of_its_range_is_refused(ratio: float) -> None:
    """A typo must not silently trace nothing."""
    with pytest.raises(ValueError, match="`sample_ratio`"):
        _traces(sample_ratio=ratio)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_timeout_that_leaves_no_time_is_refused(timeout: float) -> None:
    """A flush without time would lose every span at the end."""
    with pytest.raises(ValueError, match="`flush_timeout`"):
        _traces(flush_timeout=timeout)


@pytest.mark.parametrize("port", [-1, 65536])
def test_port_that_does_not_exist_is_refused(port: int) -> None:
    """The mistake is named before anything listens."""
    with pytest.raises(ValueError, match="`port`"):
        MetricsOptions(host="127.0.0.1", port=port)


def test_credentials_of_the_collector_are_not_in_the_repr() -> None:
    """Options are printed when something is wrong with them."""
    options = _traces(headers={"authorization": "Bearer abc"})

    assert "abc" not in repr(options)


def _traces(
    *,
    sample_ratio: float = 1.0,
    flush_timeout: float = 5.0,
    headers: dict[str, str] | None = None,
) -> TraceOptions:
    return TraceOptions(
        call_spans=CallSpanMaker.BUILT_IN,
        exporter=TraceExporter.OTLP,
        sample_ratio=sample_ratio,
        propagate=True,
        export_timeout=10.0,
        flush_timeout=flush_timeout,
        headers=headers or {},
    )
