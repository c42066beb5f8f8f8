"""The report as one HTML file without a network."""

import html
import json
import os
import re

from bench_tools import sections, summary
from bench_tools.failure import Failure

CHART_JS = "/usr/share/javascript/chart.js/chart.min.js"

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def _chart_library():
    try:
        library = _read(CHART_JS)
    except OSError as error:
        raise Failure(
            f"cannot open {CHART_JS}: {error.strerror};"
            " install the package libjs-chart.js"
        ) from error
    return library.replace("</script", "<\\/script")


def _text(value):
    return html.escape(str(value))


def _cell(cell, tag="td"):
    text, kind, *note = cell if isinstance(cell, list) else (cell, "")
    classes = f' class="{_text(kind)}"' if kind else ""
    small = f"<br><small>{_text(note[0])}</small>" if note else ""
    return f"<{tag}{classes}>{_text(text)}{small}</{tag}>"


def _table(table, label):
    head = "".join(
        f'<th scope="col">{_text(name)}</th>' for name in table["head"]
    )
    rows = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>'
        + "".join(_cell(cell) for cell in row[1:])
        + "</tr>\n"
        for row in table["rows"]
    )
    return (
        f'<div class="table" tabindex="0" role="region"'
        f' aria-label="{_text(label)}: values"><table>\n<thead><tr>{head}</tr>'
        f"</thead>\n<tbody>\n{rows}</tbody></table></div>"
    )


def _view(view, title, choice, is_first):
    hidden = "" if is_first else " hidden"
    label = view["label"] or title
    caption = (
        f"<figcaption>{_text(view['label'])}</figcaption>"
        if view["label"]
        else ""
    )
    return (
        f'<figure id="{view["id"]}" data-choice="{_text(json.dumps(choice))}"'
        f"{hidden}>{caption}"
        f'<div class="chart"><canvas id="canvas-{view["id"]}" role="img"'
        f' aria-label="{_text(view["chart"]["summary"])}"></canvas></div>'
        f"{_table(view['table'], label)}</figure>\n"
    )


def _size(text):
    """What sorts "16 B" before "4 KiB", and 1,000 before 10,000. Other texts
    keep their order."""
    number = re.fullmatch(r"([0-9,.]+)( B| KiB)?", text)
    if not number:
        return 0
    scale = 1024 if number[2] == " KiB" else 1
    return float(number[1].replace(",", "")) * scale


def _choices(views):
    """The choice of each view, reduced to the fields in which views differ:
    the names of these fields, and a list of texts for each view."""
    names = list(dict.fromkeys(name for v in views for name in v["choice"]))
    columns = {
        name: [view["choice"].get(name, "-") for view in views]
        for name in names
    }
    differing = {n: c for n, c in columns.items() if len(set(c)) > 1}
    return list(differing), [
        [column[i] for column in differing.values()] for i in range(len(views))
    ]


def _selects(names, choices):
    """A list to choose from for each name; the first view is chosen."""
    labels = []
    for field, name in enumerate(names):
        texts = dict.fromkeys(choice[field] for choice in choices)
        options = "".join(
            f"<option{' selected' if text == choices[0][field] else ''}>"
            f"{_text(text)}</option>"
            for text in sorted(texts, key=_size)
        )
        labels.append(f"<label>{_text(name)} <select>{options}</select></label>")
    return f'<div class="choice">{" ".join(labels)}</div>' if labels else ""


def _section(section):
    text = "".join(f"<p>{_text(line)}</p>" for line in section["text"])
    names, choices = _choices(section["views"])
    views = "".join(
        _view(view, section["title"], choice, choice is choices[0])
        for view, choice in zip(section["views"], choices)
    )
    return (
        f'<section id="{section["id"]}"><h2>{_text(section["title"])}</h2>'
        f"{text}{_selects(names, choices)}{views}</section>\n"
    )


def _compiler(environment):
    """The compiler, the flags if they are known, and whether the programs were
    compiled for tests, so that their times say nothing."""
    optimized = environment.get("optimized") or "yes"
    parts = [
        environment["compiler"],
        environment["flags"],
        "" if optimized == "yes" else f"optimized: {optimized}",
    ]
    return ", ".join(part for part in parts if part)


