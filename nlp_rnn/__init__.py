"""Recurrent taggers and classifiers, from text to a promoted model."""

__version__ = "0.1.0"
