"""Write the catalogue of known models from the data of two packages, or check that it is fresh.

`make catalogue` downloads the packages that tools/catalogue/sources.lock pins, into a temporary
folder, and reads their data: nothing is installed, and no code of litellm runs. `--upgrade` takes
the newest versions and pins them. `--check` needs no network: the first line of the catalogue holds
the pins and a digest of what it was made from and of its content. `--outdated` asks the registry
whether newer versions exist.
"""

import argparse
import datetime as dt
import hashlib
import importlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tools/catalogue/sources.lock"
RULES = ROOT / "tools/catalogue/rules.yaml"
CATALOGUE = ROOT / "src/routersvc/settings/known_models/known_models.jsonl"
PACKAGES = ("genai-prices", "litellm")
LITELLM_DATA = "litellm/model_prices_and_context_window_backup.json"
PLATFORM = ("--platform=manylinux_2_28_x86_64", "--platform=any", "--python-version=3.11")
"""The data is the same in the wheels of all platforms; one is named so that its hash can be."""

CHAT = ("chat", "responses")
BASIC = ("streaming", "system_prompt", "stop_sequences")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "maximum", "adaptive")
TIERS = ("flex", "priority")
DEPRECATED_DAYS = 90
"""A model that is retired so soon counts as deprecated."""

FORGOTTEN_DAYS = 365
"""Models that their vendors retired longer ago than this are left out."""

Json = dict[str, Any]


class CatalogueError(Exception):
    """The catalogue is stale, or its sources cannot be read."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--outdated", action="store_true", help="fail if newer versions exist")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    arguments = parser.parse_args()
    try:
        if arguments.check:
            refuse_stale()
        elif arguments.outdated:
            _refuse_outdated()
        else:
            _refresh(upgrade=arguments.upgrade)
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def pins() -> dict[str, str]:
    """Return the pinned version of each source."""
    text = SOURCES.read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE))


def refuse_stale() -> None:
    """Refuse a catalogue that is older than its sources, or that was edited by hand.

    Raises:
        CatalogueError: it is.
    """
    head, _, body = CATALOGUE.read_text(encoding="utf-8").partition("\n")
    found: Json = json.loads(head)
    for package, version in pins().items():
        if found["sources"].get(package) != version:
            raise CatalogueError(
                f"the catalogue is made from {package} {found['sources'].get(package)}, "
                f"{SOURCES.name} pins {version}: run `make catalogue`"
            )
    if found["digest"] != _digest(body):
        raise CatalogueError("the catalogue does not match its rules: run `make catalogue`")


def _digest(body: str) -> str:
    digest = hashlib.sha256()
    for path in (SOURCES, RULES):
        digest.update(path.read_bytes())
    digest.update(body.encode())
    return digest.hexdigest()[:16]


def _refuse_outdated() -> None:
    with tempfile.TemporaryDirectory() as name:
        newest = {_package(path): _version(path) for path in _download(Path(name), upgrade=True)}
    for package, version in pins().items():
        if newest[package] != version:
            raise CatalogueError(
                f"{package} {newest[package]} is out, the catalogue is made from {version}: "
                "run `make catalogue ARGS=--upgrade`"
            )


def _refresh(*, upgrade: bool) -> None:
    today = dt.datetime.now(tz=dt.UTC).date()
    with tempfile.TemporaryDirectory() as name:
        wheels = {_package(path): path for path in _download(Path(name), upgrade=upgrade)}
        if upgrade:
            _pin(wheels.values())
        facts: Json = json.loads(zipfile.ZipFile(wheels["litellm"]).read(LITELLM_DATA))
        other_prices = _other_prices(wheels["genai-prices"], today)
    rules: Json = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    models = dict(Catalogue(rules, other_prices, today).models(facts))
    # The name stands first, so that readers find it without parsing the line.
    body = "".join(f"{json.dumps({'name': name, **model})}\n" for name, model in models.items())
    head = {
        "as_of": today.isoformat(),
        "sources": pins(),
        "makers": list(rules["makers"]),
        "licences": {"genai-prices": "MIT", "litellm": "MIT"},
        "digest": _digest(body),
    }
    CATALOGUE.write_text(f"{json.dumps(head)}\n{body}", encoding="utf-8")
    print(f"{len(models)} models as of {today}, {CATALOGUE.stat().st_size // 1024} KiB")
    for line in _disagreements(models, rules, other_prices):
        print(line)


def _download(folder: Path, *, upgrade: bool) -> list[Path]:
    wanted = PACKAGES if upgrade else ("--require-hashes", "-r", str(SOURCES))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"-d{folder}"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", *PLATFORM, *wanted]
    if subprocess.run(command, check=False).returncode != 0:
        raise CatalogueError("the sources cannot be downloaded, see above")
    return sorted(folder.glob("*.whl"))


def _package(wheel: Path) -> str:
    return wheel.name.partition("-")[0].replace("_", "-")


def _version(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _pin(wheels: Iterable[Path]) -> None:
    lines = (
        f"{_package(wheel)}=={_version(wheel)} "
        f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        for wheel in sorted(wheels)
    )
    SOURCES.write_text("".join(lines), encoding="utf-8")


def _other_prices(wheel: Path, day: dt.date) -> Callable[[str, str], Json | None]:
    """Return what genai-prices knows of a vendor's model, from its data and matching rules."""
    sys.path.insert(0, str(wheel))
    snapshot = importlib.import_module("genai_prices.data_snapshot").get_snapshot()
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)

    def prices(vendor: str, model: str) -> Json | None:
        try:
            _, found = snapshot.find_provider_model(model, None, vendor, None)
        except LookupError:
            return None
        known = found.get_prices(noon)
        fields = {
            "input": known.input_mtok,
            "output": known.output_mtok,
            "cached_input": known.cache_read_mtok,
            "cache_write": known.cache_write_mtok,
        }
        flat = {
            name: float(getattr(value, "base", value))
            for name, value in fields.items()
            if value is not None
        }
        return flat if "input" in flat and "output" in flat else None

    return prices


