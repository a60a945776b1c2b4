"""Warns of addresses that are open to the world. The settings are valid all the same.

A mesh or a firewall in front of a router makes each of these harmless, which settings cannot know.
"""

from __future__ import annotations

from routersvc.settings.settings import Settings
from routersvc.settings.types.addresses import HostPort, is_loopback


def exposure_warnings(settings: Settings) -> tuple[str, ...]:
    """Return what makes the service open to more than the machine itself, one sentence each."""
    tls = settings.server.tls
    tenants = settings.document.tenants
    has_client_certificates = tls.client_ca_file is not None
    anonymous = settings.anonymous_tenant()
    warnings: list[str] = []
    for address in settings.server.listen:
        if not isinstance(address, HostPort) or is_loopback(address.host):
            continue
        place = f"server.listen: everyone who reaches `{address}`"
        if not has_client_certificates and not tenants:
            warnings.append(
                f"{place} can call: configure `tenants`, or `server.tls.client_ca_file`"
            )
        elif not has_client_certificates and anonymous is not None:
            warnings.append(f"{place} can call as tenant `{anonymous}`, which is anonymous")
        if tls.certificate_file is None and tenants:
            warnings.append(
                f"server.listen: keys and tokens are sent to `{address}` in clear text: "
                "configure `server.tls`"
            )
    page = settings.telemetry.status_page.listen
    if page is not None and not is_loopback(page.host):
        warnings.append(
            f"telemetry.status_page.listen: everyone who reaches `{page}` can read names of "
            "tenants and recent decisions"
        )
    return tuple(warnings)
