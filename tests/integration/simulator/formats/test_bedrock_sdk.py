"""Amazon's own SDK talks to the simulator and notices no difference."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import boto3
import pytest
import pytest_asyncio
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from routersvc.simulator import (
    Behaviour,
    Constant,
    ContentFilter,
    Cut,
    Ending,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
    Status,
)

# One simulator and one client for all tests: it is the client that takes its time.
pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
# It makes its methods at run time.
Sdk = Any

_KEY = "AKIASIMULATED0123456"
_HELLO = [{"role": "user", "content": [{"text": "Hello there"}]}]
_WEATHER = {
    "tools": [
        {
            "toolSpec": {
                "name": "weather",
                "inputSchema": {
                    "json": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}},
                        "required": ["city"],
                    }
                },
            }
        }
    ]
}


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One session for all tests: it loads the descriptions of the services once."""
    return boto3.Session(
        aws_access_key_id=_KEY, aws_secret_access_key="simulated", region_name="us-east-1"
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="bedrock_converse",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture(autouse=True)
def alpha(simulator: Simulator) -> SimulatedProvider:
    """The provider, as it was at the beginning."""
    provider = simulator.provider("alpha")
    provider.behave(provider.character.behaviour)
    provider.clear_faults()
    provider.clear_log()
    return provider


@pytest.fixture(scope="module")
def sdk(session: boto3.Session, simulator: Simulator) -> Iterator[Sdk]:
    """The vendor's SDK, without retries of its own."""
    client: Sdk = session.client(
        "bedrock-runtime",
        endpoint_url=simulator.provider("alpha").base_url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


async def _call(method: Callable[..., Sdk], **arguments: object) -> Sdk:
    """Call the SDK, which blocks, beside the loop that the simulator runs in."""
    return await asyncio.to_thread(method, **arguments)


async def _stream(sdk: Sdk, **arguments: object) -> list[Json]:
    """Return the events of a stream."""

    def read() -> list[Json]:
        answer = sdk.converse_stream(modelId="sim-large", messages=_HELLO, **arguments)
        with contextlib.closing(answer["stream"]) as events:
            return list(events)

    return await asyncio.to_thread(read)


async def test_unary_answer(sdk: Sdk, alpha: SimulatedProvider) -> None:
    """The plain case; the access key is known from the signature."""
    answer = await _call(
        sdk.converse,
        modelId="sim-large",
        messages=_HELLO,
        system=[{"text": "Be brief."}],
        inferenceConfig={"maxTokens": 64, "temperature": 0.5, "stopSequences": ["%%"]},
    )

    assert answer["output"]["message"]["content"][0]["text"]
    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("end_turn", 8)
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("3456", 8)
    assert alpha.log[-1].headers["amz-sdk-request"] == "attempt=1; max=1"


async def test_streamed_answer(sdk: Sdk) -> None:
    """Amazon's parser checks every checksum; the text is the unary one."""
    whole = await _call(sdk.converse, modelId="sim-large", messages=_HELLO)

    events = await _stream(sdk)

    kinds = [next(iter(event)) for event in events]
    assert kinds == [
        "messageStart",
        *["contentBlockDelta"] * 8,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in events[1:9]]
    assert "".join(texts) == whole["output"]["message"]["content"][0]["text"]
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"] == whole["usage"]


async def test_tools_and_their_results(sdk: Sdk, alpha: SimulatedProvider) -> None:
    """Two parallel calls, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    first = await _call(sdk.converse, modelId="sim-large", messages=_HELLO, toolConfig=_WEATHER)
    message = first["output"]["message"]
    calls = [block["toolUse"] for block in message["content"]]
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "sunny"}]}}
        for call in calls
    ]

    second = await _call(
        sdk.converse,
        modelId="sim-large",
        messages=[*_HELLO, message, {"role": "user", "content": results}],
        toolConfig=_WEATHER,
    )

    assert (first["stopReason"], len(calls)) == ("tool_use", 2)
    assert [list(call["input"]) for call in calls] == [["city"], ["city"]]
    assert second["stopReason"] == "end_turn"
    with pytest.raises(ClientError, match="Expected toolResult blocks"):
        await _call(
            sdk.converse,
            modelId="sim-large",
            messages=[*_HELLO, message, *_HELLO],
            toolConfig=_WEATHER,
        )


async def test_streamed_tools(sdk: Sdk) -> None:
    """The call is opened with its name, its arguments come in pieces."""
    events = await _stream(sdk, toolConfig=_WEATHER)

    [start] = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert start["start"]["toolUse"]["name"] == "weather"
    pieces = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in events
        if "contentBlockDelta" in event
    ]
    assert "".join(pieces).startswith('{"city":"')
    assert len(pieces) > 1


async def test_limits_filters_and_images(sdk: Sdk, alpha: SimulatedProvider) -> None:
    """They have the effect that clients rely on."""
    limited = await _call(
        sdk.converse, modelId="sim-large", messages=_HELLO, inferenceConfig={"maxTokens": 3}
    )
    png = b"\x89PNG\r\n\x1a\n" + bytes(16)
    image = {"image": {"format": "png", "source": {"bytes": png}}}
    seen = await _call(
        sdk.converse,
        modelId="sim-large",
        messages=[{"role": "user", "content": [{"text": "What is it?"}, image]}],
    )
    alpha.inject(Fault(effect=ContentFilter(after_tokens=2)))
    filtered = await _stream(sdk)

    assert (limited["stopReason"], limited["usage"]["outputTokens"]) == ("max_tokens", 3)
    assert seen["usage"]["inputTokens"] > 765
    assert filtered[-2]["messageStop"]["stopReason"] == "content_filtered"


@pytest.mark.parametrize(
    ("problem", "exception", "status"),
    [
        (Problem.RATE_LIMIT, "ThrottlingException", 429),
        (Problem.REQUEST_TOO_LARGE, "ThrottlingException", 429),
        (Problem.SPEND_LIMIT, "ThrottlingException", 429),
        (Problem.INSUFFICIENT_QUOTA, "ServiceQuotaExceededException", 400),
        (Problem.FORBIDDEN, "AccessDeniedException", 403),
        (Problem.MODEL_NOT_FOUND, "ResourceNotFoundException", 404),
        (Problem.INVALID_REQUEST, "ValidationException", 400),
        (Problem.CONTEXT_LENGTH, "ValidationException", 400),
        (Problem.OVERLOADED, "ServiceUnavailableException", 503),
        (Problem.SLOW_DOWN, "ModelNotReadyException", 429),
        (Problem.SERVER_ERROR, "InternalServerException", 500),
    ],
)
@pytest.mark.parametrize("method", ["converse", "converse_stream"])
async def test_every_problem_raises_its_own_exception(
    sdk: Sdk,
    alpha: SimulatedProvider,
    problem: Problem,
    exception: str,
    status: int,
    method: str,
) -> None:
    """The SDK makes its exceptions from the header `x-amzn-errortype`."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    with pytest.raises(getattr(sdk.exceptions, exception)) as raised:
        await _call(getattr(sdk, method), modelId="sim-large", messages=_HELLO)

    response = raised.value.response
    assert response["Error"]["Code"] == exception
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status


async def test_an_expired_token_is_an_error_of_all_services(
    sdk: Sdk,
    alpha: SimulatedProvider,
) -> None:
    """It has no class of its own in this SDK."""
    alpha.inject(Fault(effect=Status(problem=Problem.AUTH)))

    with pytest.raises(ClientError) as raised:
        await _call(sdk.converse, modelId="sim-large", messages=_HELLO)

    assert raised.value.response["Error"]["Code"] == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Problem.RATE_LIMIT, "throttlingException"),
        (Problem.OVERLOADED, "serviceUnavailableException"),
        (Problem.SERVER_ERROR, "internalServerException"),
        (Problem.CONTEXT_LENGTH, "validationException"),
        (Problem.SLOW_DOWN, "modelStreamErrorException"),
    ],
)
async def test_an_exception_frame_is_raised_from_the_stream(
    sdk: Sdk,
    alpha: SimulatedProvider,
    problem: Problem,
    code: str,
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=problem, after_tokens=3)))

    with pytest.raises(EventStreamError) as raised:
        await _stream(sdk)

    assert raised.value.response["Error"]["Code"] == code
    assert alpha.log[-1].tokens_sent == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_cut_stream_raises(sdk: Sdk, alpha: SimulatedProvider) -> None:
    """The connection ended inside the chunked body."""
    alpha.inject(Fault(effect=Cut(after_tokens=3, ending=Ending.CLOSE)))

    with pytest.raises(ProtocolError):
        await _stream(sdk)

    # The SDK leaves the broken connection to the garbage collector, which complains of it here.
    gc.collect()


