"""Write the JSON Schema of the decision log, or check that it is up to date.

`make generate` writes `docs/decision-log.schema.json` from the types of the records; `--check`
compares.
"""

import argparse
import json
import sys
from pathlib import Path

from routersvc.telemetry.decision_log.reading import record_schema

SCHEMA = Path(__file__).resolve().parent.parent / "docs/decision-log.schema.json"


def text() -> str:
    """Return the schema as it is committed."""
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    check: bool = parser.parse_args().check
    fresh = text()
    if SCHEMA.exists() and SCHEMA.read_text(encoding="utf-8") == fresh:
        return 0
    if check:
        print("out of date, run `make generate`:\n  docs/decision-log.schema.json", file=sys.stderr)
        return 1
    SCHEMA.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
