"""Behaviour tests: small changes to test examples that should not change what a model says of them."""

from nlp_rnn.evaluation.behaviour.cases import Case, make
from nlp_rnn.evaluation.behaviour.check import Outcome, check

__all__ = ["Case", "Outcome", "check", "make"]
