"""Questions to word vectors: what is left out counts, and a bias is what it is by hand."""

import math
import re
import unicodedata
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.models import probes
from tlhelpers.models.probes import (
    EXACT,
    Association,
    analogy,
    analogy_questions,
    answer_questions,
    association_test,
)
from tlhelpers.models.vector_files import keyed_vectors, load_vectors

pytestmark = pytest.mark.usefixtures("one_thread")

MALE = ["john", "paul", "mike", "kevin", "steve", "greg", "jeff", "bill"]
FEMALE = ["amy", "joan", "lisa", "sarah", "diana", "kate", "ann", "donna"]
CAREER = """
    executive management professional corporation salary office business career
""".split()  # noqa: SIM905
FAMILY = """
    home parents children family cousins marriage wedding relatives
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def questions(glove):
    return analogy_questions(glove)


def vectors_of(**rows):
    return keyed_vectors(list(rows), np.array(list(rows.values()), dtype=np.float32))


def turned(**degrees):
    """Words as directions in the plane; lengths differ and do not count."""
    rows = {
        word: (place * math.cos(math.radians(d)), place * math.sin(math.radians(d)))
        for place, (word, d) in enumerate(degrees.items(), start=1)
    }
    return vectors_of(**rows)


# ---------------------------------------------------------------- analogies

AXES = vectors_of(a=(3, 0, 0), b=(0, 2, 0), c=(0, 0, 5), right=(-1, 1, 1), near=(0, 4, 4))


def test_an_analogy_is_the_sum_by_hand():
    found = analogy(AXES, "a", "b", "c")  # (0, 1, 0) − (1, 0, 0) + (0, 0, 1)
    assert [word for word, _ in found] == ["right", "near"]
    assert [cosine for _, cosine in found] == pytest.approx([1, 2 / math.sqrt(6)])


def test_with_nothing_left_out_the_words_of_the_question_are_answers_too():
    found = analogy(AXES, "a", "b", "c", exclude=False)
    third = 1 / math.sqrt(3)
    assert [cosine for _, cosine in found] == pytest.approx(
        [1, 2 / math.sqrt(6), third, third, -third]
    )
    assert {word for word, _ in found[2:4]} == {"b", "c"} and found[-1][0] == "a"


def test_each_of_the_three_words_can_come_first_and_is_left_out():
    for degrees, first in (((0, 10, 350), "a"), ((80, 0, 85), "b"), ((80, 85, 0), "c")):
        vectors = turned(**dict(zip("abc", degrees, strict=True)), right=40, other=200)
        asked = np.array([["a", "b", "c", "right"]])
        assert analogy(vectors, "a", "b", "c", exclude=False)[0][0] == first
        assert answer_questions(vectors, asked, exclude=False).tolist() == [first]
        assert analogy(vectors, "a", "b", "c")[0][0] == "right"
        assert answer_questions(vectors, asked).tolist() == ["right"]


@pytest.mark.parametrize("exclude", [True, False])
@pytest.mark.parametrize("top", [1, 2, 7])
def test_so_many_answers_as_were_asked_for_the_nearest_first(glove, exclude, top):
    found = analogy(glove, "man", "king", "woman", exclude, top)
    assert len(found) == top
    assert all(x >= y for (_, x), (_, y) in pairwise(found))
    assert found == analogy(glove, "man", "king", "woman", exclude, 9)[:top]
    assert all(type(word) is str and type(cosine) is float for word, cosine in found)


def test_what_the_tools_leave_out_is_what_would_come_first(glove):
    assert analogy(glove, "man", "king", "woman")[0][0] == "queen"
    (first, _), (second, _), *_ = analogy(glove, "man", "king", "woman", exclude=False)
    assert (first, second) == ("king", "queen")
    assert analogy(glove, "man", "doctor", "woman", exclude=False)[0][0] == "doctor"
    assert analogy(glove, "man", "doctor", "woman")[0][0] == "nurse"


def test_it_is_what_gensim_finds(glove, questions):
    for asked in questions.values():
        a, b, c, _ = asked[len(asked) // 3].tolist()
        wanted = glove.most_similar(positive=[b, c], negative=[a], topn=8)
        found = analogy(glove, a, b, c, top=8)
        assert [word for word, _ in found] == [word for word, _ in wanted]
        assert [x for _, x in found] == pytest.approx([x for _, x in wanted], abs=1e-5)


@pytest.mark.parametrize("place", range(3))
def test_a_word_without_a_vector_is_named(place):
    asked = ["a", "b", "c"]
    asked[place] = "Unheard"
    with pytest.raises(ValueError, match=r"^the vectors do not know 'Unheard'$"):
        analogy(AXES, *asked)
    with pytest.raises(ValueError, match=r"^the vectors do not know 'Unheard'$"):
        answer_questions(AXES, np.array([["a", "b", "c", "right"], [*asked, "right"]]))


def test_a_vector_of_zeros_is_named_and_is_no_answer():
    vectors = vectors_of(a=(1, 0), b=(0, 1), c=(1, 1), d=(-1, 2), nothing=(0, 0))
    for ask in (
        lambda: analogy(vectors, "a", "b", "nothing"),
        lambda: answer_questions(vectors, np.array([["nothing", "a", "b", "c"]])),
        lambda: association_test(vectors, (["a", "b"], ["c", "nothing"]), (["a"], ["b"])),
    ):
        with pytest.raises(ValueError, match="the vector of 'nothing' holds zeros only"):
            ask()
    asked = np.array([["a", "b", "c", "d"]])
    assert answer_questions(vectors, asked).tolist() == ["d"]
    assert answer_questions(vectors, asked, exclude=False).tolist() == ["b"]


# ---------------------------------------------------------------- many of them


def test_the_questions_are_mikolovs_in_small_letters_and_all_words_are_known(glove, questions):
    assert len(questions) == 14 and len(questions["family"]) == 506
    assert list(questions)[:2] == ["capital-common-countries", "capital-world"]
    assert questions["family"][0].tolist() == ["boy", "girl", "brother", "sister"]
    for kind, asked in questions.items():
        assert asked.ndim == 2 and asked.shape[1] == 4 and len(asked) > 100, kind
        assert all(word in glove and word == word.lower() for word in np.unique(asked)), kind
        assert len({tuple(row) for row in asked.tolist()}) == len(asked), kind


def test_a_question_with_an_unknown_word_is_left_out_and_a_kind_without_any_too():
    words = ["boy", "girl", "brother", "sister", "king"]
    few = keyed_vectors(words, np.eye(5, dtype=np.float32))
    found = analogy_questions(few)
    assert list(found) == ["family"]
    assert {tuple(row) for row in found["family"].tolist()} == {
        ("boy", "girl", "brother", "sister"),
        ("brother", "sister", "boy", "girl"),
    }


@pytest.mark.parametrize("most", [1, 2, 40, 506, 700])
def test_of_each_kind_so_many_evenly_spread(glove, questions, most):
    found = analogy_questions(glove, most)
    assert list(found) == list(questions)
    for kind, asked in found.items():
        rows = [tuple(row) for row in questions[kind].tolist()]
        places = [rows.index(tuple(row)) for row in asked.tolist()]
        assert len(places) == min(most, len(rows)) and places[0] == 0, kind
        if most > 1:
            gaps = np.diff(places)
            assert places[-1] == len(rows) - 1 and gaps.min() >= 1, kind
            assert gaps.max() - gaps.min() <= 1, kind


@pytest.mark.parametrize("exclude", [True, False])
def test_many_answers_are_those_given_one_by_one(exclude):
    glove = load_vectors(limit=30_000)
    questions = analogy_questions(glove)
    asked = np.concatenate([rows[:: len(rows) // 8] for rows in questions.values()])
    assert len(asked) > probes.AT_ONCE
    found = answer_questions(glove, asked, exclude)
    assert found.shape == (len(asked),)
    for (a, b, c, _), word in zip(asked.tolist(), found, strict=True):
        assert analogy(glove, a, b, c, exclude, top=1)[0][0] == word


def test_how_many_are_answered_at_once_does_not_count(glove, questions, monkeypatch):
    asked = questions["family"][:7]
    wanted = answer_questions(glove, asked)
    monkeypatch.setattr(probes, "AT_ONCE", 3)
    assert answer_questions(glove, asked).tolist() == wanted.tolist()


def test_the_right_answer_is_not_looked_at(glove, questions):
    asked = questions["family"][::60].copy()
    wanted = answer_questions(glove, asked)
    asked[:, 3] = "a word that has no vector"
    assert answer_questions(glove, asked).tolist() == wanted.tolist()
    assert answer_questions(glove, asked[:, :3]).tolist() == wanted.tolist()


def test_words_are_found_in_each_form_of_their_signs():
    vectors = vectors_of(**{"é": [1, 0], "ü": [0, 1], "ö": [1, 1], "a": [-1, 2]})
    apart = [unicodedata.normalize("NFD", word) for word in "éüö"]
    for exclude in (True, False):
        found = analogy(vectors, *apart, exclude)
        assert found == analogy(vectors, *"éüö", exclude)
        rows = np.array([[*apart, ""]])
        assert answer_questions(vectors, rows, exclude).tolist() == [found[0][0]]
    groups = [[apart[0], "a"], apart[1:]]
    assert association_test(vectors, groups, [["a"], ["é"]]) is not None


# ---------------------------------------------------------------- bias


def by_hand(vectors, targets, attributes):
    """Effect and p as the paper has them: cosine by cosine, split by split."""

    def cosine(one, other):
        u, v = (vectors[word].astype(float) for word in (one, other))
        return u @ v / math.sqrt(u @ u) / math.sqrt(v @ v)

    def mean(numbers):
        return sum(numbers) / len(numbers)

    first, second = attributes
    (x, y), words = targets, [*targets[0], *targets[1]]
    s = [mean([cosine(w, a) for a in first]) - mean([cosine(w, b) for b in second]) for w in words]
    middle = mean(s)
    spread = math.sqrt(sum((one - middle) ** 2 for one in s) / (len(s) - 1))
    effect = (mean(s[: len(x)]) - mean(s[len(x) :])) / spread
    observed = sum(s[: len(x)]) - sum(s[len(x) :])
    reached, splits = 0, 0
    for chosen in combinations(range(len(words)), len(x)):
        others = [i for i in range(len(words)) if i not in chosen]
        statistic = sum(s[i] for i in chosen) - sum(s[i] for i in others)
        reached += statistic >= observed - 1e-9
        splits += 1
    assert len(y) == len(x)
    return effect, reached / splits, splits


def test_effect_and_p_in_closed_form():
    """Associations with 0 degrees against 90: cos d − sin d."""
    vectors = turned(x1=0, x2=30, y1=60, y2=90, a=0, b=90)
    found = association_test(vectors, (["x1", "x2"], ["y1", "y2"]), (["a"], ["b"]))
    s = (math.sqrt(3) - 1) / 2  # of 30 degrees; the others have 1, −s and −1
    assert found.effect == pytest.approx((1 + s) / math.sqrt((2 + 2 * s * s) / 3))
    assert found.p == 1 / 6 and found.splits == 6


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2, 3, 5])
def test_it_is_what_the_paper_says(seed, n):
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(2 * n + 5)]
    vectors = keyed_vectors(words, rng.normal(size=(len(words), 4)).astype(np.float32))
    targets = words[:n], words[n : 2 * n]
    attributes = words[2 * n : 2 * n + 2], words[2 * n + 2 :]  # these may differ in size
    effect, p, splits = by_hand(vectors, targets, attributes)
    found = association_test(vectors, targets, attributes)
    assert found.effect == pytest.approx(effect, abs=1e-6)
    assert (found.p, found.splits) == (pytest.approx(p), splits)
    # All that is swapped turns the sign, and both swaps turn it back.
    for swapped in ((targets[::-1], attributes), (targets, attributes[::-1])):
        assert association_test(vectors, *swapped).effect == pytest.approx(-effect, abs=1e-6)
    twice = association_test(vectors, targets[::-1], attributes[::-1])
    assert (twice.effect, twice.p) == (pytest.approx(found.effect), pytest.approx(found.p))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda n: st.lists(st.integers(0, 359), min_size=2 * n + 2, max_size=2 * n + 2, unique=True)
    )
)
def test_the_effect_lies_between_its_bounds_and_p_counts_the_split_itself(degrees):
    n = len(degrees) // 2 - 1
    words = [f"w{i}" for i in range(len(degrees))]
    vectors = turned(**dict(zip(words, degrees, strict=True)))
    targets, attributes = (words[:n], words[n : 2 * n]), ([words[-2]], [words[-1]])
    found = association_test(vectors, targets, attributes)
    opposite = association_test(vectors, targets[::-1], attributes)
    assert abs(found.effect) <= 2
    assert 1 / found.splits <= found.p <= 1 and found.splits == math.comb(2 * n, n)
    assert found.p + opposite.p >= 1 - 1e-12


def test_splits_that_are_as_large_but_for_rounding_count():
    """The same words on both sides: many splits have the same sum, added up in another order."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(9)]
    for _ in range(10):
        vectors = keyed_vectors(words, rng.normal(size=(9, 4)).astype(np.float32))
        given = (words[:5], words[4::-1]), (words[5:7], words[7:])
        _, p, splits = by_hand(vectors, *given)
        found = association_test(vectors, *given)
        assert (found.p, found.splits) == (p, splits) and found.p > 0.5


