#!/usr/bin/env -S python3 -B
"""Draws a report in headless Chromium, light and dark, and checks that no chart
is empty: in the canvases themselves, and in a screenshot of the page.

Usage: screenshot_test.py TOOLS

Keeps the screenshots in TEST_UNDECLARED_OUTPUTS_DIR, to look at.
"""

import copy
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from PIL import Image, ImageChops

sys.path[:0] = [
    os.path.dirname(os.path.abspath(__file__)),
    os.path.abspath(sys.argv.pop(1)),
]

# pylint: disable=wrong-import-position
import example_result
from bench_tools import page

WIDTH = 1100

# As many pixels of its colour has a series at least: a point has about 100.
LEAST_PIXELS = 60


class Picture:
    """The pixels of a PNG file."""

    def __init__(self, path):
        with Image.open(path) as image:
            self._image = image.convert("RGB")

    def background(self):
        return self._image.getpixel((0, 5))

    def count(self, box, rgb):
        """The pixels in the box that are close to a colour."""
        left, top, width, height = (round(value) for value in box)
        part = self._image.crop((left, top, left + width, top + height))
        plain = Image.new("RGB", part.size, rgb)
        near = [
            channel.point(lambda difference: 255 if difference < 12 else 0)
            for channel in ImageChops.difference(part, plain).split()
        ]
        of_all = ImageChops.darker(ImageChops.darker(*near[:2]), near[2])
        return of_all.histogram()[255]


def rgb_of(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


class Browser:
    def __init__(self, folder):
        self._folder = folder

    def _run(self, text, wishes, height, *options):
        path = os.path.join(self._folder, "report.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        command = [
            "chromium",
            "--headless",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            f"--user-data-dir={self._folder}/profile",
            # The page is ready when it has no more to do, however long that
            # takes on this machine.
            "--virtual-time-budget=10000",
            f"--window-size={WIDTH},{height}",
            *options,
            f"file://{path}#check,{wishes}",
        ]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")
        environment = {**os.environ, "HOME": self._folder}
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise AssertionError(error.stderr[-3000:]) from error
        return done.stdout

    def check(self, text, wishes):
        """What report.js reports about its charts. The wishes are those of
        report.js, such as a theme."""
        dom = self._run(text, wishes, 2000, "--dump-dom")
        found = re.search(r'<script[^>]* id="check">(.*?)</script>', dom, re.S)
        assert found, "the page has not drawn its charts:\n" + dom[-2000:]
        return json.loads(html.unescape(found[1]))

    def screenshot(self, text, wishes, height, path):
        self._run(text, wishes, height, f"--screenshot={path}")
        return Picture(path)


def empty_series(report):
    """(chart, series) of the series that are not to be seen, and None for a
    chart without any."""
    empty = []
    for chart in report["charts"]:
        if not chart["series"]:
            empty.append((chart["id"], None))
        for series in chart["series"]:
            if series["pixels"] < LEAST_PIXELS:
                empty.append((chart["id"], series["name"]))
    return empty


def change_views(text, change):
    """The page with other data of its charts."""

    def changed(match):
        views = json.loads(match[2])
        change(views)
        return match[1] + json.dumps(views) + match[3]

    pattern = r'(<script id="views" type="application/json">)(.*?)(</script>)'
    return re.sub(pattern, changed, text, count=1, flags=re.S)


class ScreenshotTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.browser = Browser(folder.name)
        cls.pictures = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
        cls.pictures = cls.pictures or folder.name
        before = example_result.result(1)
        after = example_result.result(2, ("set_over", "appcache_file"), 1.3)
        # In the order of their views.
        for value_bytes, keys, threads in (
            (4096, "zipf", 4),
            (256, "uniform", 2),
            (4096, "uniform", 8),
        ):
            sample = dict(after["samples"][1])
            sample.update(value_bytes=value_bytes, keys=keys, threads=threads)
            after["samples"].append(sample)
        text = page.render(after, before)
        # Without tables, there is less to decode.
        style = ".table { display: none; }</style>"
        cls.text = text.replace("</style>", style, 1)
        cls.charts = 8

    def check_theme(self, theme, *wishes):
        """The picture, and the ids of the charts."""
        hash_text = ",".join([theme, *wishes])
        report = self.browser.check(self.text, hash_text)
        self.assertEqual(report["theme"], theme)
        self.assertEqual(len(report["charts"]), self.charts)
        self.assertEqual(empty_series(report), [])
        path = os.path.join(self.pictures, f"report_{theme}.png")
        picture = self.browser.screenshot(
            self.text, hash_text, report["height"], path
        )
        for chart in report["charts"]:
            for series in chart["series"]:
                seen = picture.count(chart["box"], rgb_of(series["colour"]))
                self.assertGreater(seen, LEAST_PIXELS, (chart["id"], series))
        return picture, [chart["id"] for chart in report["charts"]]

    def test_every_chart_of_a_light_report_is_drawn(self):
        picture, charts = self.check_theme("light")
        self.assertIn("throughput-0", charts)
        self.assertGreater(min(picture.background()), 200)

    def test_every_chart_of_a_dark_report_is_drawn_after_a_choice(self):
        picture, charts = self.check_theme(
            "dark",
            "choose:throughput:0:1",
            # Uniform keys, of which there is one view with 256 B.
            "choose:times-memory:1:1",
            # 4 KiB, which there is not with two threads. Of the others, the
            # view with uniform keys.
            "choose:times-memory:0:1",
        )
        self.assertIn("throughput-1", charts)
        self.assertNotIn("throughput-0", charts)
        memory = [chart for chart in charts if chart.startswith("times-mem")]
        choice = re.search(f'id="{memory[0]}" data-choice="(.*?)"', self.text)
        self.assertEqual(
            json.loads(html.unescape(choice[1])), ["4 KiB", "uniform", "8"]
        )
        self.assertLess(max(picture.background()), 60)

    def test_an_empty_chart_is_found(self):
        def empty(views):
            for series in views["latency-0"]["series"]:
                series["points"] = []
            views["misses-0"]["series"] = []
            # Drawn, but outside of what the axis shows.
            views["times-memory-0"]["series"][1]["points"] = [
                [-50, 50, 40, 60]
            ]

        report = self.browser.check(change_views(self.text, empty), "light")
        found = empty_series(report)
        names = [series["name"] for series in self.latency_series()]
        self.assertEqual(
            sorted(found, key=str),
            sorted(
                [("latency-0", name) for name in names]
                + [("misses-0", None), ("times-memory-0", "tkrzw")],
                key=str,
            ),
        )

    def latency_series(self):
        views = {}
        change_views(self.text, lambda found: views.update(copy.copy(found)))
        return views["latency-0"]["series"]


if __name__ == "__main__":
    unittest.main()
