"""Texts as words: cut, counted among those of some vectors, averaged."""

import re
import unicodedata
import warnings

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.texts import load_sentiment
from tlhelpers.models.embedding import WordIds
from tlhelpers.models.vector_files import keyed_vectors
from tlhelpers.models.words import composed, coverage, document_vectors, tokens

pytestmark = pytest.mark.usefixtures("one_thread")


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I don't :)", "i do n't :)"),
        ("Can't, WON'T; isn’t!", "ca n't , wo n't ; is n't !"),
        ("it's they've we're she'll I'd I'm", "it 's they 've we 're she 'll i 'd i 'm"),
        ("the don'ts", "the don ' ts"),
        ("the dogs' bowl", "the dogs ' bowl"),
        ("“Well”, he said: ‘no’...", "\" well \" , he said : ' no ' ..."),
        ("the 'red' 'mill'", "the ' red ' ' mill '"),
        ("3.5 of 1,000 at 10:30 on 2024", "3.5 of 1,000 at 10:30 on 2024"),
        ("ends with 5.", "ends with 5 ."),
        ("well-known (yes)", "well - known ( yes )"),
        (":-) ;) =( :D :'( :o) :P :/", ":-) ;) =( :d :'( :o) :p :/"),
        ("fine:) but :( and:", "fine : ) but :( and :"),
        ("see http://a.b/c https://d", "see http : / / a . b / c https : / / d"),
        ("@anna #ok 50% $5", "@ anna # ok 50 % $ 5"),
        ("snake_case __x__", "snake case x"),
        ("Ça va, Ñandú?", "ça va , ñandú ?"),
        ("שלום, עולם! :)", "שלום , עולם ! :)"),
        ("مرحبا بالعالم ١٢٣", "مرحبا بالعالم ١٢٣"),
        ("good👍🏽 day 😀😀", "good 👍 🏽 day 😀 😀"),
        ("👩\u200d👧", "👩 \u200d 👧"),
        ("寿司 スシ", "寿司 スシ"),
        ("e\u0301te\u0301, U\u0308bung!", "été , übung !"),
        (unicodedata.normalize("NFD", "Tiếng Việt ở đây"), "tiếng việt ở đây"),
        ("नमस्ते हिन्दी। क्या?", "नमस्ते हिन्दी । क्या ?"),
        ("ที่นี่ ภาษาไทย!", "ที่นี่ ภาษาไทย !"),
        ("வணக்கம் தமிழ்", "வணக்கம் தமிழ்"),
        ("שָׁלוֹם עֲלֵיכֶם", "שָׁלוֹם עֲלֵיכֶם"),
        ("İstanbul'da", "i̇stanbul ' da"),  # the words are GloVe's own
        ("می\u200cخواهم \u200c", "می\u200cخواهم \u200c"),
        ("ക്\u200d ക്\u200dഷ", "ക്\u200d ക്\u200dഷ"),
        ("नहीं:) :)", "नहीं : ) :)"),
        ("\U00011013\U00011038 𑀅", "\U00011013\U00011038 𑀅"),  # Brahmi, beyond 16 bits
        ("❤\ufe0f 1\u20e3 \u0301", "❤ \ufe0f 1 \u20e3 \u0301"),
        ("", ""),
        (" \t\n\xa0", ""),
    ],
)
def test_texts_are_cut_as_the_texts_of_glove_were(text, wanted):
    assert tokens(text) == wanted.split(" ") * bool(wanted)


def test_the_parts_of_contractions_are_words_of_glove(glove):
    text = "I can't, won't and didn't; it's what they've said, we're sure he'll go, I'd go, I'm in"
    assert all(word in glove for word in tokens(text))
    assert not any(word in glove for word in ("can't", "didn't", "they've", "we're"))


def test_capitals_are_kept_if_asked_for():
    assert tokens("I DON'T Like NASA’s :D", lower=False) == [
        *("I", "DO", "N'T", "Like", "NASA", "'s", ":D")
    ]


@pytest.mark.parametrize("text", ["http://x", "ftp://x (https://y)", "HTTP://X", "é://x"])
def test_no_emoticon_lies_in_an_address(text):
    assert not any(re.fullmatch(r"[:;=].*[/)]", token) for token in tokens(text))


any_text = st.one_of(
    st.text(),
    st.text(alphabet=st.sampled_from("aA n'tT’`:;=-)(/.3,8 _\"“dpİßΣς\n")),
    st.text(alphabet=st.characters(blacklist_categories=[])),  # half surrogates too
)


def without_gaps(text):
    """What must be there again: quotes folded, small letters, no spaces and underscores."""
    for sign, plain in {"’": "'", "‘": "'", "“": '"', "”": '"'}.items():
        text = text.replace(sign, plain)
    return re.sub(r"[\s_]", "", composed(composed(text).lower()))


