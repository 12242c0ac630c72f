// The board: every open session at a glance.
import {get} from './api.js';
import {alarmBar} from './alarm.js';
import {byId, el, fill} from './dom.js';
import {age, clock, now, setServerTime, setZone, until} from './clock.js';
import {numbers} from './numbers.js';
import {onChange, watchSilence} from './live.js';
import {offerThemes} from './theme.js';
import {showWho} from './sign-in.js';

let view = null;

function card(session, index) {
  const open = () => { location.href = `session.html?id=${encodeURIComponent(session.id)}`; };
  return el('article', {class: 'card', tabindex: 0, onclick: open, onkeydown: e => e.key === 'Enter' && open()},
    el('h2', {}, el('kbd', {}, String(index + 1)), ` chair ${session.chair || '-'} `, el('b', {}, session.patient.label),
      el('span', {class: 'count'}, `#${session.number}`)),
    session.alarm ? alarmBar(session.alarm) : el('div', {class: 'alarm none'}, 'no alarm'),
    el('div', {class: 'numbers small'}, numbers(session.readings)),
    el('p', {class: 'phase'}, el('b', {}, session.phase_text), ` given ${session.given_text}`),
    session.next_due ? el('p', {class: `next${session.next_due.overdue ? ' overdue' : ''}`},
      `${session.next_due.measure.replace('_', ' ')} due `, el('span', {'data-until': session.next_due.due_ms}, until(session.next_due.due_ms))) : null,
    session.discharge ? el('p', {class: 'next'}, session.discharge.ready ? 'ready to leave' : 'not ready to leave yet') : null);
}

function show() {
  setServerTime(view.now_ms);
  setZone(view.clinic.zone_min);
  byId('clinic').textContent = view.clinic.name;
  byId('demo').hidden = !view.clinic.demo;
  byId('head').textContent = `record head ${view.head}`;
  fill(byId('board'), view.sessions.length ? view.sessions.map(card)
    : [el('p', {class: 'none'}, 'No open sessions. racemate session open PATIENT --chair 1')]);
}

async function load() {
  view = await get('/api/board').catch(() => view);
  if (view) show();
}

function tick() {
  byId('wall').textContent = clock(now());
  document.querySelectorAll('[data-age]').forEach(n => { n.textContent = age(+n.dataset.age); });
  document.querySelectorAll('[data-until]').forEach(n => { n.textContent = until(+n.dataset.until); });
  watchSilence();
}

let due = null;
onChange(() => {
  if (!due) due = setTimeout(() => { due = null; load(); }, 150);
});
document.addEventListener('keydown', event => {
  const index = +event.key - 1;
  if (view && view.sessions[index] && !event.target.closest('input, dialog'))
    location.href = `session.html?id=${encodeURIComponent(view.sessions[index].id)}`;
});
offerThemes();
showWho();
load();
setInterval(tick, 1000);