def environment_rows(environment):
    """(name, text) of what describes the machine and the build."""
    modified = ", with local changes" if environment.get("modified") else ""
    memory = environment.get("memory_bytes", 0) / 2**30
    loads = "; ".join(
        ", ".join(f"{load:.1f}" for load in environment[field])
        for field in ("load_average_start", "load_average_end")
    )
    libraries = ", ".join(
        f"{name} {version}"
        for name, version in sorted(environment["libraries"].items())
    )
    rows = [
        ("Date", environment["date"]),
        ("CPU", f"{environment['cpu']}, {environment['cores']} cores"),
        ("Memory", f"{memory:.0f} GiB" if memory else ""),
        ("Kernel", environment["kernel"]),
        ("Compiler", _compiler(environment)),
        ("Commit", environment["commit"] + modified),
        ("Load average, start; end", loads),
        ("Seed", environment.get("seed")),
        ("Libraries", libraries),
    ]
    return [(name, text) for name, text in rows if text not in ("", None)]


def _environment(result, before, left_out):
    rows = dict(environment_rows(result["environment"]))
    olds = dict(environment_rows(before["environment"])) if before else {}
    head = '<tr><th></th><th scope="col">before</th><th scope="col">after</th>'
    lines = [head + "</tr>"] if before else []
    for name, text in rows.items():
        cells = [text]
        if before:
            cells.insert(0, olds.get(name, ""))
        lines.append(
            f'<tr><th scope="row">{_text(name)}</th>'
            + "".join(_cell(str(cell)) for cell in cells)
            + "</tr>"
        )
    table = "\n".join(lines)
    notes = "".join(f"<li>{_text(note)}</li>" for note in left_out)
    if notes:
        notes = f"<p>Not measured:</p><ul>{notes}</ul>"
    return (
        '<section id="environment"><h2>Environment</h2><div class="table">'
        f'<table class="facts">{table}</table></div>{notes}</section>\n'
    )


def _tiles(result):
    """The times that most readers look for, beside the fastest peer."""
    index = summary.Index(result["samples"])
    tiles = []
    for side, operation in (
        ("appcache_memory", "get_hit"),
        ("appcache_memory", "set_over"),
        ("appcache_file", "get_hit"),
        ("appcache_tiered", "get_hit"),
        ("appcache_redis", "get_hit"),
    ):
        for setting in index.settings((side,))[:1]:
            sample = index.find(setting, operation, side)
            if sample:
                tiles.append(_tile(index, setting, sample))
    if not tiles:
        return ""
    return f'<div class="tiles">{"".join(tiles)}</div>\n'


def _tile(index, setting, sample):
    spread = summary.quartiles(summary.time_of(sample))
    peers = []
    for peer in summary.peers_of(sample["side"]):
        theirs = index.find(setting, sample["operation"], peer)
        ratio = theirs and summary.ratio(sample, theirs)
        if ratio:
            peers.append((ratio, peer))
    beside = ""
    if peers:
        ratio, peer = max(peers)
        kind = summary.verdict_text(ratio)
        beside = (
            f'<span class="{kind}">{summary.ratio_text(ratio.median)} times'
            f" {_text(peer)}</span>"
        )
    return (
        f'<div class="tile"><span>{_text(sample["side"])}:'
        f" {_text(summary.label(sample['operation']))}</span>"
        f"<strong>{summary.time_text(spread.median)}</strong>{beside}</div>"
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
<div class="themes" role="group" aria-label="Colours">
<button type="button" data-theme="auto">Auto</button>
<button type="button" data-theme="light">Light</button>
<button type="button" data-theme="dark">Dark</button>
</div>
<nav aria-label="Sections">{links}</nav>
</header>
<main>
<noscript><p>The charts need JavaScript. The tables do not.</p></noscript>
{tiles}{body}</main>
<script id="views" type="application/json">{views}</script>
<script>{library}</script>
<script>
{script}</script>
</body>
</html>
"""


def render(result, before=None):
    """The HTML of a result, compared with an earlier one if there is."""
    parts = sections.build(result, before)
    left_out = result.get("left_out", [])
    views = {
        view["id"]: view["chart"] for part in parts for view in part["views"]
    }
    links = "".join(
        f'<a href="#{part["id"]}">{_text(part["title"])}</a>' for part in parts
    )
    environment = result["environment"]
    commit = environment["commit"][:12]
    return _PAGE.format(
        title="appcache: comparison of two builds"
        if before or result.get("comparison")
        else "appcache: benchmarks",
        subtitle=_text(
            f"{environment['date'][:10]}, {environment['cpu']},"
            f" {environment['cores']} cores"
            + (f", commit {commit}" if commit else "")
        ),
        css=_read(os.path.join(_FOLDER, "report.css")),
        links=links + '<a href="#environment">Environment</a>',
        tiles=_tiles(result),
        body="".join(_section(part) for part in parts)
        + _environment(result, before, left_out),
        # "<" could end the element.
        views=json.dumps(views, separators=(",", ":")).replace("<", "\\u003c"),
        library=_chart_library(),
        script=_read(os.path.join(_FOLDER, "report.js")),
    )
