"""The text part of a message that was written in HTML only."""

from html.parser import HTMLParser

BLOCKS = {"p", "div", "br", "h1", "h2", "h3", "li", "tr", "table", "ul", "ol"}
UNSEEN = {"style", "script", "head", "title"}


def as_text(html: str) -> str:
    """The words of a page, a line for each block, each link followed by its address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).splitlines()]
    return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen -= 1
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "a" and self._link:
            self.parts.append(f" ({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)
