"""A proof goes to whom made it, and to nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import Part, TextPart, ThoughtPart, ToolCall
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.proofs import (
    LeftOut,
    LeftOutKind,
    prompt_for,
    prompt_without_proofs,
)

MAKERS = ("a", "b", "c")


def prompt_of(*parts: Part) -> Prompt:
    """Return a prompt in which the model has said `parts`."""
    asked = Message(role=Role.USER, parts=(TextPart(text="?"),))
    return Prompt(messages=(asked, Message(role=Role.ASSISTANT, parts=parts), asked))


def test_own_proofs_stay_and_foreign_ones_go() -> None:
    """The text of a foreign thought stays where thoughts are taken without proof."""
    own = ThoughtPart(text="own", signature=b"s", maker="a")
    prompt = prompt_of(
        own,
        ThoughtPart(text="other", signature=b"t", maker="b"),
        ThoughtPart(encrypted=b"e", maker="b"),
        ThoughtPart(text="plain"),
        TextPart(text="words"),
        ToolCall(call_id="1", name="f", arguments_json="{}", signature=b"u", maker="c"),
    )

    sent, left_out = prompt_for(prompt, maker="a", plain_thoughts=True)

    assert sent.messages[1].parts == (
        own,
        ThoughtPart(text="other"),
        ThoughtPart(text="plain"),
        TextPart(text="words"),
        ToolCall(call_id="1", name="f", arguments_json="{}"),
    )
    assert left_out == (
        LeftOut(kind=LeftOutKind.SIGNATURE, maker="b", count=1),
        LeftOut(kind=LeftOutKind.ENCRYPTED, maker="b", count=1),
        LeftOut(kind=LeftOutKind.SIGNATURE, maker="c", count=1),
    )


def test_thoughts_without_proof_go_where_one_is_demanded() -> None:
    """The report says that their text was left out."""
    prompt = prompt_of(ThoughtPart(text="plain"), ThoughtPart(text="x", signature=b"s", maker="b"))

    sent, left_out = prompt_for(prompt, maker="a", plain_thoughts=False)

    assert sent.messages[1].parts == ()
    assert left_out == (
        LeftOut(kind=LeftOutKind.REASONING, maker="", count=1),
        LeftOut(kind=LeftOutKind.SIGNATURE, maker="b", count=1),
        LeftOut(kind=LeftOutKind.REASONING, maker="b", count=1),
    )


def test_proof_of_an_unknown_maker_is_sent_until_it_is_refused() -> None:
    """Callers may know no maker; the vendor then decides."""
    prompt = prompt_of(ThoughtPart(text="x", signature=b"s"))

    assert prompt_for(prompt, maker="a", plain_thoughts=True) == (prompt, ())

    sent, left_out = prompt_without_proofs(prompt, plain_thoughts=True)

    assert sent.messages[1].parts == (ThoughtPart(text="x"),)
    assert left_out == (LeftOut(kind=LeftOutKind.SIGNATURE, maker="", count=1),)


def test_prompt_without_proofs_is_not_copied() -> None:
    """Most requests have none."""
    prompt = prompt_of(TextPart(text="x"))

    sent, left_out = prompt_for(prompt, maker="a", plain_thoughts=True)

    assert sent is prompt
    assert left_out == ()


MADE = st.sampled_from(MAKERS)
PARTS = st.lists(
    st.one_of(
        st.builds(TextPart, text=st.sampled_from(["x", "y"])),
        st.builds(
            ThoughtPart, text=st.sampled_from(["", "hm"]), signature=st.just(b"s"), maker=MADE
        ),
        st.builds(
            ThoughtPart, text=st.sampled_from(["", "hm"]), encrypted=st.just(b"e"), maker=MADE
        ),
        st.builds(ThoughtPart, text=st.just("plain")),
        st.builds(
            ToolCall,
            call_id=st.just("1"),
            name=st.just("f"),
            arguments_json=st.just("{}"),
            signature=st.sampled_from([b"", b"u"]),
            maker=MADE,
        ),
    ),
    max_size=8,
)


@given(parts=PARTS, maker=MADE, plain_thoughts=st.booleans())
def test_no_foreign_proof_is_ever_sent(
    parts: list[Part], maker: str, *, plain_thoughts: bool
) -> None:
    """All texts, calls and own proofs stay in their order; what is missing is counted."""
    prompt = prompt_of(*parts)

    sent, left_out = prompt_for(prompt, maker=maker, plain_thoughts=plain_thoughts)

    kept = sent.messages[1].parts
    assert all(proof_of(part) == "" or proof_of(part) == maker for part in kept)
    assert [part for part in kept if proof_of(part)] == [
        part for part in parts if proof_of(part) == maker
    ]
    assert [type(part) for part in kept if not isinstance(part, ThoughtPart)] == [
        type(part) for part in parts if not isinstance(part, ThoughtPart)
    ]
    foreign = sum(proof_of(part) not in {"", maker} for part in parts)
    counted = sum(it.count for it in left_out if it.kind is not LeftOutKind.REASONING)
    assert counted == foreign


def proof_of(part: Part) -> str:
    """Return who made the proof of a part; empty if it has none."""
    match part:
        case ThoughtPart() if part.signature or part.encrypted:
            return part.maker
        case ToolCall() if part.signature:
            return part.maker
        case _:
            return ""