class Catalogue:
    """Makes models of the package's entries, by the rules."""

    def __init__(
        self, rules: Json, other_prices: Callable[[str, str], Json | None], today: dt.date
    ) -> None:
        self._rules = rules
        self._other_prices = other_prices
        self._today = today
        self._vendors = rules["makers"] | rules["hosts"]
        self._skipped = re.compile(rules["skipped"].replace(" ", ""), re.IGNORECASE)

    def models(self, entries: Json) -> Iterator[tuple[str, Json]]:
        """Yield each model by name, `vendor/model`: makers before hosts, then by name."""
        by_name: dict[str, dict[str, Json]] = {vendor: {} for vendor in self._vendors}
        for vendor, its in self._vendors.items():
            prefix: str = its.get("prefix", "")
            for key, entry in entries.items():
                if entry.get("litellm_provider") not in its["from"]:
                    continue
                if entry.get("mode") not in CHAT or self._skipped.search(key):
                    continue
                if not re.search(its.get("only", ""), key.removeprefix(prefix)):
                    continue
                if "/" in key and not (prefix and key.startswith(prefix)):
                    continue
                model = self._model(vendor, key.removeprefix(prefix), entry)
                if model is not None:
                    by_name[vendor][key.removeprefix(prefix)] = model
        for full_name, own in self._rules["models"].items():
            vendor, _, name = full_name.partition("/")
            flags = dict.fromkeys(self._keys_of(own["flags"]), True)
            made = self._facts(vendor, name, flags) | {
                key: value for key, value in own.items() if key != "flags"
            }
            made.setdefault("prices", self._prices(vendor, name, {}))
            by_name[vendor].setdefault(name, _ordered(made))
        for vendor, models in by_name.items():
            for name in sorted(models):
                yield f"{vendor}/{name}", models[name]

    def _keys_of(self, capabilities: list[str]) -> Iterator[str]:
        for flag, capability in self._rules["flags"].items():
            if capability in capabilities:
                yield flag

    def _model(self, vendor: str, name: str, entry: Json) -> Json | None:
        window = entry.get("max_input_tokens")
        if not isinstance(window, int) or len(f"{vendor}/{name}") > 128:  # noqa: PLR2004 - `Name`
            return None
        retires = entry.get("deprecation_date")
        day = dt.date.fromisoformat(retires) if retires else None
        if day is not None and day < self._today - dt.timedelta(days=FORGOTTEN_DAYS):
            return None
        output = entry.get("max_output_tokens")
        model: Json = {
            "context_window": max(window, output or 0),
            "max_output_tokens": output if isinstance(output, int) and output > 0 else None,
            **self._facts(vendor, name, entry),
            "prices": self._prices(vendor, name, entry),
            "deprecated": day is not None
            and day < self._today + dt.timedelta(days=DEPRECATED_DAYS),
            "retires_on": retires,
        }
        for correction in self._rules["corrections"]:
            fits = correction.get("input") in {None, window}
            if fits and re.search(correction["match"], f"{vendor}/{name}"):
                model |= correction.get("facts", {})
                lacking = correction.get("without", ())
                model["capabilities"] = [it for it in model["capabilities"] if it not in lacking]
        return _ordered(model)

    def _facts(self, vendor: str, name: str, entry: Json) -> Json:
        """Return capabilities and efforts."""
        family = next(
            it
            for it in self._rules["families"]
            if vendor in it.get("vendors", (vendor,)) and re.search(it["match"], name)
        )
        found = {*BASIC, *family["with"]}
        found |= {its for flag, its in self._rules["flags"].items() if entry.get(flag)}
        if entry.get("supports_sampling_params") is False:
            found -= {"sampling", "top_k"}
        if entry.get("supports_forced_tool_use") is False:
            found -= {"tool_choice"}
        if any(f"input_cost_per_token_{tier}" in entry for tier in TIERS):
            found |= {"service_tier"}
        found -= set(family.get("without", ()))
        if "reasoning" in found:
            found -= set(family.get("without_thinking", ()))
        if "tools" not in found:
            found -= {"tool_choice", "parallel_tool_calls"}
        facts: Json = {"capabilities": sorted(found)}
        if "reasoning" in found:
            efforts = _efforts(family.get("efforts"), entry)
            if efforts is not None:
                facts["efforts"] = efforts
        return facts

    def _prices(self, vendor: str, name: str, entry: Json) -> Json | None:
        prices = _tier_prices(entry, "")
        if prices is None:
            library = self._vendors[vendor].get("genai")
            return self._other_prices(library, name) if library else None
        for tier in TIERS:
            of_tier = _tier_prices(entry, f"_{tier}")
            if of_tier is not None:
                prices[tier] = of_tier
        return prices


