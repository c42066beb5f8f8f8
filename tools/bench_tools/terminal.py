"""The tables that tools/bench prints at the end."""

from bench_tools import sections


def _text(cell):
    if isinstance(cell, list):
        return f"{cell[0]} {' '.join(cell[2:])}".strip()
    return cell


def _print_table(table):
    rows = [table["head"]] + [
        [_text(cell) for cell in row] for row in table["rows"]
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        first, *others = (cell.rjust(w) for cell, w in zip(row, widths))
        print(first.strip().ljust(widths[0]), *others, sep="  ")


def show(result):
    """Prints the ratios to every peer, for the first setting."""
    for section in sections.build(result):
        if not section["id"].startswith("times-"):
            continue
        view = section["views"][0]
        print(f"\n{section['title']}: {view['label']}\n")
        _print_table(view["table"])
        print()
        for line in section["text"][:2]:
            print(line)
    for note in result.get("left_out", []):
        print(f"not measured: {note}")
