"""Helpers of the course "Transfer Learning, Measured"."""

__version__ = "0.1.0"
