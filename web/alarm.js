// Alarms are told apart by word, stars and arrow; colour only repeats it.
import {el} from './dom.js';
import {age} from './clock.js';

const stars = {high: '***', medium: '**', low: '*'};

export const alarmBar = (alarm, button = null) =>
  el('div', {class: `alarm ${alarm.priority}${alarm.acknowledged ? ' acknowledged' : ''}`},
    el('span', {class: 'stars'}, `${stars[alarm.priority]} ${alarm.priority}`),
    el('span', {class: 'say'}, alarm.say),
    el('span', {class: 'since', 'data-age': alarm.since_ms}, age(alarm.since_ms)),
    alarm.acknowledged ? el('span', {class: 'ack'}, `seen by ${alarm.acknowledged_by || '?'}`) : null,
    alarm.active ? null : el('span', {class: 'ack'}, 'ended'), button);