def test_the_bound_is_nearly_reached_by_two_heaps():
    words = {f"x{i}": i for i in range(8)} | {f"y{i}": 90 - i for i in range(8)}
    vectors = turned(**words, a=0, b=90)
    targets = [[w for w in words if w[0] == side] for side in "xy"]
    found = association_test(vectors, targets, (["a"], ["b"]))
    assert 1.9 < found.effect < 2 and found.p == 1 / math.comb(16, 8)


def test_groups_that_mirror_each_other_have_no_effect():
    vectors = turned(x1=0, x2=90, y1=10, y2=80, a=0, b=90)
    found = association_test(vectors, (["x1", "x2"], ["y1", "y2"]), (["a"], ["b"]))
    assert found.effect == pytest.approx(0, abs=1e-6)
    # Sums of two out of ±1, ±s: 1 + s, 1 − s, and 0 twice, of which both are as large; −….
    assert found.p == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("targets", "attributes", "sizes"),
    [
        ((["x", "y"], ["a"]), (["a"], ["b"]), [2, 1, 1, 1]),
        ((["x"], ["y"]), (["a"], ["b"]), [1, 1, 1, 1]),
        ((["x", "y"], ["a", "b"]), ([], ["b"]), [2, 2, 0, 1]),
        ((["x", "y"], ["a", "b"]), (["a"], []), [2, 2, 1, 0]),
    ],
)
def test_groups_of_the_wrong_size_are_refused(targets, attributes, sizes):
    vectors = turned(x=0, y=30, a=50, b=70)
    with pytest.raises(ValueError, match=re.escape(f"attributes, got {sizes}")):
        association_test(vectors, targets, attributes)