async def test_real_refusals_raise_too(
    session: boto3.Session,
    sdk: Sdk,
    alpha: SimulatedProvider,
) -> None:
    """Without any fault: access key, model, too long a prompt, limit."""
    stranger: Sdk = session.client(
        "bedrock-runtime",
        endpoint_url=alpha.base_url,
        aws_access_key_id="AKIASTRANGER00000000",
        aws_secret_access_key="simulated",
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        await _call(stranger.converse, modelId="sim-large", messages=_HELLO)
    stranger.close()
    with pytest.raises(sdk.exceptions.ValidationException, match="model identifier is invalid"):
        await _call(sdk.converse, modelId="amazon.nova-9:0", messages=_HELLO)
    long = [{"role": "user", "content": [{"text": "word " * 20_000}]}]
    with pytest.raises(sdk.exceptions.ValidationException, match="Input is too long"):
        await _call(sdk.converse, modelId="sim-small", messages=long)
    with pytest.raises(sdk.exceptions.ValidationException, match="exceeds the model limit"):
        await _call(
            sdk.converse,
            modelId="sim-large",
            messages=_HELLO,
            inferenceConfig={"maxTokens": 99_999},
        )


async def test_names_with_slashes_and_the_model_list(
    session: boto3.Session,
    sdk: Sdk,
    alpha: SimulatedProvider,
) -> None:
    """An inference profile is named by its ARN; the list is what health checks ask for."""
    arn = "arn:aws:bedrock:us-east-1:012345678901:inference-profile/sim-small"
    await _call(sdk.converse, modelId=arn, messages=_HELLO)
    control: Sdk = session.client("bedrock", endpoint_url=alpha.base_url)
    listed = await _call(control.list_foundation_models)
    control.close()

    assert alpha.log[0].model == "sim-small"
    names = [card["modelId"] for card in listed["modelSummaries"]]
    assert names == ["sim-large", "sim-small", "sim-reasoner"]
