"""What kind of task a request is, from the whole of it, in many languages."""

# ruff: noqa: RUF001 - words of languages whose letters look like English ones

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import AudioPart, FilePart, ImagePart, TextPart, ToolResult
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, ToolChoice, ToolChoiceMode
from routersvc.domain.profiling.profiles import Profiler, evidence_of
from routersvc.domain.profiling.prompt_reading import ASKED_WINDOW, read
from routersvc.testing.worlds import scripted_request

PROFILER = Profiler()
PICTURE = ImagePart(url="https://example.test/x.png")


def of_prompt(prompt: Prompt, routing: Routing | None = None) -> Request:
    """Return a request with this prompt."""
    return dataclasses.replace(scripted_request(routing=routing), prompt=prompt)


def said(*turns: tuple[Role, str]) -> Prompt:
    """Return a conversation of texts."""
    return Prompt(
        messages=tuple(Message(role=role, parts=(TextPart(text=text),)) for role, text in turns)
    )


def task_of(prompt: Prompt | str) -> Task:
    """Return the task of a prompt."""
    if isinstance(prompt, str):
        prompt = said((Role.USER, prompt))
    task, _ = PROFILER.profile(of_prompt(prompt)).kind
    return task


TRANSLATION = {
    "en": "Translate this into French: good morning",
    "de": "Übersetze das ins Englische: Guten Morgen",
    "fr": "Traduis cette phrase en anglais : bonjour à tous",
    "es": "Traduce esta frase al inglés: buenos días",
    "pt": "Traduza esta frase para inglês: bom dia",
    "it": "Traduci questa frase in inglese: buongiorno",
    "nl": "Vertaal deze zin naar het Engels: goedemorgen",
    "pl": "Przetłumacz to zdanie na angielski: dzień dobry",
    "ru": "Переведи это предложение на английский: доброе утро",
    "tr": "Bu cümleyi İngilizceye çevir: günaydın",
    "ar": "ترجم هذه الجملة إلى الإنجليزية: صباح الخير",
    "hi": "इस वाक्य का अंग्रेज़ी में अनुवाद करें: सुप्रभात",
    "zh": "把这句话翻译成英文：早上好",
    "ja": "この文を英語に翻訳してください：おはよう",
    "ko": "이 문장을 영어로 번역해 주세요: 좋은 아침",
}
SUMMARY = {
    "en": "Summarize the following article in three sentences.",
    "de": "Bitte eine Zusammenfassung des folgenden Artikels in drei Sätzen.",
    "fr": "Résume l'article suivant en trois phrases.",
    "es": "Haz un resumen del siguiente artículo en tres frases.",
    "pt": "Faça um resumo do artigo seguinte em três frases.",
    "it": "Fai un riassunto del seguente articolo in tre frasi.",
    "nl": "Geef een samenvatting van het volgende artikel in drie zinnen.",
    "pl": "Streść poniższy artykuł w trzech zdaniach.",
    "ru": "Кратко перескажи эту статью в трёх предложениях.",
    "tr": "Aşağıdaki makaleyi üç cümleyle özetle.",
    "ar": "لخص المقال التالي في ثلاث جمل.",
    "hi": "इस लेख का तीन वाक्यों में सारांश लिखें।",
    "zh": "用三句话总结下面的文章。",
    "ja": "次の記事を三文で要約してください。",
    "ko": "다음 기사를 세 문장으로 요약해 주세요.",
}
CODE = {
    "en": "Write a Python function that reverses a linked list.",
    "de": "Schreibe eine Funktion in Python, die eine Liste umdreht.",
    "fr": "Écris une fonction Python qui inverse une liste.",
    "es": "Escribe una función en Python que invierta una lista.",
    "pt": "Escreva uma função em Python que inverta uma lista.",
    "it": "Scrivi una funzione in Python che inverte una lista.",
    "nl": "Schrijf een functie in Python die een lijst omkeert.",
    "pl": "Napisz funkcję w Pythonie, która odwraca listę.",
    "ru": "Напиши функцию на Python, которая разворачивает список.",
    "tr": "Python ile bir listeyi ters çeviren bir fonksiyon yaz.",
    "ar": "اكتب دالة بلغة Python تعكس قائمة.",
    "hi": "Python में एक फ़ंक्शन लिखें जो सूची को उलट दे।",
    "zh": "用 Python 写一个反转链表的函数。",
    "ja": "リストを逆順にする Python の関数を書いてください。",
    "ko": "리스트를 뒤집는 Python 함수를 작성해 주세요.",
}
CREATIVE = {
    "en": "Write a poem about the sea.",
    "de": "Schreib ein Gedicht über das Meer.",
    "fr": "Écris un poème sur la mer.",
    "es": "Escribe un poema sobre el mar.",
    "pt": "Escreva um poema sobre o mar.",
    "it": "Scrivi una poesia sul mare.",
    "nl": "Schrijf een gedicht over de zee.",
    "pl": "Napisz wiersz o morzu.",
    "ru": "Напиши стихотворение о море.",
    "tr": "Deniz hakkında bir şiir yaz.",
    "ar": "اكتب قصيدة عن البحر.",
    "hi": "समुद्र पर एक कविता लिखें।",
    "zh": "写一首关于大海的诗。",
    "ja": "海についての俳句を詠んでください。",
    "ko": "바다에 대한 시를 써 주세요.",
}


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (task, text)
        for task, texts in (
            (Task.TRANSLATION, TRANSLATION),
            (Task.SUMMARISATION, SUMMARY),
            (Task.CODE, CODE),
            (Task.CREATIVE, CREATIVE),
        )
        for text in texts.values()
    ],
)
def test_asking_words_are_understood_in_many_languages(task: Task, text: str) -> None:
    """A service's callers do not all write English."""
    assert task_of(text) is task


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (Task.CHAT, "Hello! How are you today?"),
        (Task.CHAT, "Who wrote The Magic Mountain?"),
        (Task.MATHS, "Ann has 12 apples and buys 7 more. How many apples does she have?"),
        (Task.MATHS, "Solve \\frac{x}{2} + \\sqrt{9} = 7 for x."),
        (Task.MATHS, "Wie viele Minuten haben 3 Tage und 4 Stunden?"),
        (Task.EXTRACTION, "Extract all names and dates from the letter below as JSON."),
        (Task.REASONING, "A logic puzzle: three people, one of them always lies. Who is it?"),
        (Task.REASONING, "Which is right?\nA. one\nB. another\nC. a third\nD. none"),
        (Task.CODE, "What is wrong?\n```\nfor (i = 0; i < n; i++) {\n  f(i);\n}\n```"),
        (Task.CODE, "SELECT a, b FROM t WHERE a = 1;\nmake this query faster"),
    ],
)
def test_shape_and_words_tell_the_task(task: Task, text: str) -> None:
    """English requests of each kind that text alone can be."""
    assert task_of(text) is task