@pytest.mark.parametrize("place", range(4))
def test_an_unknown_word_of_a_group_is_named(place):
    vectors = turned(x=0, y=30, a=50, b=70)
    groups = [["x", "y"], ["a", "b"], ["a", "x"], ["b", "y"]]
    groups[place][1] = "Unheard"
    with pytest.raises(ValueError, match="do not know 'Unheard'"):
        association_test(vectors, groups[:2], groups[2:])


def test_targets_that_do_not_differ_have_no_effect_size():
    vectors = turned(x=0, y=30, a=50, b=70)
    for targets, attributes in (
        ((["x", "x"], ["x", "x"]), (["a"], ["b"])),
        ((["x", "y"], ["a", "b"]), (["a", "b"], ["b", "a"])),
    ):
        with pytest.raises(ValueError, match="all targets are equally near"):
            association_test(vectors, targets, attributes)


def test_few_splits_are_counted_and_of_many_some_are_drawn(glove):
    assert math.comb(16, 8) <= EXACT < math.comb(18, 9)
    for n in (2, 5, 8):
        halves = probes._halves(n, 0)
        assert len({tuple(half) for half in halves.tolist()}) == math.comb(2 * n, n) == len(halves)
        assert halves[0].tolist() == list(range(n))
    drawn = probes._halves(9, 0)
    assert drawn.shape == (EXACT, 9) and drawn[0].tolist() == list(range(9))
    assert all(len(set(half)) == 9 for half in drawn.tolist()) and drawn.min() == 0
    assert drawn.max() == 17 and np.bincount(drawn.ravel()).min() > 0.45 * EXACT


