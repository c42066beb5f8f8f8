"""The report as Markdown, for pull requests."""

from bench_tools import page, sections


def _escape(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def _row(cells):
    texts = [
        f"{cell[0]} {' '.join(cell[2:])}".strip()
        if isinstance(cell, list)
        else cell
        for cell in cells
    ]
    return "| " + " | ".join(_escape(text) for text in texts) + " |"


def _table(table):
    lines = [_row(table["head"]), "|" + "---|" * len(table["head"])]
    return lines + [_row(row) for row in table["rows"]]


def _details(view, title):
    label = _escape(view["label"] or title)
    return [
        f"<details><summary>{label}</summary>",
        "",
        *_table(view["table"]),
        "",
        "</details>",
        "",
    ]


def render(result, before=None):
    """The text of a result, compared with an earlier one if there is. The
    first view of each section is open, and the others are folded."""
    lines = ["## Benchmarks", ""]
    for name, text in page.environment_rows(result["environment"]):
        lines.append(f"- {name}: {text}")
    for note in result.get("left_out", []):
        lines.append(f"- Not measured: {note}")
    lines.append("")
    for section in sections.build(result, before):
        first, *others = section["views"]
        lines += [f"### {section['title']}", ""]
        for line in section["text"]:
            lines += [_escape(line), ""]
        if first["label"]:
            lines += [f"{_escape(first['label'])}:", ""]
        lines += [*_table(first["table"]), ""]
        for view in others:
            lines += _details(view, section["title"])
    return "\n".join(lines).rstrip() + "\n"
