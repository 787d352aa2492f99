"""What is reused, and its frozen forward pass."""

from tlhelpers.models.backbones import Transform, load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.contextual import attention_weights, split_words, word_layers, word_vector
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import pooled
from tlhelpers.models.features import extract_features, extract_layers, raw_pixels
from tlhelpers.models.heads import linear_head, nearest_neighbours, new_linear_head, new_tfidf_head
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.precision import row_cosine
from tlhelpers.models.probes import analogy, analogy_questions, answer_questions, association_test
from tlhelpers.models.small import SmallCNN
from tlhelpers.models.text_features import encode, encode_layers
from tlhelpers.models.vector_files import keyed_vectors, load_vectors
from tlhelpers.models.word2vec import train_word2vec
from tlhelpers.models.words import coverage, document_vectors, tokens

__all__ = [
    "Classifier",
    "SmallCNN",
    "Transform",
    "analogy",
    "analogy_questions",
    "answer_questions",
    "association_test",
    "attention_weights",
    "coverage",
    "document_vectors",
    "encode",
    "encode_layers",
    "extract_features",
    "extract_layers",
    "keyed_vectors",
    "layer_groups",
    "linear_head",
    "load_backbone",
    "load_encoder",
    "load_vectors",
    "nearest_neighbours",
    "new_linear_head",
    "new_tfidf_head",
    "pooled",
    "raw_pixels",
    "row_cosine",
    "split_words",
    "tokens",
    "train_word2vec",
    "word_layers",
    "word_vector",
]