def test_the_seed_decides_what_is_drawn_and_the_drawn_p_is_near_the_counted_one(monkeypatch):
    rng = np.random.default_rng(2)
    words = [f"w{i}" for i in range(18)]
    vectors = keyed_vectors(words, rng.normal(size=(18, 5)).astype(np.float32))
    given = (words[:7], words[7:14]), (words[14:16], words[16:])
    counted = association_test(vectors, *given)
    assert counted == association_test(vectors, *given, seed=5)
    assert counted.splits == math.comb(14, 7) and 0.05 < counted.p < 0.95
    monkeypatch.setattr(probes, "EXACT", 3000)
    drawn = [association_test(vectors, *given, seed=seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] and drawn[0].p != drawn[2].p
    for one in drawn:
        assert one.effect == counted.effect and one.splits == 3000
        assert one.p == pytest.approx(counted.p, abs=4 * math.sqrt(0.25 / 3000))


def test_a_drawn_p_is_never_zero():
    words = {f"x{i}": i for i in range(12)} | {f"y{i}": 90 - i for i in range(12)}
    vectors = turned(**words, a=0, b=90)
    targets = [[w for w in words if w[0] == side] for side in "xy"]
    found = association_test(vectors, targets, (["a"], ["b"]))
    assert found.splits == EXACT and found.p == 1 / EXACT


def test_names_and_careers_in_glove(glove):
    found = association_test(glove, (MALE, FEMALE), (CAREER, FAMILY))
    effect, p, splits = by_hand(glove, (MALE, FEMALE), (CAREER, FAMILY))
    assert found.effect == pytest.approx(effect, abs=1e-6) == pytest.approx(1.71, abs=0.005)
    assert found.p == pytest.approx(p) and found.p < 1e-3 and found.splits == splits == 12870


def test_it_is_told_in_one_line():
    told = str(Association(1.7149, 0.000155, 12870))
    assert told == "effect size +1.71, p = 0.000155 of 12,870 splits"
    assert str(Association(-0.5, 0.25, 6)) == "effect size -0.50, p = 0.25 of 6 splits"