def test_picture_makes_it_vision_and_sound_audio() -> None:
    """Whatever is asked about them, a model has to see or to hear."""
    look = TextPart(text="What does this code do?")
    listen = AudioPart(data=b"x", media_type="audio/wav", transcript="Write a poem, please.")

    assert (
        task_of(Prompt(messages=(Message(role=Role.USER, parts=(PICTURE, look)),))) is Task.VISION
    )
    assert task_of(Prompt(messages=(Message(role=Role.USER, parts=(listen,)),))) is Task.AUDIO


def test_long_document_is_told_by_its_length() -> None:
    """200 KB of prose is about the document, whatever its words are."""
    document = "The council met on Tuesday and discussed the state of the bridges. " * 3000
    prompt = said((Role.USER, document))

    found = PROFILER.profile(of_prompt(prompt))

    assert found.task is Task.LONG_DOCUMENT
    assert found.classification is not None
    assert "the length of the prompt" in {
        signal.description for signal in found.classification.task_signals
    }


def test_attached_document_speaks_for_a_long_one() -> None:
    """Its size is not known when it is only an id."""
    parts = (FilePart(file_id="f-1"), TextPart(text="What does it say of notice periods?"))

    assert task_of(Prompt(messages=(Message(role=Role.USER, parts=parts),))) is Task.LONG_DOCUMENT


def test_tools_make_it_tool_use_unless_they_must_not_be_called() -> None:
    """`none` means that the model answers by itself."""
    ask = Message(role=Role.USER, parts=(TextPart(text="Is it raining in Rome?"),))
    tools = (FunctionTool(name="weather"),)
    free = Prompt(messages=(ask,), tools=tools)
    silent = dataclasses.replace(free, tool_choice=ToolChoice(mode=ToolChoiceMode.NONE))

    assert task_of(free) is Task.TOOL_USE
    assert task_of(silent) is Task.CHAT


def test_demanded_schema_speaks_for_extraction() -> None:
    """A JSON schema indicates extraction."""
    ask = Message(role=Role.USER, parts=(TextPart(text="Invoice 17, due in May, 120 euros"),))
    schema = JsonSchemaFormat(name="invoice", json_schema="{}")

    assert task_of(Prompt(messages=(ask,), response_format=schema)) is Task.EXTRACTION


def test_instructions_count_where_the_turn_says_nothing() -> None:
    """A translation service says once, in its system prompt, what it is."""
    system = "You are a translator. Translate what the user says into German; translation only."

    assert task_of(said((Role.SYSTEM, system), (Role.USER, "See you soon."))) is Task.TRANSLATION


def test_last_turn_outweighs_instructions_and_history() -> None:
    """People change the subject."""
    prompt = said(
        (Role.SYSTEM, "You help with translation."),
        (Role.USER, "Translate: good morning"),
        (Role.ASSISTANT, "Guten Morgen"),
        (Role.USER, "Now write a Python function that reverses a string."),
    )

    assert task_of(prompt) is Task.CODE


def test_earlier_turns_count_where_the_last_says_nothing() -> None:
    """`and the second one?` is still about what was asked before."""
    prompt = said(
        (Role.USER, "Translate these sentences: one, two"),
        (Role.ASSISTANT, "eins"),
        (Role.USER, "Translate the translation back, please."),
        (Role.ASSISTANT, "one"),
        (Role.USER, "And the second?"),
    )

    assert task_of(prompt) is Task.TRANSLATION


