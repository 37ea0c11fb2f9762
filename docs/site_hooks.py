"""What the site does with files outside docs/: some are pages of it, and links to the others become their names.

A link in a page is relative to the page's own place in the repository, so that it works there as well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Pages of the site that lie at the root of the repository.
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"\[(?P<text>[^\]\[]*)\]\((?P<path>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Adds the root's pages."""
    for name in ROOT_PAGES:
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def _target(link: re.Match[str], page: Path) -> str:
    text, path, anchor = link["text"], link["path"], link["anchor"] or ""
    target = (page.parent / path).resolve()
    if not target.exists() or ROOT not in target.parents:
        raise PluginError(f"{page.relative_to(ROOT)} links to {path}, which is not there")
    if target.parent == ROOT and target.name in ROOT_PAGES:
        return f"[{text}]({target.name}{anchor})"
    if DOCS in target.parents:
        return f"[{text}]({os.path.relpath(target, DOCS)}{anchor})"
    name = str(target.relative_to(ROOT))
    return f"`{name}`" if target.name in text else f"{text} (`{name}`)"


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Links as the site has them, where all pages lie in one folder. Raises PluginError for a file that is not there."""
    source = Path(page.file.abs_src_path)
    parts = _FENCED.split(markdown)
    parts[::2] = [_LINK.sub(lambda link: _target(link, source), prose) for prose in parts[::2]]
    return "".join(parts)
