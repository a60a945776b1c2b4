"""Logs are read record by record; what is no record is named, and does not stop the reading."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import jsonschema
import pytest
from tests.unit.telemetry.decision_log.conftest import Log

from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.telemetry.decision_log.reading import (
    UnreadableLine,
    files_of,
    read_records,
    record_schema,
)
from routersvc.testing.scripted import answer
from routersvc.testing.worlds import scripted_request

SCHEMA = Path(__file__).parents[4] / "docs/decision-log.schema.json"


def test_committed_schema_is_that_of_the_records() -> None:
    """Readers rely on it: `scripts/write_decision_log_schema.py` writes it."""
    assert json.loads(SCHEMA.read_text("utf-8")) == json.loads(json.dumps(record_schema()))


def test_lines_conform_to_the_schema(log: Log) -> None:
    """As another program would validate them."""
    logged = log({"a": [answer("x"), answer("x")]}, [scripted_request()] * 2)
    schema = json.loads(SCHEMA.read_text("utf-8"))

    entries = [json.loads(line) for line in logged.text.splitlines()]

    assert len(entries) == 2
    for entry in entries:
        jsonschema.validate(entry, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(entries[0] | {"outcome": 1}, schema)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"version":1,"decision_id":"d', "JSON is malformed: invalid character (byte 29)"),
        (b"\xff\xfe", "JSON is malformed: invalid character (byte 0)"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"version":2,"changed":true}', "its version 2 is later than 1"),
        (b'{"version":1}', "Object missing required field `decision_id`"),
    ],
)
def test_line_that_is_no_record_is_named(
    log: Log, tmp_path: Path, line: bytes, reason: str
) -> None:
    """With its place and the reason, between the records around it."""
    text = log({"a": [answer("x")]}, [scripted_request()]).text.encode()
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(text + line + b"\n\n" + text)

    read = list(read_records([file]))

    assert [type(one) for one in read] == [DecisionRecord, UnreadableLine, DecisionRecord]
    assert read[1] == UnreadableLine(path=file, number=2, reason=reason)


def test_fields_of_later_releases_are_ignored(log: Log, tmp_path: Path) -> None:
    """Fields may be added without a new version."""
    entry = json.loads(log({"a": [answer("x")]}, [scripted_request()]).text)
    file = tmp_path / "later.jsonl"
    file.write_text(json.dumps(entry | {"added_later": {"a": 1}}), "utf-8")

    (record,) = read_records([file])

    assert isinstance(record, DecisionRecord)
    assert record.decision_id == entry["decision_id"]


def test_only_lines_that_contain_the_text_are_read(log: Log) -> None:
    """Looking up one decision does not decode all others."""
    logged = log({"a": [answer("x"), answer("x")]}, [scripted_request()] * 2)
    wanted = logged.records[1].decision_id

    (record,) = read_records([logged.directory], containing=wanted)

    assert isinstance(record, DecisionRecord)
    assert record.decision_id == wanted


def test_compressed_files_are_read_beside_the_others(log: Log) -> None:
    """In their place in time."""
    logged = log({"a": [answer("x")] * 2}, [scripted_request()] * 2)
    (plain,) = logged.directory.iterdir()
    compressed = logged.directory / "decisions-20250101T000000Z-p-000001.jsonl.gz"
    compressed.write_bytes(gzip.compress(logged.text.splitlines(keepends=True)[1].encode()))

    read = list(read_records([logged.directory]))

    first, second = logged.records
    assert read == [second, first, second]
    assert plain.exists()


def test_damaged_compressed_file_is_an_error(log: Log, tmp_path: Path) -> None:
    """It is named; what was read of it before is not taken for the whole."""
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(
        gzip.compress(log({"a": [answer("x")]}, [scripted_request()]).text.encode())[:-9]
    )

    with pytest.raises(OSError, match="damaged gzip file") as caught:
        list(read_records([file]))

    assert caught.value.filename == str(file)


def test_directory_without_a_log_is_an_error(tmp_path: Path) -> None:
    """Not an empty result: it is the wrong directory."""
    with pytest.raises(FileNotFoundError, match="no decision log in this directory"):
        list(files_of([tmp_path]))
