"""What is reused, and its frozen forward pass."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "backbones": "Transform load_backbone",
        "classifier": "Classifier",
        "contextual": "attention_weights split_words word_layers word_vector",
        "encoder_loading": "load_encoder",
        "encoders": "pooled",
        "features": "extract_features extract_layers raw_pixels",
        "heads": "linear_head nearest_neighbours new_linear_head new_tfidf_head",
        "layers": "layer_groups",
        "masked_words": "MaskedLM fill_in mask_words measure_guesses",
        "neighbour_counts": "NeighbourCounts",
        "precision": "row_cosine",
        "probes": "analogy analogy_questions answer_questions association_test",
        "skip_gram": "neighbour_pairs train_skip_gram",
        "small": "SmallCNN",
        "text_features": "encode encode_layers encode_pools",
        "vector_files": "keyed_vectors load_vectors",
        "word_features": "cut_words encode_words",
        "word2vec": "train_fasttext train_word2vec",
        "words": "coverage document_vectors tokens",
        "zero_shot": "nearest_description",
    },
)
