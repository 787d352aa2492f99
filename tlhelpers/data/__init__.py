"""What a learner loads: pictures, texts, splits."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "cased_words": "load_cased_words",
        "digit_frames": "put_in_frame",
        "folders": "load_folder",
        "images": "load_digits_pair load_emoji",
        "photograph_sets": "load_photographs",
        "photographs": "photograph_crops",
        "picture_files": "open_pictures",
        "sentence_pairs": "load_article_pairs",
        "splits": "chance draw_labels duplicates_across majority split_by_group",
        "text_files": "open_texts",
        "texts": "Newsgroups load_equal_domains load_senses load_sentiment",
        "wild": "load_wild_emoji",
    },
)