@pytest.mark.parametrize("piece", ["\u0301", "\u0316\u034e", "\u0316\u200d\u200db", "\u0316n't"])
def test_a_word_under_a_heap_of_marks_is_cut_at_once(piece):
    """Each mark once doubled the time: sixty of them, and it never ended."""
    text = "n" + piece * 500
    assert "".join(tokens(text)) == without_gaps(text)


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_no_sign_of_any_text_is_lost_or_moved(text):
    found = tokens(text)
    assert "".join(found) == without_gaps(text)
    assert all(token and not re.search(r"\s", token) for token in found)


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_keeping_capitals_changes_letters_only(text):
    small, kept = tokens(text), tokens(text, lower=False)
    assert len(kept) == len(small)
    # Σ has two small letters, by its place in the word.
    assert [w.lower().replace("ς", "σ") for w in kept] == [w.replace("ς", "σ") for w in small]
    # İ is the one letter with a longer small form; a text that holds it comes in small letters.
    if "İ" not in text:
        shown = composed(text.translate(str.maketrans("’‘“”", "''\"\"")))
        assert "".join(kept) == re.sub(r"[\s_]", "", shown)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(categories=["Ll"]), min_size=1), max_size=6))
def test_words_with_spaces_between_are_those_words(words):
    words = [unicodedata.normalize("NFC", word) for word in words]
    assert tokens(" ".join(words)) == words


