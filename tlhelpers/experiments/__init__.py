"""What the course itself computed: stored tables, and slices of them run again."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "cluster_here": "local_cluster",
        "on_cluster": "cluster_calls",
        "running": "rerun",
        "stored": "load_sweep provenance_of",
        "text_topics": "load_topics unlabelled_posts",
        "timings": "load_timings",
    },
)
