"""The sections of a report: what its charts and tables show.

A section is a dict: id, title, text (paragraphs), and views. A view is one
chart and one table: id, label, choice, chart, table. The choice is a dict: what
the reader chooses to see this view among those of its section, such as
{"threads": "2"}. A chart is a dict that report.js draws:

  kind     "dots": a value with its spread for each category
           "lines": a value over another one
           "bars": stacked parts of a value for each category
  x, y     axes: label, log, and for "nines" the scale of percentiles
  categories   the names of the rows of "dots" and "bars"
  series   name, slot (its colour and shape), own (whether it is a backend of
           appcache), points:
           "dots": [category, value, low, high]; "lines": [x, y];
           "bars": one value for each category; dashed (of "lines")
  guides   values at which "dots" have a vertical line
  summary  what the chart shows, for those who do not see it

A table is a dict: head and rows. A cell is a string, or a list: the string,
its class, and a note, which is less important.
"""

from bench_tools import comparison as comparison_tools
from bench_tools import effects as effect_tools
from bench_tools import summary
from bench_tools.sections import changes, costs, misses, percentiles
from bench_tools.sections import throughput, times


def build(result, before=None):
    """The sections of a result, compared with an earlier one if there is."""
    index = summary.Index(result["samples"])
    sections = []
    comparison = result.get("comparison")
    if comparison:
        sections.append(
            changes.section(
                comparison["effects"],
                comparison["counts"],
                comparison_tools.SIGNIFICANT_P,
            )
        )
    if before:
        effects = effect_tools.from_results(before, result)
        sections.append(
            changes.section(
                effects,
                effect_tools.count_changes(before, result),
                effect_tools.SIGNIFICANT_P,
                effect_tools.too_few_rounds(before, result, effects),
            )
        )
    sections += [times.section(index, group) for group in summary.GROUPS]
    sections.append(
        percentiles.section(result["latency"], result.get("clock_ns"))
    )
    sections.append(throughput.section(index))
    sections.append(misses.section(result["curves"]))
    sections.append(costs.section(index))
    return [section for section in sections if section and section["views"]]
