"""Tests tools/grafana/appcache.json: its structure, and each of its queries
on a Prometheus server that has the metrics of real caches.

Usage: dashboard_test.py EXPORTER APPCACHE DASHBOARD
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from prometheus_server import PrometheusServer, metric_names

EXPORTER, APPCACHE, DASHBOARD = (
    os.path.abspath(path) for path in sys.argv[1:4])

GRID_COLUMNS = 24
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

# As published for the metrics of Micrometer, for example by Grafana as
# dashboard 21303.
MICROMETER_QUERIES = [
    'sum(rate(cache_gets_total{result="hit"}[5m])) by (name)'
    " / sum(rate(cache_gets_total[5m])) by (name)",
    'increase(cache_gets_total{cache="sessions", result="miss"}[1m])',
    'rate(cache_puts_total{name="users"}[1m])',
    'rate(cache_removals_total{name="sessions"}[1m])',
    'rate(cache_evictions_total{name="sessions"}[1m])',
    'rate(cache_load_total{name="sessions", result="success"}[1m])',
    'rate(cache_load_total{name="sessions", result="failure"}[1m])',
    'cache_size{cache="sessions", name="sessions"}',
]


def scrapes_of_exporter():
    text = subprocess.run([EXPORTER], check=True, text=True,
                          capture_output=True).stdout
    return text.split("# scrape\n")[1:]


def scrapes_of_command(directory, count):
    """What the command prints of a file, to which it adds between scrapes."""
    def run(*arguments):
        return subprocess.run([APPCACHE, *arguments, "--cache", "cache.db"],
                              cwd=directory, check=True, text=True,
                              capture_output=True).stdout

    scrapes = []
    for i in range(count):
        run("set", f"key {i}", "value")
        scrapes.append(run("stats", "--prometheus"))
    return scrapes


class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        scrapes = {
            ("app", "host-1:9000"): scrapes_of_exporter(),
            ("command", "host-2:9000"): scrapes_of_command(directory.name, 3),
        }
        # A scrape of the command for each one of the program.
        command = scrapes["command", "host-2:9000"]
        missing = len(scrapes["app", "host-1:9000"]) - len(command)
        command += command[-1:] * missing
        cls.metrics = {}
        for texts in scrapes.values():
            for text in texts:
                cls.metrics.update(metric_names(text))
        cls.server = PrometheusServer(directory.name, scrapes)
        cls.addClassCleanup(cls.server.stop)
        with open(DASHBOARD, encoding="utf-8") as file:
            cls.dashboard = json.load(file)
        cls.panels = cls.dashboard["panels"]
        cls.variables = {v["name"]: v
                         for v in cls.dashboard["templating"]["list"]}

    def targets(self):
        for panel in self.panels:
            for target in panel.get("targets", []):
                yield panel["title"], target

    def replaced(self, expression, **values):
        """An expression with the values of its variables, as Grafana does:
        all values, or the given ones."""
        for name, variable in self.variables.items():
            if variable["type"] == "query":
                value = values.get(name, variable["allValue"])
                expression = expression.replace(f"${name}", value)
        # A rate interval of four scrapes, which is Grafana's default.
        expression = expression.replace("$__rate_interval", "60s")
        self.assertNotIn("$", expression)
        return expression

    def query(self, expression):
        try:
            return self.server.query(expression)
        except ValueError as error:
            self.fail(f"{expression}: {error}")

    def test_each_query_has_results(self):
        queries = 0
        for title, target in self.targets():
            expression = self.replaced(target["expr"])
            with self.subTest(panel=title, expression=expression):
                result = self.query(expression)
                self.assertTrue(any(math.isfinite(value)
                                    for _, value in result), result)
                for label in re.findall(r"{{(.*?)}}", target["legendFormat"]):
                    for labels, _ in result:
                        self.assertIn(label, labels)
                queries += 1
        self.assertGreater(queries, 50)

    def test_each_query_selects_by_the_variables(self):
        for title, target in self.targets():
            for chosen in ({"job": "none"}, {"instance": "none"},
                           {"cache": "none"}):
                expression = self.replaced(target["expr"], **chosen)
                with self.subTest(panel=title, expression=expression):
                    self.assertEqual(self.query(expression), [])

    def test_several_values_of_a_variable_are_an_alternative(self):
        # Grafana joins the values for =~ like this.
        expression = next(t["expr"] for _, t in self.targets()
                          if "appcache_entries" in t["expr"])
        result = self.query(self.replaced(expression, cache="(sessions|none)"))
        self.assertEqual(len(result), 1)

    def test_values_of_the_figures(self):
        by_title = {}
        for title, target in self.targets():
            by_title.setdefault(title, target["expr"])
        # Rounds of 20 misses, 20 hits and 400 hits of the sessions, and two
        # misses of loads.
        result = self.query(self.replaced(by_title["Hit ratio"],
                                          cache="sessions"))
        self.assertEqual(len(result), 1)
        self.assertAlmostEqual(result[0][1], 420 / 442, places=6)
        result = self.query(self.replaced(by_title["Entries"],
                                          cache="sessions"))
        self.assertEqual([value for _, value in result], [50])

    def test_each_metric_exists(self):
        for title, target in self.targets():
            names = re.findall(r"\bappcache_\w+", target["expr"])
            self.assertTrue(names, target["expr"])
            for name in names:
                histogram = re.sub(r"_(bucket|sum|count)$", "", name)
                is_known = name in self.metrics or (
                    self.metrics.get(histogram) == "histogram")
                self.assertTrue(is_known, f"{title}: {name}")

    def test_rates_are_of_counters_and_nothing_else_is(self):
        for title, target in self.targets():
            for function, name in re.findall(r"(\w*) ?\((appcache_\w+)",
                                             target["expr"]):
                is_gauge = self.metrics.get(name) == "gauge"
                self.assertEqual(function in ("rate", "increase"),
                                 not is_gauge, f"{title}: {name}")

    def test_each_variable_has_values(self):
        self.assertEqual(list(self.variables),
                         ["datasource", "job", "instance", "cache"])
        self.assertEqual(self.variables["datasource"]["type"], "datasource")
        self.assertEqual(self.variables["datasource"]["query"], "prometheus")
        values = {}
        for name, variable in self.variables.items():
            if variable["type"] != "query":
                continue
            self.assertEqual(variable["query"]["query"],
                             variable["definition"])
            match = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                 variable["definition"])
            values[name] = self.server.label_values(
                match[2], self.replaced(match[1]))
        self.assertEqual(values["job"], ["app", "command"])
        self.assertEqual(values["instance"], ["host-1:9000", "host-2:9000"])
        self.assertEqual(len(values["cache"]), 3)
        self.assertIn("sessions", values["cache"])

    def test_panels_are_identified_and_do_not_overlap(self):
        self.assertGreaterEqual(self.dashboard["schemaVersion"], 36)
        self.assertIsNone(self.dashboard["id"])
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        taken = {}
        for panel in self.panels:
            title, grid = panel["title"], panel["gridPos"]
            self.assertLessEqual(grid["x"] + grid["w"], GRID_COLUMNS, title)
            for x in range(grid["x"], grid["x"] + grid["w"]):
                for y in range(grid["y"], grid["y"] + grid["h"]):
                    self.assertNotIn((x, y), taken, title)
                    taken[x, y] = title

    def test_panels_are_complete(self):
        required = {r["id"] for r in self.dashboard["__requires"]}
        for panel in self.panels:
            with self.subTest(panel=panel["title"]):
                if panel["type"] == "row":
                    self.assertEqual(panel["panels"], [])
                    continue
                self.assertIn(panel["type"], required)
                self.assertTrue(panel["title"] and panel["description"])
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertEqual(panel["datasource"], DATA_SOURCE)
                references = [t["refId"] for t in panel["targets"]]
                self.assertEqual(len(references), len(set(references)))
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], DATA_SOURCE)

    def test_queries_for_micrometer_have_results(self):
        for expression in MICROMETER_QUERIES:
            with self.subTest(expression=expression):
                values = [value for _, value in self.query(expression)]
                self.assertTrue(values)
                self.assertTrue(all(value > 0 for value in values), values)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