scripts = st.text(
    st.one_of(
        st.characters(categories=["L", "M"]), st.sampled_from("aé\u0301\u0323ักन्दी\u200c\u200d")
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(scripts, st.booleans())
def test_a_text_is_the_same_in_every_form_of_its_signs(text, lower):
    found = tokens(text, lower)
    assert found == tokens(unicodedata.normalize("NFD", text), lower)
    assert found == tokens(unicodedata.normalize("NFC", text), lower)
    assert all(unicodedata.is_normalized("NFC", word) for word in found)


@settings(max_examples=25, deadline=None)
@given(scripts)
def test_marks_stay_with_their_letter(text):
    text = unicodedata.normalize("NFC", f"a{text}".replace("\u200c", "").replace("\u200d", ""))
    assert tokens(text, lower=False) == [text] or "İ" in text


def test_words_of_languages_with_marks_are_words_of_glove(glove):
    assert all(word in glove for word in tokens("İstanbul, İzmir के में"))


# ---------------------------------------------------------------- coverage


DECOMPOSED = "U\u0308bung macht den Meister, e\u0301te\u0301"


def test_accents_written_apart_cost_no_coverage():
    words = ["übung", "macht", "den", "meister", ",", "été"]
    vectors = keyed_vectors(words, np.eye(6, dtype=np.float32))
    found = coverage(vectors, [DECOMPOSED])
    assert (found.tokens, found.known, found.unknown) == (6, 6, {})
    np.testing.assert_allclose(document_vectors(vectors, [DECOMPOSED]), np.full((1, 6), 1 / 6))
    own = coverage(vectors, [DECOMPOSED.lower()], str.split)
    assert own.unknown == {"meister,": 1}, "also what another way to cut leaves apart"


def test_vectors_whose_own_words_are_written_apart_are_found():
    apart = unicodedata.normalize("NFD", "übung")
    vectors = KeyedVectors(2)  # as gensim reads a file
    vectors.add_vectors([apart, "a"], np.float32([[1, 2], [3, 4]]))
    assert coverage(vectors, ["Übung", DECOMPOSED[:7]]).share == 1
    np.testing.assert_array_equal(document_vectors(vectors, ["Übung"]), [[1, 2]])
    ours = keyed_vectors([apart, "a"], np.float32([[1, 2], [3, 4]]))
    assert ours.index_to_key == ["übung", "a"]


def test_two_forms_of_one_word_both_keep_their_vectors():
    apart = unicodedata.normalize("NFD", "é")
    for words in (["é", apart], [apart, "é"]):
        assert keyed_vectors(words, np.eye(2, dtype=np.float32)).index_to_key == words
    angstroms = ["\u212b", "A\u030a"]  # neither is in the form NFC
    assert keyed_vectors(angstroms, np.eye(2, dtype=np.float32)).index_to_key == [
        "\u00c5",
        "A\u030a",
    ]


def test_a_weight_counts_for_its_word_in_each_form():
    vectors = keyed_vectors(["é", "a"], np.eye(2, dtype=np.float32))
    for key in ("é", "e\u0301"):
        found = document_vectors(vectors, ["é a"], weights={key: 3})
        np.testing.assert_allclose(found, [[0.75, 0.25]])


def test_coverage_equals_a_count_by_hand(five):
    found = coverage(five, ["Good good film!", "awful awful plot", "", "It's bad, bad plot"])
    # good good film ! | awful awful plot | - | it 's bad , bad plot
    assert (found.tokens, found.known) == (13, 7)
    assert found.unknown == {"awful": 2, "plot": 2, "it": 1, ",": 1}
    assert found.without.tolist() == [1, 2]
    assert found.share == 7 / 13
    assert str(found) == (
        "7 of 13 words known (53.8%), 2 texts without any; unknown: awful ×2, plot ×2, it ×1, , ×1"
    )


def test_coverage_of_nothing_is_zero_and_of_all_is_one(five):
    none = coverage(five, [])
    assert (none.tokens, none.known, none.share, none.unknown) == (0, 0, 0.0, {})
    assert none.without.shape == (0,)
    every = coverage(five, ["good bad"])
    assert every.share == 1 and str(every).endswith("0 texts without any; unknown: none")


def test_the_most_frequent_unknown_words_come_first_and_eight_are_shown(five):
    found = coverage(five, [" ".join(f"{chr(97 + i)}x " * (i + 1) for i in range(10))])
    assert list(found.unknown)[:2] == ["jx", "ix"]
    assert str(found).count("×") == 8 and "jx ×10" in str(found)


def test_coverage_takes_another_way_to_cut(five):
    assert coverage(five, ["good-bad"], lambda text: text.split("-")).known == 2


def test_capitals_cost_coverage(glove):
    texts = load_sentiment("tweets").texts[:200]
    small = coverage(glove, texts)
    raw = coverage(glove, texts, lambda text: tokens(text, lower=False))
    assert small.tokens == raw.tokens and raw.share < small.share - 0.05 and small.share > 0.95


# ---------------------------------------------------------------- means


def test_a_mean_equals_a_closed_form(five):
    found = document_vectors(five, ["good bad", "Film film!", "the good"])
    # (1,0)+(0,2) over 2; twice (-1,4) and (3,3) over 3; the unknown word does not count
    np.testing.assert_allclose(found, [[0.5, 1], [1 / 3, 11 / 3], [1, 0]], rtol=1e-6)
    assert found.dtype == np.float32


def test_a_weighted_mean_equals_a_closed_form(five):
    weights = {"good": 3, "film": 0, "absent": 5}
    found = document_vectors(five, ["good bad", "film bad", "bad !"], weights=weights)
    np.testing.assert_allclose(found, [[3 / 4, 2 / 4], [0, 2], [1.5, 2.5]], rtol=1e-6)


def test_texts_without_a_known_word_get_zeros_and_one_warning(five):
    with pytest.warns(UserWarning, match="2 of 3 texts hold no known word, the first is text 0"):
        found = document_vectors(five, ["", "good", "what else"])
    np.testing.assert_array_equal(found, [[0, 0], [1, 0], [0, 0]])


def test_a_text_whose_words_all_weigh_nothing_counts_as_empty(five):
    with pytest.warns(UserWarning, match="1 of 2 texts hold no known word"):
        found = document_vectors(five, ["good", "bad"], weights={"good": 0.0})
    np.testing.assert_array_equal(found, [[0, 0], [0, 2]])


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(five, weight):
    with pytest.raises(ValueError, match="the weight of 'bad' must be 0 or more"):
        document_vectors(five, ["good bad"], weights={"bad": weight})


def test_no_texts_give_no_rows_and_no_warning(five):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert document_vectors(five, []).shape == (0, 2)
        assert document_vectors(five, ["good"]).shape == (1, 2)


@pytest.mark.parametrize(
    "use",
    [
        coverage,
        document_vectors,
        lambda _, texts: WordIds.of(texts),
        lambda _, t: WordIds(["a"])(t),
    ],
    ids=["coverage", "means", "words", "ids"],
)
def test_what_is_no_list_of_texts_is_refused(five, use):
    for texts, message in [
        (["good", None], "text 1 is None: leave missing texts out"),
        ([float("nan")], "text 0 is nan"),
        ([b"good"], "text 0 is b'good'"),
        ("good bad", "give a list of texts, not one text"),
    ]:
        with pytest.raises(ValueError, match=message):
            use(five, texts)


def test_texts_that_can_be_gone_through_only_once_are_not_lost(five):
    texts = ["good film", "bad"]
    assert coverage(five, iter(texts)).known == 3
    assert WordIds.of(iter(texts)).words == ["good", "film", "bad"]
    assert WordIds(iter(["x", "y"])).words == ["x", "y"]
    np.testing.assert_array_equal(
        document_vectors(five, iter(texts)), document_vectors(five, np.array(texts))
    )


shares = st.floats(0.1, 10)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["good", "bad", "film", "!", "'s", "else"])),
    st.fixed_dictionaries({"good": shares, "bad": shares, "else": shares}, optional={"!": shares}),
)
def test_means_equal_those_of_numpy(five, words, weights):
    text = " ".join(["good", *words])
    known = [word for word in ["good", *words] if word != "else"]
    rows = np.array([five[word] for word in known], dtype=float)
    np.testing.assert_allclose(document_vectors(five, [text])[0], rows.mean(axis=0), atol=1e-5)
    each = np.array([[weights.get(word, 1)] for word in known])
    found = document_vectors(five, [text], weights=weights)[0]
    np.testing.assert_allclose(found, (rows * each).sum(axis=0) / each.sum(), atol=1e-5)


def test_a_quiet_call_gives_the_same_without_a_warning(recwarn):
    vectors = keyed_vectors(["good"], np.ones((1, 2), dtype=np.float32))
    found = document_vectors(vectors, ["good", "kayak"], quiet=True)
    assert found.tolist() == [[1, 1], [0, 0]] and not len(recwarn)
