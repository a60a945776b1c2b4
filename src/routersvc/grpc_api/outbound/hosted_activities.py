"""Converts what tools of a provider did."""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.grpc_api.outbound import enums as enums_out


def write_activity(activity: HostedActivity, into: prompt_pb2.HostedActivity) -> None:
    """Write an activity into a message."""
    into.id = activity.activity_id
    into.tool = activity.tool
    into.name = activity.name
    into.server = activity.server
    into.input_json = activity.input_json
    into.queries.extend(activity.queries)
    into.code = activity.code
    if activity.status is not None:
        into.status = enums_out.HOSTED_STATUSES[activity.status]
    into.output = activity.output
    into.error = activity.error
    for source in activity.sources:
        into.sources.add(
            url=source.url, title=source.title, text=source.text, source_id=source.source_id
        )
    into.proof = activity.proof
    into.maker = activity.maker
