"""Comparisons that are judged together: the verdicts of Holm's correction, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import runs_of

from tlhelpers.adaptation.across import adaptation_table
from tlhelpers.course.claims import ClaimLog, claim
from tlhelpers.evaluation.comparisons import Comparison, compare
from tlhelpers.evaluation.together import judge_together

PS = st.lists(st.floats(0.0001, 1), min_size=1, max_size=8)


def compared(p: float, sign: float = 1.0) -> Comparison:
    """A comparison whose interval leaves out 0 exactly if p is at most 0.05, as those that are."""
    near = 0.01 if p <= 0.05 else -0.01
    return Comparison("a", "b", sign * 0.15, *sorted([sign * near, sign * 0.3]), p, 10, 400)


def test_a_verdict_by_hand():
    """0.01 · 3 = 0.03, then 0.02 · 2 = 0.04, then 0.045: all at most 0.05."""
    found = judge_together(
        {n: compared(p) for n, p in zip("abc", (0.045, 0.01, 0.02), strict=True)}
    )
    assert [round(one.p_holm, 4) for one in found.values()] == [0.045, 0.03, 0.04]
    assert [one.verdict for one in found.values()] == ["resolved"] * 3
    found = judge_together({n: compared(p) for n, p in zip("abc", (0.03, 0.2, 0.03), strict=True)})
    assert list(found) == ["a", "b", "c"] and {one.together for one in found.values()} == {3}
    assert [one.verdict for one in found.values()] == ["not resolved"] * 3
    assert found["a"].low > 0, "the interval stays as it was"


def by_hand(ps: list[float]) -> list[bool]:
    """Holm's steps: the smallest p against 0.05 / m, the next against 0.05 / (m − 1), to a stop."""
    kept, order = [False] * len(ps), np.argsort(ps, kind="stable")
    for step, place in enumerate(order):
        if ps[place] > 0.05 / (len(ps) - step):
            break
        kept[place] = True
    return kept


@settings(deadline=None, max_examples=25)
@given(PS)
def test_verdicts_are_those_of_the_steps_and_only_take_away(ps):
    given_ = dict(enumerate(map(compared, ps)))
    found = judge_together(given_)
    assert [one.resolved for one in found.values()] == by_hand(ps)
    for name, one in found.items():
        before = given_[name]
        assert (one.a, one.low, one.high, one.p) == (before.a, before.low, before.high, before.p)
        assert before.resolved or not one.resolved
        assert before.measured in str(one) and one.verdict in str(one)


def test_a_single_comparison_keeps_its_verdict():
    for p in (0.04, 0.05, 0.06):
        [one] = judge_together({"it": compared(p)}).values()
        assert one.resolved == compared(p).resolved == (p <= 0.05)


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0002, "p < .001"), (0.012, "p = .024"), (1, "p = 1.000")]
)
def test_the_corrected_p_value_is_written(p, shown):
    found = judge_together({"one": compared(p), "other": compared(1)})["one"]
    assert found.measured.endswith(f", {shown} after Holm's correction over 2")


def test_the_verdicts_are_those_of_the_table_of_adaptation():
    rates = {
        "source only": 0.6,
        "much": 0.8,
        "some": 0.64,
        "little": 0.62,
        "less": 0.5,
        "oracle": 0.9,
    }
    runs = runs_of(rates, items=300)
    inner = ["much", "some", "little", "less"]
    found = judge_together({name: compare(runs, name, "source only") for name in inner})
    table = adaptation_table(runs)["verdict"]
    wanted = {"better": True, "negative transfer": True, "not resolved": False}
    assert {name: wanted[table[name]] for name in inner} == {
        name: one.resolved for name, one in found.items()
    }
    assert {one.resolved for one in found.values()} == {True, False}


def test_what_was_judged_is_not_judged_again_and_nothing_is_no_question():
    once = judge_together({"one": compared(0.01), "other": compared(0.3)})
    with pytest.raises(ValueError, match="'one' was judged with 2 comparisons before"):
        judge_together(once)
    with pytest.raises(ValueError, match="no comparison to judge"):
        judge_together({})


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_claim_takes_the_verdict_after_the_correction(sign):
    """Two of p = 0.03 are resolved alone, and not together."""
    alone, expect, log = compared(0.03, sign), "greater" if sign > 0 else "less", ClaimLog()
    both = judge_together({"one": alone, "other": alone})["one"]
    claim("08.x", "It wins.", alone, expect, log=log)
    claim("08.y", "No difference is resolved.", both, "not resolved", log=log)
    for one, wrong in ((both, expect), (alone, "not resolved")):
        with pytest.raises(AssertionError, match=r"'08.z' does not hold"):
            claim("08.z", "It does not hold.", one, wrong, log=log)
    claim("08.w", "It is not worse by more than .1.", both, expect, by=-0.1, log=log)
