// Draws each chart from the JSON beside its canvas. What to draw is decided where the page is made; here
// stand only looks: colours by role (from the style sheet), axes, and marks.
(() => {
  'use strict';
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const translucent = (name, alpha) => {
    const hex = colour(name);
    const part = (i) => parseInt(hex.slice(i, i + 2), 16);
    return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${alpha})`;
  };

  const raise = (n) => String(n).replace(/./g, (c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]));
  const powerOfTen = (n) => (n === 0 ? '1' : '10' + raise(n));
  const plain = (v) => v.toLocaleString('en', { maximumSignificantDigits: 6 })
    .replace(/^(-?\d),(?=\d{3}(\.|$))/, '$1').replace(/,/g, '\u202F').replace('-', '−');
  const bytes = (v) => {
    const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (v >= 1000 && unit < units.length - 1) { v /= 1000; unit++; }
    return plain(Number(v.toPrecision(3))) + ' ' + units[unit];
  };
  const seconds = (v) => (v > 0 && v < 1 ? plain(Number((v * 1000).toPrecision(3))) + ' ms'
                                         : plain(Number(v.toPrecision(3))) + ' s');
  const formats = { number: plain, bytes, seconds };

  const axis = (title, more = {}) => ({
    title: { display: Boolean(title), text: title, color: colour('soft') },
    grid: { color: colour('line'), borderColor: colour('line') },
    ...more,
    ticks: { color: colour('soft'), ...(more.ticks || {}) },
  });
  const base = (scales, tooltip = {}, legendWidth = 20) => ({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    devicePixelRatio: Math.max(2, window.devicePixelRatio || 1),
    scales,
    plugins: {
      legend: {
        position: 'top',
        align: 'start',
        labels: { color: colour('ink'), usePointStyle: true, boxWidth: 8, boxHeight: 8, pointStyleWidth: legendWidth, padding: 14 },
      },
      tooltip: { callbacks: tooltip },
    },
  });

  const xySeries = (s) => {
    const data = s.points.map(([x, y]) => ({ x, y }));
    const look = { label: s.label, data, type: s.line ? 'line' : 'scatter', borderColor: colour(s.role) };
    if (s.line) {
      // The clear curve is a broad band and the encrypted one a thin line upon it: where they agree, both show.
      const width = { clear: 6, encrypted: 2, reference: 1.2 }[s.role] || 2;
      return { ...look, borderColor: s.role === 'clear' ? translucent('clear', 0.45) : colour(s.role),
               borderWidth: width, borderDash: s.role === 'reference' ? [5, 5] : [], pointRadius: 0,
               pointStyle: 'line', tension: 0, fill: false,
               order: { encrypted: 1, clear: 2, reference: 3 }[s.role] };
    }
    const ring = s.role === 'clear';
    return { ...look, backgroundColor: ring ? 'transparent' : translucent(s.role, 0.75),
             pointRadius: ring ? 5 : 2.4, borderWidth: ring ? 1 : 0,
             borderColor: ring ? translucent('clear', 0.7) : 'transparent', pointStyle: 'circle',
             order: ring ? 2 : 1 };
  };

  const xy = (spec) => {
    const scale = (a) => axis(a.title, { type: 'linear', min: a.low, max: a.high, ticks: { callback: plain, maxTicksLimit: 8, maxRotation: 0 } });
    return {
      type: 'scatter',
      data: { datasets: spec.series.map(xySeries) },
      options: base({ x: scale(spec.x), y: scale(spec.y) }, {
        label: (item) => `${item.dataset.label}: ${plain(item.parsed.x)}, ${plain(item.parsed.y)}`,
      }, spec.series.some((s) => !s.line) ? 0 : 20),  // a circle stretched to a width is none
    };
  };

  const bars = (spec) => {
    const format = formats[spec.unit];
    return {
      type: 'bar',
      data: {
        labels: spec.categories,
        datasets: spec.series.map((s) => ({
          label: s.label, data: s.values, backgroundColor: colour(s.role), borderRadius: 2, pointStyle: 'rect',
          barPercentage: 0.9, categoryPercentage: 0.75, maxBarThickness: 26,
        })),
      },
      options: {
        ...base({
          x: axis('', { stacked: spec.stacked, ticks: { callback: format, maxTicksLimit: 5, maxRotation: 0 } }),
          y: axis('', { stacked: spec.stacked, grid: { display: false, borderColor: colour('line') },
                        ticks: { color: colour('ink'), autoSkip: false } }),
        }, { label: (item) => `${item.dataset.label}: ${format(item.parsed.x)}` }),
        indexAxis: 'y',
      },
    };
  };

  const errors = (spec) => {
    const centers = spec.centers;
    const step = centers.length > 1 ? centers[1] - centers[0] : 0.25;
    const first = centers[0] - step / 2;
    const last = Math.max(centers[centers.length - 1] + step / 2, spec.bound === undefined ? -Infinity : spec.bound);
    const tallest = Math.max(...centers.map((_, i) => spec.negative[i] + spec.positive[i]));
    const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, tallest / 4)));
    const tick = magnitude * [1, 2, 5, 10].find((m) => m * magnitude >= tallest / 6);
    const top = Math.ceil(tallest * 1.04 / tick) * tick;
    const counts = (label, role, values) => ({
      label, type: 'bar', data: centers.map((x, i) => ({ x, y: values[i] })), backgroundColor: colour(role),
      grouped: false, stack: 'errors', barPercentage: 1, categoryPercentage: 0.94, pointStyle: 'rect', order: 2,
    });
    const datasets = [counts('Below the clear prediction', 'negative', spec.negative),
                      counts('Above it', 'positive', spec.positive)];
    if (spec.bound !== undefined)
      datasets.push({ label: 'Bound stated by the plan', type: 'line', stack: 'bound', order: 1, pointStyle: 'line',
                      data: [{ x: spec.bound, y: 0 }, { x: spec.bound, y: top }], borderColor: colour('bound'),
                      borderDash: [7, 4], borderWidth: 2.5, pointRadius: 0 });
    return {
      type: 'bar',
      data: { datasets },
      options: base({
        x: axis(spec.x, { type: 'linear', stacked: true, offset: false, min: Math.floor(first * 2) / 2,
                          max: Math.ceil((last + 0.1) * 2) / 2,
                          ticks: { stepSize: 1, callback: (v) => (Number.isInteger(v) ? powerOfTen(v) : '') } }),
        y: axis('Predictions', { stacked: true, min: 0, max: top, ticks: { stepSize: tick, precision: 0 } }),
      }, {
        title: (items) => (items.length ? 'about ' + Number((10 ** items[0].parsed.x).toPrecision(2)) : ''),
      }),
    };
  };

  const kinds = { xy, bars, errors };
  let charts = [];
  const draw = () => {
    charts.forEach((chart) => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    charts = [...document.querySelectorAll('script[data-chart]')].map((element) => {
      const spec = JSON.parse(element.textContent);
      const canvas = document.getElementById(element.dataset.chart);
      if (spec.kind === 'bars') {
        // Space for each category, so that no name is dropped.
        const rows = spec.stacked ? Math.max(6, spec.categories.length) : 1.5 * spec.categories.length;
        canvas.parentElement.style.height = 5 + rows * 2.1 + 'rem';
      }
      return new Chart(canvas, kinds[spec.kind](spec));
    });
  };

  draw();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  const forPrint = (on) => {
    root.classList.toggle('print', on);
    draw();
  };
  window.addEventListener('beforeprint', () => forPrint(true));
  window.addEventListener('afterprint', () => forPrint(false));
})();
