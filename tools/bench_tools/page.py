"""The report as one HTML file without a network."""

import html
import json
import os

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


def _view(view, title, is_first):
    hidden = "" if is_first else " hidden"
    label = view["label"] or title
    caption = (
        f"<figcaption>{_text(view['label'])}</figcaption>"
        if view["label"]
        else ""
    )
    return (
        f'<figure id="{view["id"]}"{hidden}>{caption}'
        f'<div class="chart"><canvas id="canvas-{view["id"]}" role="img"'
        f' aria-label="{_text(view["chart"]["summary"])}"></canvas></div>'
        f"{_table(view['table'], label)}</figure>\n"
    )


def _choice(section):
    if len(section["views"]) < 2:
        return ""
    options = "".join(
        f'<option value="{view["id"]}">{_text(view["label"])}</option>'
        for view in section["views"]
    )
    return (
        f'<label class="choice">Show <select data-section='
        f'"{section["id"]}">{options}</select></label>'
    )


def _section(section):
    text = "".join(f"<p>{_text(line)}</p>" for line in section["text"])
    views = "".join(
        _view(view, section["title"], i == 0)
        for i, view in enumerate(section["views"])
    )
    return (
        f'<section id="{section["id"]}"><h2>{_text(section["title"])}</h2>'
        f"{text}{_choice(section)}{views}</section>\n"
    )


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
        ("Compiler", f"{environment['compiler']}, {environment['flags']}"),
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
