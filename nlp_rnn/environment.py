"""What this process and every process that it starts find in their environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def quiet() -> None:
    """Switches off the telemetry of every library in use, unless the person has set its switch."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


def own_commands_first() -> None:
    """Puts the folder of this interpreter first on PATH: stages run in a shell that must find `nlp-rnn`."""
    folder = str(Path(sys.executable).parent)
    rest = os.environ.get("PATH", "")
    if rest.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = f"{folder}{os.pathsep}{rest}"
