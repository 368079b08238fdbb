"""A page of a report as tests read it."""

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """What a browser would make of the page: elements, tables as text, pictures."""

    text: str
    tags: list = field(default_factory=list)
    attributes: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    open: list = field(default_factory=list)
    words: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data
        if "style" not in self.open:
            self.words.append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.words).split())

    def table(self, *header):
        """Return the rows of the table whose header begins like this."""
        for rows in self.tables:
            for k, row in enumerate(rows[:2]):
                if tuple(row[: len(header)]) == header:
                    return rows[k + 1 :]
        raise AssertionError(f"no table {header}")

    @property
    def pictures(self):
        sources = [v for tag, name, v in self.attributes if (tag, name) == ("img", "src")]
        prefix = "data:image/svg+xml;base64,"
        assert all(source.startswith(prefix) for source in sources)
        return [base64.b64decode(source.removeprefix(prefix)).decode() for source in sources]

    @property
    def taken(self):
        """Return the files that the page holds, by name."""
        links = [pair for tag, *pair in self.attributes if tag == "a"]
        names = [value for name, value in links if name == "download"]
        held = [v for name, v in links if name == "href" and v.startswith("data:")]
        return {n: base64.b64decode(v.partition(",")[2]) for n, v in zip(names, held, strict=True)}
