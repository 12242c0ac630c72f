// One chart: pressures, heart rate and saturation in the marks of the anaesthetic record, limits, and the pump's rate on
// the same time axis.  A silence breaks the line; nothing is drawn where nothing was measured.
import {svg} from './dom.js';
import {clock, now} from './clock.js';
import {curvePanel, height as curveHeight} from './curve.js';

const size = {width: 900, height: 380, left: 44, right: 44, top: 12, plot: 290, rate: 40};
const range = {low: 40, high: 200}; // one axis for mmHg, 1/min and %

const y = value => size.top + size.plot * (1 - (Math.min(Math.max(value, range.low), range.high) - range.low) / (range.high - range.low));

const marks = {
  sbp: (px, py) => `M${px - 5} ${py - 4}h10l-5 8z`,
  dbp: (px, py) => `M${px - 5} ${py + 4}h10l-5 -8z`,
  hr: (px, py) => `M${px - 3.5} ${py}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z`,
  spo2: (px, py) => `M${px - 3.5} ${py}h7M${px - 1.8} ${py - 3}l3.6 6M${px + 1.8} ${py - 3}l-3.6 6`,
};
const dense = 60; // more points than this and only the line is drawn

// Points as [at, value, source, late]; artefacts and invalid values stand apart and join no line, and the baseline before the
// drug joins nothing after it.
function lineOf(points, x, gap, start) {
  let path = '', last = null;
  for (const [at, value, source] of points) {
    if (source === 'A' || source === 'I') continue;
    path += `${last !== null && at - last <= gap && !(last < start && at >= start) ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    last = at;
  }
  return path;
}

function series(name, view, x) {
  const points = view.series[name] || [];
  const gap = view.gap_ms[name] || 120000;
  const shown = points.length > dense ? points.filter(p => p[2] === 'A' || p[2] === 'I' || p[3]) : points;
  return svg('g', {class: `series ${name}`},
    svg('path', {class: 'line', d: lineOf(points, x, gap, view.started_ms || 0)}),
    shown.map(([at, value, source, late]) =>
      svg('path', {class: `point source-${source}${late ? ' late' : ''}`, d: marks[name](x(at), y(value))},
        svg('title', {}, `${clock(at)} ${name} ${value}${late ? ' entered late' : ''}`))));
}

function timeTicks(from, to, x) {
  const step = to - from > 90 * 60000 ? 15 : to - from > 40 * 60000 ? 10 : 5;
  const ticks = [];
  for (let at = Math.ceil(from / (step * 60000)) * step * 60000; at <= to; at += step * 60000)
    ticks.push(svg('line', {class: 'grid', x1: x(at), x2: x(at), y1: size.top, y2: size.top + size.plot + size.rate}),
      svg('text', {class: 'tick', x: x(at), y: size.height - 6, 'text-anchor': 'middle'}, clock(at)));
  return ticks;
}

function valueTicks() {
  const ticks = [];
  for (let value = range.low; value <= range.high; value += 20)
    ticks.push(svg('line', {class: 'grid', x1: size.left, x2: size.width - size.right, y1: y(value), y2: y(value)}),
      svg('text', {class: 'tick', x: size.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, String(value)));
  return ticks;
}

const limitLines = view => view.limits.filter(l => l.reading === 'sbp').flatMap(limit =>
  [['hold', limit.hold], ['stop', limit.stop]].filter(([, value]) => value).map(([word, value]) => svg('g', {class: 'limit'},
    svg('line', {x1: size.left, x2: size.width - size.right, y1: y(value), y2: y(value)}),
    svg('text', {x: size.width - size.right + 3, y: y(value) + 4}, `${word}`))));

function rateBars(view, x, to) {
  const top = Math.max(1, ...view.rates.map(r => r[2]));
  const base = size.top + size.plot + size.rate;
  return view.rates.map(([from, end, rate]) => svg('rect', {class: 'rate', x: x(from), width: Math.max(1, x(end || to) - x(from)),
    y: base - (size.rate - 12) * rate / top, height: (size.rate - 12) * rate / top}, svg('title', {}, `${rate} mL/h`)));
}

const marked = {symptom: 's', intervention: 'i', note: 'n', 'dosing.paused': 'hold', 'dosing.resumed': 'on', 'dosing.stopped': 'stop', 'dosing.started': 'start'};
const eventMarks = (view, x) => view.events.filter(e => marked[e.kind] && !e.corrected).map(e =>
  svg('text', {class: 'event', x: x(e.at_ms), y: size.top + 10, 'text-anchor': 'middle'}, marked[e.kind], svg('title', {}, e.line)));

export function chart(view, curve) {
  const times = Object.values(view.series).flat().map(p => p[0]);
  const to = Math.max(now(), view.end_ms || 0);
  const from = Math.min(view.started_ms ? view.started_ms - 5 * 60000 : to - 15 * 60000, ...times.filter(t => t > to - 3 * 3600000));
  const x = at => size.left + (size.width - size.left - size.right) * (at - from) / Math.max(1, to - from);
  const panel = curve ? curvePanel(curve, {x, from, to, left: size.left, right: size.width - size.right, top: size.height}) : null;
  return svg('svg', {viewBox: `0 0 ${size.width} ${size.height + (panel ? curveHeight : 0)}`, role: 'img', 'aria-label': 'trend of vital signs'},
    valueTicks(), timeTicks(from, to, x), limitLines(view), rateBars(view, x, now()),
    svg('line', {class: 'now', x1: x(now()), x2: x(now()), y1: size.top, y2: size.top + size.plot + size.rate}),
    ['spo2', 'hr', 'dbp', 'sbp'].map(name => series(name, view, x)), eventMarks(view, x),
    svg('text', {class: 'key', x: size.left + 4, y: size.top + size.plot - 6}, '\u25BD systolic  \u25B3 diastolic  \u25CB heart rate  \u2733 saturation   bars: pump rate'), panel);
}
