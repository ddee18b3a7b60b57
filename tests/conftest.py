"""What all tests share."""

import hypothesis

# Machines that run tests are shared: how long one example takes says nothing of the code.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")
