"""Has axe look at a page: what people with other eyes, ears or hands could not use.

axe-core comes with the page's build tools (streamproc/web/page/node_modules).
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

import streamproc.web

SCRIPT = Path(streamproc.web.__file__).parent / "page" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  const at = (nodes) => nodes.map(({target}) => target.join(" "));
  return found.violations.map(({id, impact, help, nodes}) => ({id, impact, help, at: at(nodes)}));
}"""


async def axe(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds wrong, its slight remarks too: id, impact, help, and where (selectors)."""
    if not SCRIPT.is_file():
        pytest.skip("axe-core is not installed; run `make page`")
    # Evaluated by the debugger, which the page's policy against inline scripts does not hold for.
    await page.evaluate(SCRIPT.read_text("utf-8"))
    found: list[dict[str, Any]] = await page.evaluate(_RUN)
    return found
