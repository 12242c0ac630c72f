// The predicted concentration under the trend, on the same time axis: typical line, band of 90 % of people, solid up to now.
// The server computed every point; here they are only placed.
import {svg} from './dom.js';
import {clock, now} from './clock.js';

export const height = 110;
const plot = {top: 24, bottom: 16};

const nice = value => { const step = 10 ** Math.floor(Math.log10(value)); return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(m => m * step).find(v => v >= value); };

const path = (points, x, y) => points.map(([at, value], i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('');

// `x` places an instant; the panel stands at `top`, between `left` and `right`, and shows from..to.
export function curvePanel(curve, {x, from, to, left, right, top}) {
  const rows = curve.rows.filter(([at]) => at >= from && at <= to);
  if (!rows.length) return svg('g', {class: 'curve'}, svg('text', {x: left, y: top + 14}, curve.missing || 'no predicted concentration in this span'));
  const most = nice(Math.max(1, ...rows.map(row => row[3]))); // the first minute alone is 0
  const base = top + height - plot.bottom;
  const y = value => base - (height - plot.top - plot.bottom) * value / most;
  const typical = rows.map(([at, value]) => [at, value]);
  const past = typical.filter(([at]) => at <= now()), future = typical.filter(([at]) => at >= now() - 60000);
  const band = path([...rows.map(row => [row[0], row[3]]), ...rows.map(row => [row[0], row[2]]).reverse()], x, y) + 'z';
  return svg('g', {class: 'curve'},
    [0, most / 2, most].map(value => [svg('line', {class: 'grid', x1: left, x2: right, y1: y(value), y2: y(value)}),
      svg('text', {class: 'tick', x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, String(value))]).flat(),
    svg('path', {class: 'band', d: band}), svg('path', {class: 'typical', d: path(past, x, y)}),
    svg('path', {class: 'typical future', d: path(future, x, y)}),
    svg('text', {class: 'key', x: left + 4, y: top + 14},
      `predicted ketamine, ${curve.sampling}, ${curve.unit}: a model, not measured; band of 90 % of people`,
      svg('title', {}, [curve.title, ...curve.sources, ...curve.outside.map(o => `outside what was studied: ${o}`),
        `begins ${clock(curve.rows[0][0])}`].join('\n'))));
}
