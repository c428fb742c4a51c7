"""Checks a built site as a browser meets it: every link in it leads somewhere, and nothing is loaded from outside.

`python -m website.links build/site` prints what is wrong and ends with 1 then.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("video", "src")}


class Page(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Notes ids, links and what is loaded."""
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        loads = [values[key] for kind, key in LOADED if kind == tag and values.get(key)]
        if tag == "link" and values.get("href") and values.get("rel") not in ("canonical", "prev", "next"):
            loads.append(values["href"])
        self.loads += loads
        self.links += loads
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])


def wrong(site):
    """Lists what is wrong with a site, a line each.

    Args:
        site: its folder.
    """
    pages = {file.resolve(): Page(file.read_text(encoding="utf-8")) for file in sorted(Path(site).rglob("*.html"))}
    found = []
    for file, page in pages.items():
        name = file.relative_to(Path(site).resolve())
        found += [f"{name}: loads {url} from outside" for url in page.loads if urlsplit(url).netloc]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            address, anchor = urldefrag(link)
            target = (file.parent / unquote(urlsplit(address).path)).resolve() if address else file
            if name.name == "404.html":
                continue  # is served at any depth, its links begin at the site's root
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                found.append(f"{name}: {link} leads nowhere")
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                found.append(f"{name}: {link} names no place of that page")
    return found


def main():
    """Checks the site that the first word names."""
    found = wrong(sys.argv[1])
    print("\n".join(found) or f"{sys.argv[1]}: every link leads somewhere, nothing is loaded from outside")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
