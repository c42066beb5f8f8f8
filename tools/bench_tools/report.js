// Draws the charts of a report. sections/__init__.py describes the data of a chart.
"use strict";

(() => {
  const views = JSON.parse(document.getElementById("views").textContent);
  const charts = new Map();  // Of the views that have been shown.
  const root = document.documentElement;
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const shapes = ["circle", "triangle", "rect", "rectRot", "star", "crossRot",
                  "rectRounded", "cross", "triangle"];

  // --- Colours.

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  function styles(chart) {
    const palette = colour("--series").split(/\s+/);
    return chart.series.map(({slot}) => ({
      colour: palette[slot % palette.length],
      shape: shapes[slot % shapes.length],
    }));
  }

  // --- Numbers.

  function short(number) {
    return Number(number.toPrecision(3)).toLocaleString("en");
  }

  function timeText(ns) {
    for (const [unit, size] of [["ns", 1], ["µs", 1e3], ["ms", 1e6]]) {
      if (ns < 1000 * size) return `${short(ns / size)} ${unit}`;
    }
    return `${short(ns / 1e9)} s`;
  }

  function countText(number) {
    for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
      if (number >= size) return `${short(number / size)} ${unit}`;
    }
    return short(number);
  }

  // 90 is 1, 99 is 2, 99.9 is 3.
  const toNines = (percent) => -Math.log10(1 - percent / 100);
  const fromNines = (nines) => Number((100 - 10 ** (2 - nines)).toFixed(6));

  function valueText(axis, value) {
    if (axis.time) return timeText(value);
    if (axis.nines) return `${fromNines(value)} %`;
    return countText(value);
  }

  // --- Axes.

  // Logarithmic axes have a line at 1, 2 and 5 of each decade.
  function isRound(value) {
    const mantissa = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    return [1, 2, 5].some((m) => Math.abs(mantissa - m) < 1e-6);
  }

  function axis(spec, values) {
    const low = values.length ? Math.min(...values) : 1;
    const high = values.length ? Math.max(...values) : 1;
    const options = {
      title: {display: true, text: spec.label, color: colour("--muted")},
      grid: {color: colour("--line")},
      ticks: {
        color: colour("--muted"),
        maxRotation: 0,
        callback: (value) => valueText(spec, value),
      },
    };
    if (spec.log) {
      options.type = "logarithmic";
      options.min = low / 1.25;
      options.max = high * 1.25;
      const decades = Math.log10(options.max / options.min);
      options.afterBuildTicks = (scale) => {
        const few = scale.ticks.filter(({value}) => decades > 3.5
            ? Math.abs(Math.log10(value) % 1) < 1e-9 : isRound(value));
        if (few.length >= 2) scale.ticks = few;
      };
    } else {
      options.type = "linear";
      if (spec.zero) options.beginAtZero = true;
    }
    if (spec.ticks || spec.nines) {
      const last = Math.ceil(high);
      const ticks = spec.ticks ||
          [...Array(last + 1).keys()].flatMap((n) => n === 0 ? [0, toNines(50)]
                                                             : [n]);
      options.min = spec.nines ? 0 : low - 0.2;
      options.max = spec.nines ? high + 0.1 : high + 0.2;
      options.afterBuildTicks = (scale) => {
        scale.ticks = ticks.filter((value) => value <= options.max)
            .map((value) => ({value}));
      };
    }
    return options;
  }

  function rows(categories) {
    return {
      type: "linear",
      reverse: true,
      min: -0.6,
      max: categories.length - 0.4,
      grid: {display: false},
      ticks: {
        color: colour("--text"),
        autoSkip: false,
        callback: (value) => categories[value] ?? "",
      },
      afterBuildTicks: (scale) => {
        scale.ticks = categories.map((_, value) => ({value}));
      },
    };
  }

  // --- Kinds of charts.

  // Stripes for the rows, the guides, and lines from the lower to the upper end
  // of the spread.
  const spreads = {
    id: "spreads",
    beforeDatasetsDraw(chart, _, {guides}) {
      const {ctx, chartArea: area, scales: {x, y: rows}} = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.width, area.height);
      ctx.clip();
      ctx.globalAlpha = 0.35;
      ctx.fillStyle = colour("--line");
      for (let row = 0; row < rows.max; row += 2) {
        const top = rows.getPixelForValue(row - 0.5);
        const bottom = rows.getPixelForValue(row + 0.5);
        ctx.fillRect(area.left, top, area.width, bottom - top);
      }
      ctx.globalAlpha = 1;
      for (const guide of guides) {
        const at = x.getPixelForValue(guide);
        ctx.strokeStyle = colour("--muted");
        ctx.lineWidth = 1;
        ctx.setLineDash(guide === 1 ? [] : [4, 4]);
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
      }
      ctx.setLineDash([]);
      chart.data.datasets.forEach((dataset, i) => {
        if (!chart.isDatasetVisible(i)) return;
        ctx.strokeStyle = dataset.borderColor;
        ctx.lineWidth = 2;
        for (const [j, point] of dataset.data.entries()) {
          const y = chart.getDatasetMeta(i).data[j].y;
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(point.low), y);
          ctx.lineTo(x.getPixelForValue(point.high), y);
          ctx.stroke();
        }
      });
      ctx.restore();
    },
  };

  function pointStyle(style, own) {
    return {
      pointStyle: style.shape,
      borderColor: style.colour,
      backgroundColor: style.colour,
      pointBorderWidth: 2,
      pointRadius: own ? 6 : 5,
      pointHoverRadius: 8,
    };
  }

  function dots(chart) {
    const style = styles(chart);
    // Series share a row without covering each other.
    const spread = chart.series.length > 3 ? 0.56 : 0.3;
    const offset = (i) => chart.guides.length
        ? 0 : (i / Math.max(1, chart.series.length - 1) - 0.5) * spread;
    const values = chart.series.flatMap((s) => s.points.flatMap((p) =>
        p.slice(1)));
    return {
      type: "scatter",
      data: {
        datasets: chart.series.map((series, i) => ({
          label: series.name,
          data: series.points.map(([row, x, low, high]) =>
              ({x, y: row + offset(i), row, low, high})),
          ...pointStyle(style[i], series.own),
        })),
      },
      plugins: [spreads],
      options: {
        scales: {x: axis(chart.x, values.concat(chart.guides)),
                 y: rows(chart.categories)},
        plugins: {
          spreads: {guides: chart.guides},
          tooltip: {
            callbacks: {
              title: ([{raw}]) => chart.categories[raw.row],
              label: ({dataset, raw}) => `${dataset.label}: ` +
                  [raw.x, raw.low, raw.high].map((value) =>
                      valueText(chart.x, value)).join(", "),
            },
          },
        },
      },
    };
  }

  function lines(chart) {
    const style = styles(chart);
    const toX = chart.x.nines ? toNines : (x) => x;
    const xs = chart.series.flatMap((s) => s.points.map(([x]) => toX(x)));
    const ys = chart.series.flatMap((s) => s.points.map(([, y]) => y));
    const many = chart.series.some((s) => s.points.length > 12);
    return {
      type: "scatter",
      data: {
        datasets: chart.series.map((series, i) => ({
          label: series.name,
          data: series.points.map(([x, y]) => ({x: toX(x), y})),
          ...pointStyle(style[i], series.own),
          ...(many ? {pointRadius: 0} : {}),
          showLine: true,
          borderWidth: series.own ? 3 : 2,
          borderDash: series.dashed ? [7, 4] : [],
        })),
      },
      options: {
        scales: {x: axis(chart.x, xs), y: axis(chart.y, ys)},
        interaction: {mode: "nearest", intersect: false},
        plugins: {
          tooltip: {
            callbacks: {
              label: ({dataset, raw}) => `${dataset.label}: ` +
                  `${valueText(chart.x, raw.x)}, ${valueText(chart.y, raw.y)}`,
            },
          },
        },
      },
    };
  }

  function bars(chart) {
    const style = styles(chart);
    const x = {...axis(chart.x, [0]), stacked: true, beginAtZero: true};
    return {
      type: "bar",
      data: {
        labels: chart.categories,
        datasets: chart.series.map((series, i) => ({
          label: series.name,
          data: series.points,
          backgroundColor: style[i].colour,
          barPercentage: 0.7,
        })),
      },
      options: {
        indexAxis: "y",
        scales: {
          x,
          y: {stacked: true, grid: {display: false},
              ticks: {color: colour("--text"), autoSkip: false}},
        },
        plugins: {
          tooltip: {
            callbacks: {
              label: ({dataset, raw}) =>
                  `${dataset.label}: ${valueText(chart.x, raw)}`,
            },
          },
        },
      },
    };
  }

  // --- Drawing.

  const kinds = {dots, lines, bars};

  // A line without points is shown as a line. Blanks keep the name apart from
  // its symbol.
  function legend(drawn) {
    const items = Chart.defaults.plugins.legend.labels.generateLabels(drawn);
    return items.map((item) => {
      const dataset = drawn.data.datasets[item.datasetIndex];
      const isLine = dataset.showLine && dataset.pointRadius === 0;
      return {...item, text: `\u2002${item.text}`,
              ...(isLine ? {pointStyle: "line"} : {})};
    });
  }

  function draw(id) {
    const chart = views[id];
    const canvas = document.getElementById(`canvas-${id}`);
    charts.get(id)?.destroy();
    if (chart.kind !== "lines") {
      const height = 120 +
          (chart.guides?.length ? 26 : 44) * chart.categories.length;
      canvas.parentElement.style.height = `${Math.max(220, height)}px`;
    }
    const config = kinds[chart.kind](chart);
    config.options.animation = false;
    config.options.responsive = true;
    config.options.maintainAspectRatio = false;
    config.options.plugins.legend = {
      position: "top",
      align: "start",
      labels: {
        color: colour("--text"),
        usePointStyle: chart.kind !== "bars",
        boxWidth: chart.kind === "bars" ? 14 : 18,
        boxHeight: 8,
        padding: 14,
        generateLabels: (drawn) => legend(drawn),
      },
    };
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    charts.set(id, new Chart(canvas, config));
  }

  const shown = () =>
      [...document.querySelectorAll("figure:not([hidden])")].map((f) => f.id);

  function drawAll() {
    shown().forEach(draw);
  }

  // A narrow table is beside its chart, and a wide one below it.
  function place(id) {
    const figure = document.getElementById(id);
    const columns = figure.querySelectorAll("thead th").length;
    const long = figure.querySelectorAll("tbody tr").length > 24;
    figure.classList.toggle("narrow", columns <= 5 && !long);
  }

  // --- Themes and choices.

  function setTheme(choice) {
    const dark = choice === "auto" ? darkScheme.matches : choice === "dark";
    root.dataset.theme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll(".themes button")) {
      button.setAttribute("aria-pressed", button.dataset.theme === choice);
    }
    drawAll();
  }

  function savedTheme() {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";  // A file: page may not have a storage.
    }
  }

  let theme = savedTheme();

  document.querySelector(".themes").addEventListener("click", ({target}) => {
    if (!target.dataset.theme) return;
    theme = target.dataset.theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // It is then not saved.
    }
    setTheme(theme);
  });
  darkScheme.addEventListener("change", () => setTheme(theme));

  // Shows the figure that has what the lists of the section say. If there is
  // none, the list that was changed counts, and most of the others.
  function choose(section, changed) {
    const selects = [...section.querySelectorAll("select")];
    const at = selects.indexOf(changed);
    let best;
    let most = 0;
    for (const figure of section.querySelectorAll("figure")) {
      figure.hidden = true;
      const choice = JSON.parse(figure.dataset.choice);
      if (choice[at] !== changed.value) continue;
      const same = choice.filter((text, i) => text === selects[i].value).length;
      if (same > most) [best, most] = [figure, same];
    }
    best.hidden = false;
    JSON.parse(best.dataset.choice).forEach((text, i) => {
      selects[i].value = text;
    });
    draw(best.id);
  }

  for (const select of document.querySelectorAll("select")) {
    select.addEventListener(
        "change", () => choose(select.closest("section"), select));
  }

  // Paper is white.
  addEventListener("beforeprint", () => setTheme("light"));
  addEventListener("afterprint", () => setTheme(theme));

  // --- Checking, for the test: report.html#check adds an element with the box
  // of each chart, and how many of its pixels have the colour of each series.
  // #dark and #light choose the theme, and #choose:SECTION:LIST:OPTION chooses
  // by the numbers of a list and of its option.

  function countPixels(chart, hex) {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const {left, top, width, height} = chart.chartArea;
    const scale = chart.currentDevicePixelRatio;
    const {data} = chart.ctx.getImageData(
        left * scale, top * scale, width * scale, height * scale);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const far = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) +
          Math.abs(data[i + 2] - b);
      if (far < 24 && data[i + 3] > 200) ++count;
    }
    return count;
  }

  function check() {
    const result = shown().map((id) => {
      const chart = charts.get(id);
      const box = chart.canvas.getBoundingClientRect();
      return {
        id,
        box: [box.left + scrollX, box.top + scrollY, box.width, box.height],
        series: chart.data.datasets.map((dataset) => ({
          name: dataset.label,
          colour: dataset.backgroundColor,
          pixels: countPixels(chart, dataset.backgroundColor),
        })),
      };
    });
    const element = document.createElement("script");
    element.type = "application/json";
    element.id = "check";
    element.textContent = JSON.stringify(
        {height: root.scrollHeight, theme: root.dataset.theme, charts: result});
    document.body.append(element);
  }

  const wishes = location.hash.slice(1).split(",");
  if (wishes.includes("dark")) theme = "dark";
  if (wishes.includes("light")) theme = "light";
  Object.keys(views).forEach(place);
  setTheme(theme);
  for (const wish of wishes.filter((text) => text.startsWith("choose:"))) {
    const [, id, list, option] = wish.split(":");
    const section = document.getElementById(id);
    const select = section.querySelectorAll("select")[list];
    select.selectedIndex = option;
    choose(section, select);
  }
  if (wishes.includes("check")) check();
})();
