// One live session: numbers with their age, the trend, what is due, checklists, and one line to enter vital signs.
import {act, get} from './api.js';
import {alarmBar} from './alarm.js';
import {chart} from './chart.js';
import {byId, el, fill, keep} from './dom.js';
import {age, clock, now, setServerTime, setZone, until} from './clock.js';
import {numbers} from './numbers.js';
import {onChange, watchSilence} from './live.js';
import {offerThemes} from './theme.js';
import {showWho} from './sign-in.js';
import {ask, help} from './ask.js';

const id = new URLSearchParams(location.search).get('id') || '';
let view = null;

/* ---- acting ---- */

let undo = null;

function say(text, error = false) {
  byId('said').textContent = text;
  byId('said').classList.toggle('error', error);
}

async function run(path, values) {
  try {
    const reply = await act(path, {session: id, patient: view.patient.id, ...values});
    say(reply.text ? reply.text.trim() : 'recorded');
    await load();
    return reply;
  } catch (error) {
    say(`${error.message}${error.hint ? `: ${error.hint}` : ''}`, true);
    return null;
  }
}

// For ten seconds after an entry it can be struck out with one key.
function offerUndo(seq) {
  clearTimeout(undo && undo.timer);
  undo = {seq, timer: setTimeout(() => { undo = null; byId('undo').hidden = true; }, 10000)};
  byId('undo').hidden = false;
}

async function undoLast() {
  if (!undo) return;
  const {seq} = undo;
  undo = null;
  byId('undo').hidden = true;
  await run('strike', {seq: String(seq), reason: 'undone at entry'});
}

async function enterLine(event) {
  event.preventDefault();
  const reply = await run('read', {values: byId('line').value.trim(), at: byId('when').value.trim()});
  if (!reply) return;
  byId('line').value = byId('when').value = '';
  byId('line').blur();
  if (reply.seq) offerUndo(reply.seq);
}

const deeds = {
  start: {key: 's', word: 'start', run: () => ask('Start: what does the pump show?', 'mL/h', view.plan ? view.plan.rate_text : '').then(rate => rate && run('session/start', {rate}))},
  rate: {key: 'r', word: 'rate', run: () => ask('New rate on the pump', 'mL/h, with its unit', view.rate_text || '').then(rate => rate && run('session/rate', {rate}))},
  pause: {key: 'p', word: 'hold', run: () => ask('Hold: why?', 'reason', 'pressure').then(reason => reason !== null && run('session/pause', {reason}))},
  resume: {key: 'u', word: 'resume', run: () => ask('Resume at', 'mL/h, with its unit', view.plan ? view.plan.rate_text : '').then(rate => rate && run('session/resume', {rate}))},
  stop: {key: 'x', word: 'stop', run: () => ask('Stop the infusion: why?', 'reason', 'finished').then(reason => reason !== null && run('session/stop', {reason}))},
  discharge: {key: 'd', word: 'discharge', run: () => run('session/discharge', {})},
  'check-in': {key: 'c', word: 'check in', run: () => run('session/check-in', {})},
  ready: {key: 'g', word: 'pass the gate', run: () => run('session/ready', {})},
  leave: {word: 'left against advice', run: () => ask('Left against advice: why?', 'reason', '').then(reason => reason && run('session/leave', {reason}))},
};

const symptoms = ['dissociation', 'anxiety', 'nausea', 'dizziness', 'headache', 'calm'];
const always = {
  v: () => byId('line').focus(),
  e: () => ask('Event', `one of ${symptoms.join(', ')} or your own; then mild, moderate, severe, gone`, '', symptoms)
    .then(text => { if (!text) return; const words = text.split(' '); const severity = ['mild', 'moderate', 'severe', 'gone'].includes(words.at(-1)) ? words.pop() : ''; run('event', {name: words.join(' '), severity}); }),
  n: () => ask('Note', 'what happened', '').then(text => text && run('note', {text})),
  a: () => { const alarm = view.alarms.find(x => !x.acknowledged); if (alarm) run('acknowledge', {alarm: alarm.id}); },
  z: undoLast,
  b: () => { location.href = './'; },
  '?': help,
};

/* ---- showing ---- */

const itemMarks = {met: '\u2713', 'not met': '\u2717', unknown: '?'};

const checkItem = item => el('li', {class: item.state.replace(' ', '-')}, el('span', {class: 'box'}, itemMarks[item.state]), el('span', {}, item.ask),
  el('span', {class: 'why'}, item.hand && item.state !== 'met' ? '' : item.explanation),
  item.hand && item.state !== 'met' ? el('button', {type: 'button', onclick: () => run('session/tick', {item: item.id})}, 'tick') : null);

function showChecklist() {
  const before = !view.started_ms, leaving = view.recovering_ms;
  byId('lists').hidden = !before && !leaving;
  byId('list-title').textContent = before ? 'Before the start' : view.discharge.ready ? 'Ready to leave' : `Before leaving (earliest ${clock(view.discharge.earliest_ms)})`;
  keep(byId('list'), before ? view.start : leaving ? view.discharge.items : [], checkItem);
}

