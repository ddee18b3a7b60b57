import zlib

import numpy as np

from nlp_rnn.text import subwords


def test_ids_are_those_of_the_n_grams_of_the_edged_form_in_lower_case() -> None:
    pieces = ["<a", "ab", "b>", "<ab", "ab>", "<ab>"]
    assert subwords.ids("aB", 1000) == tuple(1 + zlib.crc32(piece.encode()) % 999 for piece in pieces)
    assert subwords.ids("", 1000) == ()


def test_ids_leave_zero_to_padding_and_stay_below_the_number_of_buckets() -> None:
    found = subwords.table(["", "Ann", "antidisestablishmentarianism", "\ud800", "上"], 7)
    assert found.shape == (5, 21 + 20 + 19 + 18)  # a long form is cut
    assert (found.min(), found.max()) == (0, 6)
    assert not found[0].any()
    assert np.count_nonzero(found[1]) == 4 + 3 + 2 + 1
    assert not found[1][10:].any()


def test_words_that_share_letters_share_ids() -> None:
    running, jogging, runner = (set(subwords.ids(word, 2**20)) for word in ("running", "jogging", "runner"))
    assert running & runner > running & jogging & runner
    assert len(running & jogging) >= 6  # ing>, with all that is in it
