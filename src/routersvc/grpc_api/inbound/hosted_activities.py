"""Converts what tools of a provider did in an earlier answer."""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.hosted_activities import HostedActivity, HostedSource
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.violations import Violations


def activity_of(
    activity: prompt_pb2.HostedActivity, path: str, violations: Violations
) -> HostedActivity:
    """Return an activity as the caller got it from an earlier answer.

    Only what a provider may be sent is checked: the proof.
    """
    violations.json_text(f"{path}.proof", activity.proof)
    return HostedActivity(
        tool=activity.tool,
        activity_id=activity.id,
        name=activity.name,
        server=activity.server,
        input_json=activity.input_json,
        queries=tuple(activity.queries),
        code=activity.code,
        status=enums_in.HOSTED_STATUSES.get(activity.status),
        output=activity.output,
        error=activity.error,
        sources=tuple(
            HostedSource(
                url=source.url, title=source.title, text=source.text, source_id=source.source_id
            )
            for source in activity.sources
        ),
        proof=activity.proof,
        maker=activity.maker,
    )
