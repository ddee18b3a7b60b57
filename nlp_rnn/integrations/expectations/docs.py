"""Data Docs: what was expected and which rows were otherwise, as one page for a person.

Great Expectations' own renderers draw each outcome. Its site around them is not used: it takes styles and
scripts from other hosts, its index stays blank without them, and values get into its pages unescaped.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.renderer.content_block import ValidationResultsTableContentBlockRenderer
from great_expectations.render.view import DefaultJinjaComponentView

LONGEST_SHOWN = 300  # characters of a value
# No script may run and nothing may be loaded, whatever a row of the data says.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ margin-top: 2.5rem; border-bottom: 1px solid #8886; }}
h5 {{ font: 13px ui-monospace, monospace; opacity: .7; margin: 1.2rem 0 .3rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #8883; }}
td table {{ width: auto; margin: .4rem 0; }}
th {{ font-weight: 600; opacity: .7; white-space: nowrap; }}
td {{ overflow-wrap: break-word; }}
i.fas::before {{ font-style: normal; font-weight: 700; }}
i.text-success::before {{ content: "\\2713"; color: #080; }}
i.text-danger::before {{ content: "\\2717"; color: #c00; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
{groups}
</body>
</html>
"""


def build(folder: Path, result: Any, *, name: str, counts: Mapping[str, int]) -> None:
    """Writes the page of a validation result.

    Args:
        folder: where ``index.html`` goes; what it holds is deleted.
        result: Great Expectations' own, with severities, and with ``origin`` in each unexpected index.
        name: the run's.
        counts: examples of each split.
    """
    failed = [one for one in result.results if not one.success]
    errors = [one for one in failed if one.expectation_config.severity == FailureSeverity.CRITICAL]
    groups = {
        "Refused because of": errors,
        "Warnings": [one for one in failed if one not in errors],
        "As expected": [one for one in result.results if one.success],
    }
    page = _PAGE.format(
        title=html.escape(f"{name}: data {'refused' if errors else 'accepted'}"),
        about=f"Checked by Great Expectations {result.meta['great_expectations_version']} at "
        f"{result.meta['validation_time']:%Y-%m-%d %H:%M} UTC: "
        + ", ".join(f"{count:,} examples in {split}" for split, count in counts.items()),
        groups="\n".join(f"<h2>{title}</h2>\n{_draw(ones)}" for title, ones in groups.items() if ones),
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")


def _draw(results: Sequence[Any]) -> str:
    shown = [copy(one) for one in results]
    for one in shown:
        one.result = _harmless(one.result)
        if one.result.get("unexpected_index_list"):
            # Some expectations leave this out; with it, each origin stands beside its value.
            one.result["unexpected_index_column_names"] = ["origin"]
    table = ValidationResultsTableContentBlockRenderer.render(shown).to_json_dict()
    return DefaultJinjaComponentView().render({"content_block": table})


def _harmless(value: Any) -> Any:
    """A copy whose texts mean themselves in HTML and that are not too long to look at."""
    if isinstance(value, dict):
        return {key: _harmless(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_harmless(part) for part in value]
    if not isinstance(value, str):
        return value
    return html.escape(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")
