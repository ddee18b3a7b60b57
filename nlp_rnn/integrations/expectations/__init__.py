"""Great Expectations, behind one function (:func:`.validation.validate`): is this data fit to train on?"""

import os

# Read when the library is imported, which the modules of this package do.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
