"""What the options of a command say becomes a request of the contract."""

import base64
import io
import json
from pathlib import Path

import pytest
from tests.wording import Wording

from routersvc.cli.actions.request_building import build
from routersvc.cli.exit_codes import ExitCode, UsageProblemError
from routersvc.cli.options.request_options import RecoveryMode, RequestOptions
from routersvc.grpc_api.client.messages import (
    CompleteRequest,
    ExplainRouteRequest,
    StreamCompleteRequest,
    to_json,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8


def sparse(options: RequestOptions) -> dict[str, object]:
    """Return the fields of a request that are set."""
    return to_json(build(CompleteRequest, options), sparse=True)


def test_a_prompt_becomes_a_user_message() -> None:
    """Nothing that was not said is sent: unset fields leave it to model and policy."""
    options = RequestOptions(prompt="hello")

    entries = sparse(options)

    assert entries == {
        "prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "hello"}]}]}
    }


def test_worth_and_slack_find_their_fields() -> None:
    """They exclude the weights, and each other."""
    for options, objectives in (
        (RequestOptions(prompt="hello", worth=0.5), {"worth_of_quality_usd": 0.5}),
        (RequestOptions(prompt="hello", quality_slack=0.1), {"quality_slack": 0.1}),
    ):
        assert sparse(options)["routing"] == {"objectives": objectives}


def test_every_option_finds_its_field(tmp_path: Path) -> None:
    """A field in the wrong place would be ignored by the router, or refused."""
    schema = tmp_path / "facts of life.json"
    schema.write_text('{"type": "object"}')
    options = RequestOptions(
        prompt="hello",
        system="be kind",
        json_schema=schema,
        max_tokens=7,
        temperature=0.5,
        models=["a", "b"],
        policy="cheap",
        recovery=RecoveryMode.RESTART,
        task="tool_use",
        complexity=0.25,
        labels=["job=nightly", "note=a=b"],
        session="s-1",
        weights=["quality=2", "cost=0"],
        latency_budget=0.8,
        max_cost=0.5,
        regions=["eu"],
        data_classes=["phi", "pii"],
        no_degraded=True,
        deterministic=True,
    )

    entries = sparse(options)

    assert entries == {
        "prompt": {
            "messages": [
                {"role": "ROLE_SYSTEM", "parts": [{"text": "be kind"}]},
                {"role": "ROLE_USER", "parts": [{"text": "hello"}]},
            ],
            "response_format": {
                "json_schema": {"name": "facts_of_life", "json_schema": '{"type":"object"}'}
            },
            "sampling": {"temperature": 0.5, "max_output_tokens": 7},
        },
        "routing": {
            "policy": "cheap",
            "required_models": ["a", "b"],
            "stream_recovery_mode": "STREAM_RECOVERY_MODE_RESTART",
            "constraints": {
                "allowed_regions": ["eu"],
                "data_classes": ["phi", "pii"],
                "max_cost_usd": 0.5,
            },
            "objectives": {"quality_weight": 2.0, "cost_weight": 0.0, "latency_budget": "0.800s"},
            "hints": {
                "task": "TASK_TOOL_USE",
                "complexity": 0.25,
                "labels": {"job": "nightly", "note": "a=b"},
            },
            "session_id": "s-1",
            "deterministic": True,
            "allow_degraded": False,
        },
    }


def test_pictures_come_before_the_words(tmp_path: Path) -> None:
    """Files travel as bytes with the type that their content shows, addresses as they are."""
    picture = tmp_path / "no_extension"
    picture.write_bytes(PNG)
    options = RequestOptions(prompt="what is this?", images=[str(picture), "https://host/cat.jpg"])

    parts = build(CompleteRequest, options).prompt.messages[0].parts

    assert parts[0].image.data == PNG
    assert parts[0].image.media_type == "image/png"
    assert parts[1].image.url == "https://host/cat.jpg"
    assert parts[2].text == "what is this?"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_the_type_of_a_picture_is_read_off_its_content(
    tmp_path: Path, content: bytes, media_type: str
) -> None:
    """A wrong extension must not make a provider refuse the picture."""
    picture = tmp_path / "picture.txt"
    picture.write_bytes(content)

    request = build(CompleteRequest, RequestOptions(images=[str(picture)]))

    assert request.prompt.messages[0].parts[0].image.media_type == media_type


def test_options_are_laid_over_a_request_file(tmp_path: Path) -> None:
    """The file's own fields stay; its spelling may be that of any JSON mapping of the contract."""
    file = tmp_path / "request.json"
    file.write_text(
        json.dumps(
            {
                "prompt": {
                    "messages": [{"role": "ROLE_USER", "parts": [{"text": "first"}]}],
                    "sampling": {"topP": 0.5, "temperature": 1},
                },
                "routing": {"constraints": {"allowedRegions": ["eu"]}},
                "requestId": "abc",
            }
        )
    )

    request = build(
        StreamCompleteRequest,
        RequestOptions(request_file=file, prompt="second", temperature=0.0, policy="cheap"),
    )

    assert to_json(request, sparse=True) == {
        "prompt": {
            "messages": [
                {"role": "ROLE_USER", "parts": [{"text": "first"}]},
                {"role": "ROLE_USER", "parts": [{"text": "second"}]},
            ],
            "sampling": {"temperature": 0.0, "top_p": 0.5},
        },
        "routing": {"policy": "cheap", "constraints": {"allowed_regions": ["eu"]}},
        "request_id": "abc",
    }


def test_a_file_may_ask_to_explain_a_past_decision(tmp_path: Path) -> None:
    """Then there is no prompt, and none is missed."""
    file = tmp_path / "request.json"
    file.write_text('{"decision_id": "d-1"}')

    request = build(ExplainRouteRequest, RequestOptions(request_file=file))

    assert request.decision_id == "d-1"


def test_a_prompt_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is how programs hand a prompt over."""
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))

    request = build(CompleteRequest, RequestOptions(prompt="-"))

    assert request.prompt.messages[0].parts[0].text == "from a pipe\n"


def test_a_prompt_is_read_from_a_file(tmp_path: Path) -> None:
    """The text is taken as it is."""
    file = tmp_path / "prompt.txt"
    file.write_text("zwölf\n", encoding="utf-8")

    request = build(CompleteRequest, RequestOptions(prompt_file=file))

    assert request.prompt.messages[0].parts[0].text == "zwölf\n"


UNUSABLE = {
    "nothing": RequestOptions(),
    "blank prompt": RequestOptions(prompt=" \n"),
    "instructions alone": RequestOptions(system="be kind"),
    "two prompts": RequestOptions(prompt="a", prompt_file=Path("b")),
    "standard input twice": RequestOptions(prompt="-", request_file=Path("-")),
    "missing prompt file": RequestOptions(prompt_file=Path("/nowhere/x")),
    "missing image": RequestOptions(prompt="a", images=["/nowhere/x.png"]),
}


@pytest.mark.parametrize("options", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_options_are_refused(options: RequestOptions, wording: Wording) -> None:
    """The message says what to change; nothing is sent."""
    with pytest.raises(UsageProblemError) as caught:
        build(CompleteRequest, options)

    assert caught.value.exit_code is ExitCode.USAGE
    wording(str(caught.value))


BAD_FILES = {
    "not JSON": "{",
    "array": "[]",
    "not UTF-8": "\udcff",
    "unknown field": '{"promt": {}}',
    "wrong type": '{"prompt": {"messages": "hello"}}',
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_request_file_is_named(tmp_path: Path, content: str, wording: Wording) -> None:
    """The message says which file, and where in it."""
    file = tmp_path / "request.json"
    file.write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(UsageProblemError) as caught:
        build(CompleteRequest, RequestOptions(request_file=file))

    assert str(caught.value).startswith(f"`{file}` ")
    wording(str(caught.value).removeprefix(f"`{file}` "))


def test_a_file_that_is_not_an_image_is_refused(tmp_path: Path, wording: Wording) -> None:
    """A provider would refuse it later, in words that do not name the file."""
    file = tmp_path / "notes.txt"
    file.write_text("words")

    with pytest.raises(UsageProblemError) as caught:
        build(CompleteRequest, RequestOptions(images=[str(file)]))

    assert str(caught.value).startswith(f"`{file}` ")
    wording(str(caught.value).removeprefix(f"`{file}` "))


def test_bytes_survive_the_way_through_json(tmp_path: Path) -> None:
    """`--print-request` gives what `--request` takes."""
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    request = build(CompleteRequest, RequestOptions(prompt="x", images=[str(picture)]))
    printed = tmp_path / "request.json"
    printed.write_text(json.dumps(to_json(request, sparse=True)))

    again = build(CompleteRequest, RequestOptions(request_file=printed))

    assert base64.b64encode(PNG).decode() in printed.read_text()
    assert again == request
