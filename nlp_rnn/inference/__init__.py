"""Prediction with nothing but onnxruntime, NumPy and tokenizers."""

from nlp_rnn.inference.loading import load
from nlp_rnn.inference.package import PackageError
from nlp_rnn.inference.predictor import Predictor

__all__ = ["PackageError", "Predictor", "load"]
