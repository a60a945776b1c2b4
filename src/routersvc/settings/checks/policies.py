"""Checks that the keys of a policy, its own and the defaults, do not contradict each other."""

from __future__ import annotations

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.settings.checks.route_rules import check_rules
from routersvc.settings.checks.written_keys import WrittenKeys
from routersvc.settings.problems import KeyPath
from routersvc.settings.sections.policies import PolicySection
from routersvc.settings.sections.weights import ranking_keys
from routersvc.settings.types.units import duration_text

_LEAST_FOR_A_HEDGE = 2


def check_policy(
    name: str, policy: PolicySection, keys: WrittenKeys, *, default_timeout: float | None
) -> None:
    """Report every contradiction of one policy, which is completed with `policy_defaults`.

    `default_timeout` is the server's, in seconds, `None` if the section is invalid.
    """
    check = _PolicyCheck(name, policy, keys)
    check.check_choice()
    check.check_timeouts(default_timeout)
    check.check_hedging()
    check.check_retries()
    check.check_ranking()
    check_rules(("policies", name, "rules"), policy.rules, keys.problems)


class _PolicyCheck:
    def __init__(self, name: str, policy: PolicySection, keys: WrittenKeys) -> None:
        self._path: KeyPath = ("policies", name)
        self._policy = policy
        self._keys = keys

    def check_choice(self) -> None:
        policy = self._policy
        if policy.deployments is not None and policy.models is not None:
            self._keys.problems.at_key(
                (*self._path, "models"), "conflicts with `deployments`", "`deployments` or `models`"
            )
        if policy.deployments is None and policy.models is None:
            self._keys.problems.at_key(
                self._path, "has no deployments", "`deployments` or `models`"
            )

    def check_timeouts(self, default_timeout: float | None) -> None:
        timeouts = self._policy.timeouts
        attempt = self._places("timeouts", "attempt")
        for key in ("connect", "first_content", "first_content_reasoning", "idle"):
            places = self._places("timeouts", key)
            both_written = self._keys.first(places) and self._keys.first(attempt)
            value: float | None = getattr(timeouts, key)
            if both_written and value is not None and value > timeouts.attempt:
                self._keys.report(places, "is longer than `attempt`", timeouts.attempt)
        useful = self._places("timeouts", "useful")
        if timeouts.useful > timeouts.attempt:
            self._keys.report(
                [*useful, *attempt],
                "no attempt can start: `useful` is longer than `attempt`",
                timeouts.attempt,
            )
        if default_timeout is not None and timeouts.useful > default_timeout:
            self._keys.report(
                useful, "is longer than the server's `default_timeout`", default_timeout
            )

    def check_hedging(self) -> None:
        policy = self._policy
        hedging = policy.hedging
        self._keys.check_order(
            (self._places("hedging", "min_delay"), hedging.min_delay),
            (self._places("hedging", "max_delay"), hedging.max_delay),
        )
        is_written = self._keys.first(self._places("hedging", "mode")) is not None
        if hedging.mode is HedgingMode.OFF or not is_written:
            return
        if min(policy.max_attempts, hedging.value().most_parallel) < _LEAST_FOR_A_HEDGE:
            self._keys.report(
                [
                    *self._places("hedging", "max_parallel"),
                    *self._places("max_attempts"),
                    *self._places("hedging", "mode"),
                ],
                "no hedge can start: only one attempt is allowed",
                "`max_attempts` and `max_parallel` of at least 2",
            )
        if hedging.mode is not HedgingMode.PARALLEL:
            self._check_hedge_delay()

    def _check_hedge_delay(self) -> None:
        hedging = self._policy.hedging
        first_content = self._policy.timeouts.first_content
        earliest = hedging.min_delay if hedging.delay is None else hedging.delay
        key = "min_delay" if hedging.delay is None else "delay"
        if earliest >= first_content:
            self._keys.report(
                [*self._places("hedging", key), *self._places("timeouts", "first_content")],
                f"no hedge can start: `{key}` is not shorter than the timeout `first_content`",
                f"a `{key}` below {duration_text(first_content)}",
            )

    def check_retries(self) -> None:
        retries = self._policy.retries
        self._keys.check_order(
            (self._places("retries", "base_delay"), retries.base_delay),
            (self._places("retries", "max_delay"), retries.max_delay),
        )

    def check_ranking(self) -> None:
        """Report weights that are all 0, and keys of ranking that exclude each other."""
        first, *others = ranking_keys(self._policy) or ("",)
        for key in others:
            self._keys.report(
                self._places(key), f"conflicts with `{first}`", f"`{first}` or `{key}`"
            )
        weights = self._policy.weights
        if weights.quality == weights.cost == weights.latency == 0:
            self._keys.report(self._places("weights"), "all weights are 0", "at least one above 0")

    def _places(self, *keys: str) -> list[KeyPath]:
        """Return where a key can be set: in the policy, or in the defaults."""
        return [(*self._path, *keys), ("policy_defaults", *keys)]
