"""Which cell to choose: scores, time, and how far back each one learns, on the same sets with one recipe."""
