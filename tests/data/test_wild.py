"""Drawings in the wild: what a view depends on, what the dials do, what is refused."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.images import choose_emoji, load_emoji, render_cut_out, render_emoji
from tlhelpers.data.photographs import load_photograph
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.wild import label_wild_emoji, load_wild_emoji

FEW = ["bird", "building"]  # 18 and 23 drawings
SIZE = 32
DOG_COLOURS = [[137.7, 123.7, 98.7], [66.3, 78.6, 55.4], [148.0, 138.3, 157.1]]


def load_few(**changes):
    return load_wild_emoji(**{"classes": FEW, "size": SIZE, "views": 2, **changes})


def plain(style="twemoji", **changes):
    return load_emoji(style, FEW, SIZE, "large", **changes)


@pytest.fixture(scope="module")
def wild():
    return load_few()


def difference(one, other) -> np.ndarray:
    """The mean distance of the pixels of each picture."""
    return np.abs(one.pixels.astype(float) - other.pixels).mean(axis=(1, 2, 3))


# What is there ---------------------------------------------------------------------------


def test_all_drawings_are_there_with_four_views_each():
    style = "openmoji"  # the data card's test counts both
    wild = load_wild_emoji(style, size=8)  # so small only for the sake of time
    assert len(wild) == 4 * 722
    assert wild.domain == f"{style} in the wild"
    _, names, labels = choose_emoji(None, "large")
    assert wild.groups.tolist() == np.repeat(names, 4).tolist()
    assert wild.labels.tolist() == np.repeat(labels, 4).tolist()
    assert len(set(wild.fingerprints)) == len(wild)


@pytest.mark.parametrize(("style", "views"), [("twemoji", 1), ("openmoji", 4)])
def test_labels_alone_are_those_of_the_pictures(style, views):
    alone = label_wild_emoji(style, "small", views)
    wild = load_wild_emoji(style, size=8, selection="small", views=views)
    assert alone.labels.tolist() == wild.labels.tolist()
    assert alone.groups.tolist() == wild.groups.tolist()
    assert (alone.class_names, alone.domain) == (wild.class_names, wild.domain)
    assert alone.pixels.shape == (len(wild), 1, 1, 3)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"style": "both"}, "unknown emoji style 'both'"),
        ({"selection": "huge"}, "unknown emoji selection 'huge'"),
        ({"views": 0}, "views must be a whole number from 1 on, got 0"),
    ],
)
def test_labels_of_no_pictures_are_refused_by_name(given_, message):
    with pytest.raises(ValueError, match=message):
        label_wild_emoji(**given_)


def test_views_of_a_drawing_share_its_group_and_label(wild):
    drawings = plain()
    assert len(wild) == 2 * len(drawings) == 2 * (18 + 23)
    assert wild.class_names == FEW
    assert wild.groups.reshape(-1, 2).T.tolist() == 2 * [drawings.groups.tolist()]
    assert wild.labels.reshape(-1, 2).T.tolist() == 2 * [drawings.labels.tolist()]
    assert wild.pixels.shape == (82, SIZE, SIZE, 3)
    assert len(set(wild.fingerprints)) == 82


def test_a_split_puts_the_same_drawings_to_the_test_as_of_the_plain_set(wild):
    drawings = plain()
    for seed in range(3):
        ours, theirs = split_by_group(wild, seed=seed), split_by_group(drawings, seed=seed)
        assert set(wild.groups[ours.test]) == set(drawings.groups[theirs.test])
        assert not set(wild.groups[ours.test]) & set(wild.groups[ours.train])
        assert len(ours.test) == 2 * len(theirs.test)


# What a view depends on ------------------------------------------------------------------


def test_one_seed_gives_one_set_and_another_seed_another(wild):
    assert load_few().fingerprint == wild.fingerprint
    assert not set(load_few(seed=1).fingerprints) & set(wild.fingerprints)


@pytest.mark.parametrize(
    "fewer",
    [
        {"views": 1},
        {"classes": ["building", "bird"]},
        {"classes": ["building", "plant"]},
        {"classes": FEW, "selection": "small"},
    ],
    ids=["views", "order of classes", "other classes", "other selection"],
)
def test_a_view_does_not_depend_on_what_is_loaded_beside_it(wild, fewer):
    part = load_few(**fewer)
    names_of = dict(zip(wild.fingerprints, wild.groups, strict=True))
    shared = [group in set(wild.groups) for group in part.groups]
    assert sum(shared) >= 20
    for is_shared, print_, group in zip(shared, part.fingerprints, part.groups, strict=True):
        assert names_of.get(print_) == (group if is_shared else None)


def test_fewer_views_are_the_first_of_more(wild):
    more = load_few(views=5)
    first = np.arange(len(more)) % 5 < 2
    np.testing.assert_array_equal(more.pixels[first], wild.pixels)


def test_both_styles_are_seen_in_the_same_way(wild):
    """Where neither style draws, in the corners, the same photograph shows in the same light."""
    other = load_few(style="openmoji")
    assert not set(other.fingerprints) & set(wild.fingerprints)
    same = (other.pixels == wild.pixels).all(axis=3)
    assert np.median(same.mean(axis=(1, 2))) > 0.5


def test_both_styles_at_once_are_the_one_behind_the_other(wild):
    both, other = load_few(style="both"), load_few(style="openmoji")
    np.testing.assert_array_equal(both.pixels, np.concatenate([wild.pixels, other.pixels]))
    assert both.groups.tolist() == 2 * wild.groups.tolist()
    assert both.labels.tolist() == 2 * wild.labels.tolist()
    assert both.domain == "twemoji in the wild and openmoji in the wild"


# The dials -------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["twemoji", "openmoji"])
def test_with_the_dials_at_zero_every_view_is_the_plain_drawing(style):
    views = load_few(style=style, clutter=0, views=3)
    drawings = plain(style)
    apart = views.pixels.reshape(-1, 3, SIZE, SIZE, 3).astype(int) - drawings.pixels[:, None]
    assert abs(apart).max() <= 6  # opacity is rounded once more
    assert abs(apart).mean() < 0.1
    assert load_few(style=style, clutter=0, variation=0, views=3).fingerprint == views.fingerprint


def test_drawings_keep_their_place_where_only_the_clutter_is_turned_up():
    drawings, views = plain(), load_few(clutter=1, variation=0, views=1)
    drawn = np.stack([render_cut_out(name, "twemoji", SIZE)[..., 3] for name in views.groups])
    opaque, clear = drawn == 255, drawn == 0
    np.testing.assert_allclose(
        views.pixels[opaque].astype(int), drawings.pixels[opaque].astype(int), atol=1
    )
    assert (views.pixels[clear] == 255).all(axis=1).mean() < 0.05


def test_half_the_clutter_is_half_photograph_half_white():
    none, half, full = (
        load_few(clutter=clutter, variation=0, views=1).pixels.astype(float)
        for clutter in (0, 0.5, 1)
    )
    assert abs(half - (none + full) / 2).max() <= 4


def test_without_clutter_drawings_move_on_one_colour():
    moved = load_few(clutter=0, variation=1)
    for picture in moved.pixels[::7]:
        _, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
        assert counts.max() > 0.2 * SIZE**2  # the background, white in a light of its own
    assert (difference(moved, load_few(clutter=0)) > 5).all()


@pytest.mark.parametrize("dial", ["clutter", "variation"])
def test_a_dial_that_is_turned_further_leads_further_away(dial):
    rest = {"clutter": 0.0, "variation": 0.0}
    start = load_few(**rest)
    apart = [difference(load_few(**{**rest, dial: value}), start).mean() for value in (0.1, 0.4, 1)]
    assert 0 < apart[0] < apart[1] < apart[2]


def test_variation_follows_the_clutter_when_it_is_left_out(wild):
    assert load_few(clutter=1, variation=1).fingerprint == wild.fingerprint
    both, one = load_few(clutter=0.3, variation=0.3), load_few(clutter=0.3)
    assert both.fingerprint == one.fingerprint
    assert load_few(clutter=0.3, variation=0).fingerprint != one.fingerprint


@settings(max_examples=10, deadline=None)
@given(
    clutter=st.floats(0, 1), variation=st.floats(0, 1), seed=st.integers(0, 2**40),
    size=st.integers(1, 24),
)  # fmt: skip
def test_any_setting_gives_pictures_that_are_given_again(clutter, variation, seed, size):
    given_ = {"clutter": clutter, "variation": variation, "seed": seed, "size": size, "views": 1}
    one, again = load_few(**given_), load_few(**given_)
    assert one.pixels.shape == (41, size, size, 3)
    assert one.fingerprint == again.fingerprint


def test_one_photograph_alone_gives_other_backgrounds_to_the_same_views():
    china, flower = (load_few(photographs=name) for name in ("china", "flower"))
    assert china.fingerprint == load_few(photographs=["china"]).fingerprint
    assert not set(china.fingerprints) & set(flower.fingerprints)
    mixed = set(load_few().fingerprints)
    assert len(mixed & set(china.fingerprints)) + len(mixed & set(flower.fingerprints)) == len(
        mixed
    )
    assert min(len(mixed & set(one.fingerprints)) for one in (china, flower)) > 20


@pytest.mark.parametrize(("name", "other"), [("china", "flower"), ("flower", "china")])
def test_the_background_has_the_colours_of_its_photograph(name, other):
    views = load_few(photographs=name, variation=0, views=4)
    clear = [render_cut_out(group, "twemoji", SIZE)[..., 3] == 0 for group in views.groups]
    seen = views.pixels[np.array(clear)].mean(axis=0)
    own, foreign = (np.asarray(load_photograph(one)).mean(axis=(0, 1)) for one in (name, other))
    assert abs(seen - own).max() < 30 < 50 < abs(seen - foreign).max()


def test_views_stay_as_they_are_since_stored_tables_rest_on_them():
    views = load_wild_emoji("twemoji", ["mammal", "bird"], 24, views=3)
    dog = views.pixels[views.groups == "dog2"].mean(axis=(1, 2))
    np.testing.assert_allclose(dog, DOG_COLOURS, atol=1.5)


def test_a_drawing_on_white_is_its_cut_out():
    for name in ("dog2", "mosque", "fog"):
        cut_out = render_cut_out(name, "openmoji", 48).astype(float)
        opacity = cut_out[..., 3:] / 255
        on_white = opacity * cut_out[..., :3] + (1 - opacity) * 255
        assert abs(on_white - render_emoji(name, "openmoji", 48)).max() <= 3
        assert {0.0, 255.0} <= set(cut_out[..., 3].ravel())


# What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"clutter": 1.01}, r"clutter must be a number from 0 to 1, got 1\.01"),
        ({"clutter": -0.1}, "clutter must be a number from 0 to 1"),
        ({"clutter": float("nan")}, "clutter must be a number from 0 to 1, got nan"),
        ({"clutter": "full"}, "clutter must be a number from 0 to 1, got 'full'"),
        ({"clutter": True}, "clutter must be a number from 0 to 1, got True"),
        ({"clutter": None}, "clutter must be a number from 0 to 1, got None"),
        ({"variation": 2}, "variation must be a number from 0 to 1, got 2"),
        ({"views": 0}, "views must be a whole number from 1 on, got 0"),
        ({"views": 1.5}, "views must be a whole number from 1 on"),
        ({"size": 0}, "size must be a whole number from 1 on"),
        ({"seed": -1}, "seed must be a whole number from 0 on, got -1"),
        ({"seed": 0.5}, "seed must be a whole number from 0 on"),
        ({"style": "twemojo"}, "unknown emoji style 'twemojo': did you mean twemoji"),
        ({"selection": "huge"}, "unknown emoji selection 'huge'.*known: small, large"),
        ({"classes": ["brid", "building"]}, "large selection 'brid': did you mean bird"),
        ({"classes": ["bird"]}, "at least two classes"),
        ({"photographs": "chine"}, "unknown photograph 'chine': did you mean china"),
        ({"photographs": ["china", "rose"]}, "unknown photograph 'rose'"),
        ({"photographs": []}, "photographs are empty: name at least one of china, flower"),
        ({"photographs": None}, "unknown photograph None"),
        ({"photographs": 2}, "unknown photograph 2"),
        ({"classes": "bird"}, "classes must be a list of at least two classes, got 'bird'"),
    ],
)
def test_what_makes_no_views_is_refused_by_name(given_, message):
    with pytest.raises(ValueError, match=message):
        load_few(**given_)


def test_pixels_are_shared_while_somebody_has_them_and_forgotten_after():
    one = load_few(seed=77)
    owner = weakref.ref(one.pixels.base)
    assert np.shares_memory(load_few(seed=77).pixels, one.pixels)
    assert not np.shares_memory(load_few(seed=78).pixels, one.pixels)
    first = one.fingerprint
    del one
    gc.collect()
    assert owner() is None
    assert load_few(seed=77).fingerprint == first


def test_shared_pixels_cannot_be_written_to():
    pixels = load_few(seed=77).pixels
    for array in (pixels, pixels.base):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
