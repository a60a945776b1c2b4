"""Choices that every replica makes alike."""

from __future__ import annotations

import collections
import dataclasses

from routersvc.domain.planning.affinity import by_affinity, hash_fraction, with_canaries
from routersvc.testing.worlds import scripted_deployment

FOUR = [scripted_deployment(name) for name in ("a", "b", "c", "d")]
SESSIONS = [f"session {number}" for number in range(4000)]


def test_session_finds_the_same_deployment_wherever_it_asks() -> None:
    """Whatever the order in which a replica's configuration lists them."""
    first = [by_affinity(session, FOUR)[0].name for session in SESSIONS]
    second = [by_affinity(session, FOUR[::-1])[0].name for session in SESSIONS]

    assert first == second


def test_sessions_spread_evenly() -> None:
    """A quarter each, within a tenth."""
    counts = collections.Counter(by_affinity(session, FOUR)[0].name for session in SESSIONS)

    assert all(900 < count < 1100 for count in counts.values()), counts


def test_only_its_own_sessions_move_when_a_deployment_goes() -> None:
    """And they spread over all that are left."""
    before = {session: by_affinity(session, FOUR)[0].name for session in SESSIONS}

    after = {session: by_affinity(session, FOUR[:3])[0].name for session in SESSIONS}

    moved = [session for session in SESSIONS if before[session] != after[session]]
    assert all(before[session] == "d" for session in moved)
    assert len(moved) == collections.Counter(before.values())["d"]
    assert set(collections.Counter(after[session] for session in moved)) == {"a", "b", "c"}


def test_draws_look_random() -> None:
    """Their mean is a half, and key and name do not run into each other."""
    draws = [hash_fraction(session, "a") for session in SESSIONS]

    assert abs(sum(draws) / len(draws) - 0.5) < 0.02
    assert hash_fraction("ab", "c") != hash_fraction("a", "bc")


class TestCanaries:
    """Deployments that take a share of their model's traffic."""

    steady = scripted_deployment("steady")
    canary = dataclasses.replace(scripted_deployment("canary"), canary_share=0.1)
    other = dataclasses.replace(scripted_deployment("other"), canary_share=0.2)

    def first(self, session: str) -> str:
        """Return where a session goes."""
        return with_canaries(session, [self.steady, self.canary, self.other])[0].name

    def test_shares_are_kept(self) -> None:
        """A tenth and a fifth of four thousand sessions."""
        counts = collections.Counter(self.first(session) for session in SESSIONS)

        assert 350 < counts["canary"] < 450, counts
        assert 720 < counts["other"] < 880, counts

    def test_session_stays_with_its_version(self) -> None:
        """Drawn from the session alone."""
        assert [self.first(s) for s in SESSIONS[:100]] == [self.first(s) for s in SESSIONS[:100]]

    def test_greater_share_keeps_the_sessions_it_has(self) -> None:
        """Rolling out moves sessions in one direction only."""
        wider = dataclasses.replace(self.canary, canary_share=0.5)

        for session in SESSIONS[:500]:
            if with_canaries(session, [self.steady, self.canary])[0] is self.canary:
                assert with_canaries(session, [self.steady, wider])[0] is wider

    def test_canary_whose_turn_it_is_not_comes_last(self) -> None:
        """It stays eligible when all others are gone."""
        session = next(s for s in SESSIONS if self.first(s) == "steady")

        ordered = with_canaries(session, [self.canary, self.steady, self.other])

        assert [one.name for one in ordered] == ["steady", "canary", "other"]

    def test_turn_is_drawn_from_session_and_model(self) -> None:
        """Shares lie end to end by name, so that a session's draw says whose turn it is."""
        for session in SESSIONS[:200]:
            point = hash_fraction(session, "model")
            turn = "canary" if point < 0.1 else "other" if point < 0.1 + 0.2 else "steady"

            assert self.first(session) == turn

    def test_share_of_nothing_takes_nothing(self) -> None:
        """A canary that is not rolled out yet, or no more."""
        none = dataclasses.replace(self.canary, canary_share=0.0)

        firsts = {with_canaries(session, [none, self.steady])[0].name for session in SESSIONS}

        assert firsts == {"steady"}

    def test_canary_whose_turn_it_is_comes_before_all(self) -> None:
        """Then deployments without a share, then the other canaries."""
        session = next(s for s in SESSIONS if self.first(s) == "other")

        ordered = with_canaries(session, [self.canary, self.steady, self.other])

        assert [one.name for one in ordered] == ["other", "steady", "canary"]

    def test_without_canaries_the_order_stays(self) -> None:
        """Most models have none."""
        assert with_canaries("session", FOUR[::-1]) == FOUR[::-1]