const noAlarm = {none: true};
const showAlarm = alarm => alarm.none ? el('div', {class: 'alarm none'}, 'no alarm') : alarmBar(alarm, alarm.acknowledged ? null
  : el('button', {type: 'button', onclick: () => run('acknowledge', {alarm: alarm.id})}, 'acknowledge (a)'));

const showAlarms = () => keep(byId('alarms'), view.alarms.length ? view.alarms : [noAlarm], showAlarm);

function showPatient() {
  const p = view.patient;
  fill(byId('patient'), el('b', {}, p.label), ` ${p.id}`, p.weight_text ? `  ${p.weight_text}` : '',
    el('span', {class: 'allergy'}, ` ALLERGY: ${p.allergies || 'not recorded'} `), ` infusion ${view.number}`,
    view.plan ? `  plan ${view.plan.drawn_mg_text} in ${view.plan.minutes_text}` : '  no plan yet', `  chair ${view.chair || '-'}`);
  document.title = `${p.label} - Racemate`;
}

function showDose() {
  const meter = el('meter', {min: 0, max: 100, value: view.given.percent});
  fill(byId('dose'), el('p', {class: 'phase'}, view.phase_text), el('p', {}, 'given ', el('b', {}, view.given.mg_text), ` of ${view.plan ? view.plan.drawn_mg_text : '-'}`), meter,
    el('p', {}, view.rate_text ? `rate ${view.rate_text}` : 'pump not running', view.end_ms ? `, ends ${clock(view.end_ms)} (` : '',
      view.end_ms ? el('span', {'data-until': view.end_ms}, until(view.end_ms)) : null, view.end_ms ? ')' : ''),
    view.device ? el('p', {class: 'device'}, `device ${view.device.id}, heard `, el('span', {'data-age': view.device.heard_ms}, age(view.device.heard_ms)), ' ago') : null,
    view.deviations.map(text => el('p', {class: 'deviation'}, `deviation: ${text}`)));
}

const showDue = () => fill(byId('due'), view.due.map(d => el('li', {class: d.overdue ? 'overdue' : ''}, `${d.measure.replace('_', ' ')} due `, el('span', {'data-until': d.due_ms}, until(d.due_ms)))));

const showEvents = () => keep(byId('events'), view.events.slice(0, 60),
  e => el('li', {class: `${e.corrected ? 'corrected' : ''}${e.late ? ' late' : ''}`}, e.line));

const deedButton = name => el('button', {type: 'button', class: name === 'pause' || name === 'stop' ? 'weighty' : '', onclick: () => deeds[name].run()},
  `${deeds[name].word}${deeds[name].key ? ` (${deeds[name].key})` : ''}`);

function showActions() {
  keep(byId('actions'), [...view.actions.filter(a => deeds[a]), '+event', '+note'], name =>
    name === '+event' ? el('button', {type: 'button', onclick: always.e}, 'event (e)')
      : name === '+note' ? el('button', {type: 'button', onclick: always.n}, 'note (n)') : deedButton(name));
}

function show() {
  setServerTime(view.now_ms);
  setZone(view.zone_min);
  byId('demo').hidden = !view.demo;
  byId('label').hidden = !view.label;
  byId('label').textContent = view.label || '';
  showPatient();
  showAlarms();
  fill(byId('chart'), chart(view, view.started_ms ? curve : null));
  fill(byId('numbers'), numbers(view.readings));
  showDose();
  showDue();
  showEvents();
  showActions();
  showChecklist();
}

// The predicted curve changes with the plan and the pump alone, so it is asked for when they do.
let curve = null, curveOf = '';
async function loadCurve() {
  const key = JSON.stringify([view.plan, view.rates]);
  if (!view.started_ms || key === curveOf) return;
  curveOf = key;
  try {
    curve = await get(`/api/sessions/${encodeURIComponent(id)}/curve`);
  } catch (error) {
    curve = {rows: [], missing: `no predicted concentration: ${error.message}`};
    curveOf = '';
  }
}

async function load() {
  try {
    view = await get(`/api/sessions/${encodeURIComponent(id)}`);
    await loadCurve();
    show();
  } catch (error) {
    if (!view) say(error.message, true);
  }
}

function tick() {
  byId('wall').textContent = clock(now());
  document.querySelectorAll('[data-age]').forEach(n => { n.textContent = age(+n.dataset.age); });
  document.querySelectorAll('[data-until]').forEach(n => { n.textContent = until(+n.dataset.until); });
  watchSilence();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, dialog, button') || !view) return;
  if (/^[0-9]$/.test(event.key)) return byId('line').focus(); // a digit anywhere begins vital signs
  const deed = Object.entries(deeds).find(([name, d]) => d.key === event.key && view.actions.includes(name));
  const run = deed ? deed[1].run : always[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

let due = null;
onChange(message => {
  if (message.kind === 'session' && message.id && message.id !== id) return;
  if (!due) due = setTimeout(() => { due = null; load(); }, 150);
});
byId('entry').addEventListener('submit', enterLine);
byId('undo').onclick = undoLast;
document.addEventListener('keydown', onKey);
offerThemes();
showWho();
load();
setInterval(tick, 1000);
