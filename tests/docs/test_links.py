"""Links in Markdown lead to files and headings that are there."""

import re
from pathlib import Path

import pytest

from tests.integration.test_cli import ROOT

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/[!_]*.md"),
        *ROOT.glob("docs/[!_]*/**/*.md"),
        *ROOT.glob("experiments/**/*.md"),
    ]
)
LINK = re.compile(r"(?:\]\(|\bsrc=\")([^)\s\"]+)")
FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def links(page: Path) -> list[str]:
    """What a page links to within the repository."""
    text = CODE.sub("", FENCE.sub("", page.read_text()))
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and Sphinx give to headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_links_are_found() -> None:
    found = {str(page.relative_to(ROOT)): links(page) for page in PAGES}
    assert "docs/data.md#your-own-images" in found["README.md"]
    assert "docs/demo-edits.png" in found["README.md"]
    assert "strength-and-audit.md" in found["docs/index.md"]
    assert "your-own-images" in anchors(ROOT / "docs/data.md")
