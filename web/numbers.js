// Big numbers, each with its age and, once drug was given, an arrow against the baseline.
import {el} from './dom.js';
import {age, now} from './clock.js';

const arrows = {up: '\u2191', down: '\u2193', same: '='};
const staleAfter = 12 * 60000; // greyed when older than the longest interval the protocol allows a cuff
const staleContinuous = 2 * 60000;

const stale = (name, reading) =>
  now() - reading.at_ms > (['sbp', 'dbp', 'map', 'moaas', 'temp'].includes(name) ? staleAfter : staleContinuous);

function one(name, label, reading, text) {
  return el('div', {class: `number ${name}${stale(name, reading) ? ' old' : ''}`},
    el('span', {class: 'short'}, label), el('span', {class: 'value'}, text),
    el('span', {class: 'meta'}, el('span', {'data-age': reading.at_ms}, age(reading.at_ms)),
      reading.trend ? ` ${arrows[reading.trend]} ${reading.baseline_text}` : '', ` ${reading.source}`));
}

export function numbers(readings) {
  const rows = [];
  if (readings.sbp)
    rows.push(one('sbp', 'SYS/DIA', readings.sbp, `${readings.sbp.text}/${readings.dbp ? readings.dbp.text : '-'}`));
  for (const name of ['hr', 'spo2', 'rr', 'moaas', 'temp'])
    if (readings[name]) rows.push(one(name, readings[name].short, readings[name], readings[name].text));
  return rows.length ? rows : [el('p', {class: 'none'}, 'no readings yet')];
}