def test_wish_behind_a_long_text_is_read() -> None:
    """People paste first and ask afterwards; the middle is the material."""
    material = "The harvest was late that year and the mill stood still. " * 100

    assert task_of(f"{material}\n\nTranslate the text above into Spanish.") is Task.TRANSLATION


def test_hints_win_and_are_reported_as_such(wording: Wording) -> None:
    """The caller knows better, also where it says 0."""
    routing = Routing(task=Task.CREATIVE, complexity=0.0)
    request = of_prompt(said((Role.USER, "Prove that 2 + 2 = 4.")), routing)

    profile = PROFILER.profile(request)
    evidence = [
        one for one in evidence_of(profile, request) if one.finding in {"task", "complexity"}
    ]

    assert (profile.task, profile.complexity) == (Task.CREATIVE, 0.0)
    assert [one.finding for one in evidence] == ["task", "complexity"]
    (description,) = {one.description for one in evidence}
    wording(description)


def test_evidence_says_what_speaks_for_a_finding(wording: Wording) -> None:
    """With its weight, the weightiest first."""
    request = of_prompt(said((Role.USER, CODE["en"])))

    evidence = [
        one for one in evidence_of(PROFILER.profile(request), request) if one.finding == "task"
    ]

    assert [one.weight for one in evidence] == [3.8, 2.0]
    wording("; ".join(one.description for one in evidence))


@pytest.mark.parametrize(
    ("easier", "harder"),
    [
        ("Hi there", "Prove that every bounded sequence of real numbers has a limit point."),
        (
            "Write a function that adds two numbers.",
            (
                "Design and implement a distributed, concurrent rate limiter. It must be exact, "
                "must not lose counts when a node fails, and should add at most a millisecond. "
                "Explain the trade-offs, compare at least three algorithms, and analyze their "
                "complexity:\n- one node\n- several nodes\n- several regions"
            ),
        ),
        ("Translate: cat", "Translate this contract without changing its legal meaning. " * 20),
    ],
)
def test_harder_tasks_are_more_complex(easier: str, harder: str) -> None:
    """Depth, conditions and amount count."""
    _, low = PROFILER.profile(scripted_request(text=easier)).kind
    _, high = PROFILER.profile(scripted_request(text=harder)).kind

    assert 0 <= low < high <= 1


ROLES = st.sampled_from([Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.DEVELOPER])
WORDS = st.text(max_size=200) | st.sampled_from(
    [
        "```",
        "\\frac{a}{b}",
        "A. x\nB. y\nC. z",
        "how many 3 + 4",
        "$x$",
        "=",
        "a=1",
        "翻译",
        "+" * 99,
    ]
)


@given(
    turns=st.lists(st.tuples(ROLES, st.lists(WORDS, max_size=6)), min_size=1, max_size=6),
    results=st.lists(WORDS, max_size=2),
)
def test_any_conversation_has_a_profile(
    turns: list[tuple[Role, list[str]]], results: list[str]
) -> None:
    """A profile never fails, stays in its bounds, and the same prompt always gets the same one."""
    messages = [
        Message(role=role, parts=tuple(TextPart(text=text) for text in texts))
        for role, texts in turns
    ]
    if results:
        parts = tuple(TextPart(text=text) for text in results)
        result = ToolResult(call_id="c", parts=parts)
        messages.append(Message(role=Role.TOOL, parts=(result,)))
    request = of_prompt(Prompt(messages=tuple(messages)))

    profile = PROFILER.profile(request)

    assert profile == PROFILER.profile(request)
    _, complexity = profile.kind
    assert 0 <= complexity <= 1
    assert profile.input_bounds.low <= profile.input_tokens <= profile.input_bounds.high


SECRET = "qzxj"


@given(text=st.text(max_size=300), place=st.integers(min_value=0, max_value=300))
def test_nothing_of_a_profile_quotes_the_prompt(text: str, place: int) -> None:
    """Neither its `repr` nor its evidence, wherever the words stand."""
    request = scripted_request(text=f"{text[:place]} {SECRET} {text[place:]}")

    profile = PROFILER.profile(request)

    assert SECRET not in repr(profile) + repr(evidence_of(profile, request)) + repr(request)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        " " * 1_000_000,
        "$" * 1_000_000,
        "\\(" * 500_000,
        "1+" * 500_000,
        "=" * 1_000_000,
        "\n" * 1_000_000,
        "- " * 500_000,
        "あ" * 400_000,
    ],
    ids=["letters", "spaces", "dollars", "brackets", "sums", "equals", "lines", "items", "kana"],
)
def test_hostile_texts_cost_no_more_than_others(text: str) -> None:
    """Of a megabyte no more is read than of a page; quadratic work would meet the time limit."""
    request = scripted_request(text=text)

    profile = PROFILER.profile(request)
    reading = read(
        request.prompt,
        length=len(text),
        input_tokens=profile.input_tokens,
        modalities=profile.modalities,
    )

    assert profile.input_bounds.high == len(text.encode()) + 4
    assert len(reading.asked) == 2 * ASKED_WINDOW + 1
