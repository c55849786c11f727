"""A parsed page or mail: its text, its tags with attributes; tags that don't balance raise."""

from html.parser import HTMLParser

_EMPTY = frozenset({"meta", "br", "hr", "img", "input", "link", "base"})


class Markup(HTMLParser):
    """Raises ValueError if a tag is closed that is not the last one opened, or stays open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self._text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f"left open: {self._open}")

    @property
    def text(self) -> str:
        """The visible text in one line."""
        return " ".join("".join(self._text).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each tag with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append(tag)
        if tag in ("br", "p", "td"):
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing, at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if not {"style", "script", "title"} & set(self._open):
            self._text.append(data)