def _efforts(known: list[str] | None, entry: Json) -> list[str] | None:
    """Return the efforts: those that the package lists, else the family's and the flags'."""
    listed = entry.get("reasoning_effort_levels")
    if listed is None and known is None:
        return None
    efforts = {"maximum" if it == "max" else it for it in (listed or known or ())}
    if listed is None:
        for effort, flag in (
            ("none", "none"),
            ("minimal", "minimal"),
            ("xhigh", "xhigh"),
            ("maximum", "max"),
        ):
            stated = entry.get(f"supports_{flag}_reasoning_effort")
            if stated is not None:
                efforts = efforts | {effort} if stated else efforts - {effort}
    if entry.get("thinking_always_on"):
        efforts -= {"none"}
    return [effort for effort in EFFORTS if effort in efforts]


_RATES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_hour": "cache_creation_input_token_cost_above_1hr",
}
"""Our name of each price, and the package's."""


def _tier_prices(entry: Json, tier: str) -> Json | None:
    """Return the prices of a service tier, by the suffix of its keys; `None` if not known."""
    ranges = entry.get("tiered_pricing") if not tier else None
    if ranges:
        first, *others = ranges
        prices = _rates(first, "")
        steps = [_rates(it, "") for it in others if "range" in it]
        limits = [int(it["range"][0]) for it in others if "range" in it]
    else:
        prices = _rates(entry, tier)
        above = re.compile(rf"input_cost_per_token_above_(\d+)k_tokens{tier}")
        limits = sorted(int(found[1]) * 1000 for found in map(above.fullmatch, entry) if found)
        steps = [_rates(entry, f"_above_{limit // 1000}k_tokens{tier}") for limit in limits]
    if prices is None:
        return None
    known = [{"above": limit, **step} for limit, step in zip(limits, steps, strict=True) if step]
    return prices | ({"steps": known} if known else {})


def _rates(entry: Json, suffix: str) -> Json | None:
    rates = {
        ours: round(float(entry[key + suffix]) * 1e6, 6)
        for ours, key in _RATES.items()
        if entry.get(key + suffix) is not None
    }
    thoughts = entry.get(f"output_cost_per_reasoning_token{suffix}")
    if thoughts is not None and "output" in rates:
        rates["output"] = max(rates["output"], round(float(thoughts) * 1e6, 6))
    # A price of nothing is a gap in the data: unknown prices break limits on cost, as they must.
    if not rates.get("input") or not rates.get("output"):
        return None
    return rates


def _ordered(model: Mapping[str, Any]) -> Json:
    order = (
        "context_window", "max_output_tokens", "capabilities", "efforts", "prices", "deprecated",
        "retires_on",
    )  # fmt: skip
    return {key: model[key] for key in order if model.get(key) not in (None, False)}


def _disagreements(
    models: Mapping[str, Json], rules: Json, other_prices: Callable[[str, str], Json | None]
) -> Iterator[str]:
    """Yield the models of makers whose prices the second package has otherwise."""
    for name, model in models.items():
        vendor, _, own = name.partition("/")
        library = rules["makers"].get(vendor, {}).get("genai")
        ours, other = model.get("prices"), other_prices(library, own) if library else None
        if ours is None or other is None:
            continue
        if (ours["input"], ours["output"]) != (other["input"], other["output"]):
            yield (
                f"  {name}: {ours['input']:g} / {ours['output']:g}, genai-prices has "
                f"{other['input']:g} / {other['output']:g}"
            )


if __name__ == "__main__":
    sys.exit(main())
