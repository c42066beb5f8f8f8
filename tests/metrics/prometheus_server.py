"""Runs Prometheus on samples of a test's own."""

import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

# When the samples begin, in seconds; they are in the past of any machine.
START = 1_600_000_000
INTERVAL = 15

# How long a machine that is slow may take. Nothing is expected to.
PATIENCE = 300

SAMPLE = re.compile(r"^(\w+)(\{.*\})? (\S+)$")


def metric_names(text):
    """The types of the metrics in a text, by name."""
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))


def open_metrics(scrapes):
    """One text, in the format OpenMetrics, of texts in Prometheus' format.

    `scrapes` maps (job, instance) to a list of texts, which were taken at
    intervals of INTERVAL. In this format, too, the samples of a metric form
    one group; there, the name of a counter has no _total.
    """
    groups = {}
    for (job, instance), texts in scrapes.items():
        for i, text in enumerate(texts):
            for line in text.splitlines():
                if line.startswith("#"):
                    _, kind, name, rest = line.split(" ", 3)
                    comment = f"# {kind} {name.removesuffix('_total')} {rest}"
                    if kind == "HELP":
                        header = comment
                    else:
                        header += "\n" + comment
                        samples = groups.setdefault(header, [])
                    continue
                name, labels, value = SAMPLE.match(line).groups()
                samples.append(
                    f'{name}{{job="{job}",instance="{instance}",{labels[1:]}'
                    f" {value} {START + i * INTERVAL}")
    lines = []
    for header, samples in groups.items():
        lines += [header, *samples]
    return "\n".join([*lines, "# EOF\n"])


class PrometheusServer:
    """A server with the samples of `scrapes`, which it finds on its disk."""

    def __init__(self, directory, scrapes):
        samples = os.path.join(directory, "samples")
        data = os.path.join(directory, "data")
        configuration = os.path.join(directory, "prometheus.yml")
        with open(samples, "w", encoding="utf-8") as file:
            file.write(open_metrics(scrapes))
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("{}\n")
        subprocess.run(["promtool", "tsdb", "create-blocks-from",
                        "openmetrics", samples, data],
                       check=True, capture_output=True, timeout=PATIENCE)
        self.end = START + INTERVAL * (
            max(len(texts) for texts in scrapes.values()) - 1)
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}",
             f"--storage.tsdb.path={data}",
             "--storage.tsdb.retention.time=100y",
             "--web.listen-address=127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True)
        killer = threading.Timer(PATIENCE, self.process.kill)
        killer.start()
        address = self._await_address()
        killer.cancel()
        self.url = f"http://{address}"
        # Prometheus would wait if nobody read its log.
        self.reader = threading.Thread(target=self.process.stderr.read)
        self.reader.start()

    def _await_address(self):
        """The address on which the server answers, once it does."""
        log = ""
        for line in self.process.stderr:
            log += line
            address = re.search(r'"Listening on" address=(\S+)', log)
            if address and "Server is ready" in log:
                return address[1]
        self.stop()
        raise RuntimeError(f"Prometheus does not start: {log}")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _get(self, path, **parameters):
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None

    def query(self, expression):
        """The result at the time of the last sample: (labels, value) of each
        series. Raises ValueError if the expression is wrong."""
        data = self._get("/api/v1/query", query=expression, time=self.end)
        return [(series["metric"], float(series["value"][1]))
                for series in data["result"]]

    def label_values(self, label, selector):
        return self._get(f"/api/v1/label/{label}/values",
                         **{"match[]": selector}, start=START, end=self.end)
